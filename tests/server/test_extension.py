"""Installation, configuration and documentation of the extension."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from ipyvitals.server import schema as messages
from ipyvitals.server.extension import IpyvitalsExtension
from ipyvitals.server.metrics.derived import DERIVED_FAMILIES, SERVER_FAMILIES
from ipyvitals.server.metrics.sources import FIELD_FAMILIES
from tests.server.test_access import KERNEL, routes

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
METRICS = "/metrics"
OPENAPI = yaml.safe_load((ROOT / "src/ipyvitals/server/openapi.yaml").read_text(encoding="utf-8"))
SETTINGS = IpyvitalsExtension.class_own_traits(config=True)


def test_the_configuration_in_the_wheel_enables_the_extension(monkeypatch, tmp_path):
    # Use a copy, because Jupyter writes into its configuration folder.
    folder = tmp_path / "jupyter"
    shutil.copytree(ROOT / "etc" / "jupyter", folder)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_server.extension.serverextension", "list"],
        capture_output=True,
        text=True,
        check=True,
    )

    plain = re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
    ours = plain[plain.index(str(folder)) :]
    assert re.search(
        r"ipyvitals enabled\n\s+- Validating ipyvitals\.\.\.\n\s+ipyvitals \S+ OK", ours
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_have_help_and_are_in_the_docs(name):
    assert len(SETTINGS[name].help) > 20
    assert f"`{name}`" in DOCS


def test_the_docs_name_every_metric_and_no_other():
    families = (*(family for family, _ in FIELD_FAMILIES), *DERIVED_FAMILIES, *SERVER_FAMILIES)
    named = set(re.findall(r"`(ipyvitals_[a-z0-9_]+)`", DOCS))

    assert named == {family.exposed_name for family in families}


@pytest.mark.anyio
async def test_openapi_and_docs_name_every_route_and_no_other(shared_server):
    there = {"/" + path.replace(KERNEL, "{kernel_id}") for path, _ in routes(shared_server.app)}

    # The route of the server itself is described by its own project.
    assert set(OPENAPI["paths"]) == there - {METRICS}
    for path in there:
        assert path in DOCS, path


@pytest.mark.anyio
async def test_openapi_names_the_methods_of_the_routes(shared_server):
    for path, handler in routes(shared_server.app):
        if "/" + path == METRICS:
            continue
        described = set(OPENAPI["paths"]["/" + path.replace(KERNEL, "{kernel_id}")])
        own = {name for name in ("get", "post", "put", "delete") if name in vars(handler)}
        assert described - {"parameters"} == own


def test_openapi_describes_the_structs_as_they_are():
    schemas = OPENAPI["components"]["schemas"]
    for name in messages.__all__:
        struct = getattr(messages, name)
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
            tag = {"type"} if struct.__struct_config__.tag else set()
            fields = set(struct.__struct_encode_fields__) | tag
            if name in schemas:
                assert set(schemas[name]["properties"]) == fields, name
    used = set(re.findall(r"#/components/schemas/(\w+)", yaml.safe_dump(OPENAPI)))
    assert used <= set(schemas)
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "generate_server_schemas.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
