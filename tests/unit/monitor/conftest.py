"""Monitors whose time stands still until told."""

from __future__ import annotations

import pytest

from ipyvitals import FakeClock, Monitor


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def make(clock):
    """Make monitors that are closed at the end."""
    made = []

    def make_monitor(*args, **kwargs):
        monitor = Monitor(*args, **{"interval": None, "clock": clock, **kwargs})
        made.append(monitor)
        return monitor

    yield make_monitor
    for monitor in made:
        monitor.close()


@pytest.fixture
def monitor(make):
    return make("churn", version="2.1")


@pytest.fixture
def events_of():
    """Return the events of one type."""
    return lambda monitor, kind: [event for event in monitor.events() if event.type == kind]


@pytest.fixture
def moves(events_of):
    """Return old status, new status and reason of each change."""
    return lambda monitor: [
        (event.old_status, event.new_status, event.reason)
        for event in events_of(monitor, "model_status_change")
    ]


@pytest.fixture
def notice():
    """Return how often something was noticed."""
    return lambda monitor, code: sum(
        one.count for one in monitor.snapshot().notices if one.code == code
    )


@pytest.fixture
def accuracy():
    return lambda monitor: monitor.snapshot().metrics.current_accuracy


@pytest.fixture
def serve():
    """Record rows of which so many are right, then so many wrong."""

    def record(monitor, right, wrong=0):
        monitor.record_batch([1] * (right + wrong), [1] * right + [0] * wrong)

    return record
