"""What the tests run as the oldest kernel is the oldest that pyproject.toml allows."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests import oldest

ROOT = Path(__file__).parents[2]
VERSIONS = """
import json
from importlib.metadata import distributions
print(json.dumps({one.name: one.version for one in distributions()}))
"""


@pytest.fixture(scope="module")
def versions():
    said = subprocess.run([oldest.PYTHON, "-c", VERSIONS], capture_output=True, check=True)
    return {canonicalize_name(name): one for name, one in json.loads(said.stdout).items()}


def bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in map(Requirement, project["dependencies"]):
        (least,) = (one.version for one in requirement.specifier if one.operator == ">=")
        yield canonicalize_name(requirement.name), Version(least)


@pytest.mark.parametrize("name", ["anywidget", "ipykernel", "ipywidgets", "traitlets"])
def test_what_runs_on_every_python_is_as_old_as_it_may_be(versions, name):
    assert Version(versions[name]) == dict(bounds())[name]


def test_nothing_is_older_than_it_may_be(versions):
    too_old = {name: least for name, least in bounds() if Version(versions[name]) < least}

    assert too_old == {}


def test_it_has_the_kernels_side_alone(versions):
    assert not {"jupyterlab", "jupyter-server", "notebook"} & versions.keys()
