"""What users install: the wheel, and the sdist that makes the same wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from ipyvitals._version import __version__

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"


def build(target: str, tree: Path, into: Path, **environment: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", into],
        cwd=tree,
        env={**os.environ, **environment},
        check=True,
    )
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return zipfile.ZipFile(build("wheel", ROOT, tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def contents(archive: zipfile.ZipFile) -> dict[str, bytes]:
    return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_every_module(wheel):
    modules = {path.relative_to(SRC).as_posix() for path in SRC.rglob("*.py")}

    assert modules <= set(wheel.namelist())


@pytest.mark.parametrize("name", ["static/widget.js", "static/widget.css"])
def test_the_wheel_holds_the_panel(wheel, name):
    assert len(wheel.read(f"ipyvitals/{name}")) > 1_000


def test_the_wheel_puts_the_extension_where_jupyterlab_looks(wheel):
    (place,) = {
        name.removesuffix("install.json")
        for name in wheel.namelist()
        if name.endswith(".data/data/share/jupyter/labextensions/ipyvitals/install.json")
    }
    extension = json.loads(wheel.read(f"{place}package.json"))
    entry = extension["jupyterlab"]["_build"]["load"]

    assert len(wheel.read(f"{place}{entry}")) > 1_000
    assert json.loads(wheel.read(f"{place}schemas/ipyvitals/plugin.json"))["properties"]
    assert json.loads(wheel.read(f"{place}install.json"))["packageName"] == "ipyvitals"
    # npm writes a version in development with a hyphen.
    assert extension["version"].replace("-dev.", ".dev") == __version__


def test_the_wheel_turns_the_server_extension_on(wheel):
    names = wheel.namelist()
    place = "etc/jupyter/jupyter_server_config.d/ipyvitals.json"
    (config,) = [name for name in names if name.endswith(f".data/data/{place}")]

    enabled = json.loads(wheel.read(config))["ServerApp"]["jpserver_extensions"]
    assert True in enabled.values()
    assert "ipyvitals/server/openapi.yaml" in names
    schemas = [name for name in names if name.startswith("ipyvitals/server/event_schemas/")]
    assert len(schemas) == 7


def test_the_wheel_is_typed_and_licensed(wheel):
    names = wheel.namelist()

    assert "ipyvitals/py.typed" in names
    for licence in ("LICENSE", "THIRD_PARTY_LICENSES.md"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names)


def test_nothing_foreign_is_in_the_wheel(wheel):
    own = re.compile(
        r"ipyvitals/(.+\.(py|yaml)|py\.typed|static/widget\.(js|css)|labextension/.+)"
        r"|ipyvitals-[^/]+\.data/data/(share/jupyter/labextensions/ipyvitals|etc/jupyter)/.+"
        r"|ipyvitals-[^/]+\.dist-info/(METADATA|RECORD|WHEEL|entry_points\.txt|licenses/(LICENSE|THIRD_PARTY_LICENSES\.md))"
    )

    assert [name for name in wheel.namelist() if not own.fullmatch(name)] == []


def test_the_sdist_makes_the_same_wheel_without_node(wheel, sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()

    again = build("wheel", tree, tmp_path / "dist", PATH="")

    with zipfile.ZipFile(again) as rebuilt:
        assert contents(rebuilt) == contents(wheel)


def test_the_sdist_holds_what_the_panel_is_made_of_and_no_more(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"js/package.json", "js/package-lock.json", "hatch_build.py", "LICENSE"} <= names
    assert any(re.fullmatch(r"js/src/.+\.ts", name) for name in names)
    foreign = re.compile(r"(tests|notebooks|benchmarks|js/node_modules|js/gallery|\.venv)/.*")
    assert [name for name in names if foreign.fullmatch(name)] == []


def test_the_metadata_names_the_version_of_the_package(metadata):
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.11"


def test_kernels_that_lose_messages_from_threads_are_excluded(metadata):
    (kernel,) = (r for r in metadata.get_all("Requires-Dist") if r.startswith("ipykernel"))

    assert "!=7.0.*" in kernel
