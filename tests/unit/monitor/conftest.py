"""Fixtures: monitors with a fake clock, closed after each test."""

from __future__ import annotations

import pytest

from ipyvitals import FakeClock, Monitor


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def make(clock):
    """Return a function that creates monitors; all are closed after the test."""
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
    """Return a function that returns the events of one type."""
    return lambda monitor, kind: [event for event in monitor.events() if event.type == kind]


@pytest.fixture
def moves(events_of):
    """Return a function that returns old status, new status and reason of each change."""
    return lambda monitor: [
        (event.old_status, event.new_status, event.reason)
        for event in events_of(monitor, "model_status_change")
    ]


@pytest.fixture
def notice():
    """Return a function that returns the count of a notice."""
    return lambda monitor, code: sum(
        one.count for one in monitor.snapshot().notices if one.code == code
    )


@pytest.fixture
def accuracy():
    return lambda monitor: monitor.snapshot().metrics.current_accuracy


@pytest.fixture
def serve():
    """Return a function that records `right` correct rows, then `wrong` incorrect ones."""

    def record(monitor, right, wrong=0):
        monitor.record_batch([1] * (right + wrong), [1] * right + [0] * wrong)

    return record
