"""Fixtures of the adapters' tests: a monitor, and a check that no adapter failed."""

from __future__ import annotations

import gc

import pytest

from ipyvitals import Monitor
from ipyvitals.monitor.names import monitor_names


@pytest.fixture
def monitor():
    """Return a monitor without threads whose adapters must not fail, and whose runs must end."""
    monitor = Monitor(name="adapters", interval=None, store=None, terminal=False, git=False)
    yield monitor
    snapshot = monitor.snapshot()
    failures = [one for one in snapshot.notices if one.code == "integrations.failed"]
    still_open = [run.stage for run in snapshot.runs if run.state == "running"]
    monitor.close()
    assert not failures
    assert not still_open


@pytest.fixture
def no_monitor():
    """Close the monitors of other tests: adapters take the newest open one."""
    gc.collect()
    while (monitor := monitor_names.newest()) is not None:
        monitor.close()
