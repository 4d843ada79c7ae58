"""The script or the notebook of a process is found; libraries and consoles are neither."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ipyvitals import Monitor
from ipyvitals.utils.program import source_file

LIBRARY = str(Path(os.__file__).parent)


@pytest.fixture
def process(monkeypatch):
    """Return a function that makes this process look like another one."""

    def make(session=None, **main):
        module = ModuleType("__main__")
        vars(module).update(main)
        monkeypatch.setitem(sys.modules, "__main__", module)
        monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
        if session is not None:
            monkeypatch.setenv("JPY_SESSION_NAME", session)

    return make


@pytest.mark.parametrize(
    ("session", "main", "name"),
    [
        ("/home/ann/fraud.ipynb", {}, "fraud"),
        ("work/fraud v2.1.ipynb", {}, "fraud v2.1"),
        ("/home/ann/RTC:fraud.ipynb", {}, "fraud"),
        (None, {"__vsc_ipynb_file__": "/home/ann/fraud.ipynb"}, "fraud"),
        (None, {"__file__": "/home/ann/train.py"}, "train"),
        (None, {"__file__": "train.py"}, "train"),
        ("/home/ann/fraud.ipynb", {"__file__": "/home/ann/train.py"}, "train"),
        # A console, a plain kernel, an interactive interpreter.
        ("/home/ann/console-1-5f0b8c4e", {}, "default"),
        (None, {}, "default"),
        (None, {"__file__": None}, "default"),
        # Programs and libraries: what the user tests or serves with them is no script.
        (None, {"__file__": "/usr/local/bin/pytest"}, "default"),
        (None, {"__file__": "/venv/lib/python3.13/site-packages/pytest/__main__.py"}, "default"),
        (None, {"__file__": "/venv/lib/python3.13/site-packages/joblib/worker.py"}, "default"),
        (None, {"__file__": f"{LIBRARY}/cProfile.py"}, "default"),
        (None, {"__file__": "/home/ann/project/__main__.py"}, "default"),
    ],
)
def test_a_monitor_bears_the_name_of_its_notebook_or_script(process, session, main, name):
    process(session, **main)
    with Monitor(interval=None) as monitor:
        assert monitor.name == name
        assert Monitor("churn", interval=None, name="other").name == "other"


def test_a_file_without_a_name_is_none(process):
    process(".ipynb", __file__=".py")
    assert source_file() is None


def test_tests_have_the_default_name():
    with Monitor(interval=None) as monitor:
        assert monitor.name == "default"
