"""Whatever runs here, doctests and notebooks too, leaves the history of the user alone."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

numbers = count()
folder = pytest.StashKey[Path]()


def pytest_configure(config):
    """Let Jupyter's data folder be one of these tests alone."""
    temporary = TemporaryDirectory(prefix="ipyvitals-", ignore_cleanup_errors=True)
    patch = pytest.MonkeyPatch()
    patch.setenv("JUPYTER_DATA_DIR", temporary.name)
    patch.delenv("IPYVITALS_STORE", raising=False)
    patch.delenv("IPYVITALS_REPORTS", raising=False)
    config.stash[folder] = Path(temporary.name)
    config.add_cleanup(temporary.cleanup)
    config.add_cleanup(patch.undo)


@pytest.fixture(autouse=True)
def private_data_folder(pytestconfig, monkeypatch):
    """Let no test see the history of another one: models would go on from it."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(pytestconfig.stash[folder] / str(next(numbers))))


@pytest.fixture(autouse=True)
def no_home():
    """Let no process that a test starts report to a monitor of an earlier test."""
    os.environ.pop("IPYVITALS_REPORTS", None)
    yield
    os.environ.pop("IPYVITALS_REPORTS", None)
