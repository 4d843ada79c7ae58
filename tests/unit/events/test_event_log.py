"""Events are numbered without gaps, stored, and delivered in that order."""

from __future__ import annotations

import threading

import pytest

from ipyvitals.events.event_log import MAX_EVENTS, EventLog
from ipyvitals.schema import ModelDeployed, ModelStatusChange
from ipyvitals.utils.clock import FakeClock

FIELDS = {
    "model_id": "churn",
    "model_name": "churn",
    "model_version": "2.1",
    "deployment_timestamp": 5.0,
}


class Bench:
    """An event log and its delivered events."""

    def __init__(self):
        self.clock = FakeClock(time=100.0)
        self.delivered = []
        self.log = EventLog("fraud", self.clock.time, self.delivered.append)

    def emit(self, times=1):
        for _ in range(times):
            self.log.emit(ModelDeployed, **FIELDS)


@pytest.fixture
def bench():
    return Bench()


def test_an_event_has_its_number_its_time_and_its_monitor(bench):
    assert bench.log.seq == 0
    bench.emit()
    bench.clock.advance(2.5)
    bench.log.emit(
        ModelStatusChange, model_id="churn", old_status="active", new_status="idle", reason=None
    )
    first, second = bench.log.get()
    assert (first.seq, first.at, first.monitor) == (1, 100.0, "fraud")
    assert (second.seq, second.at, second.type) == (2, 102.5, "model_status_change")
    assert bench.log.seq == 2


def test_events_are_delivered_as_they_are_emitted(bench):
    bench.emit(3)
    assert bench.delivered == bench.log.get()


def test_only_those_after_a_number(bench):
    bench.emit(5)
    assert [event.seq for event in bench.log.get(since=3)] == [4, 5]
    assert bench.log.get(since=5) == []
    assert [event.seq for event in bench.log.get(since=0)] == [1, 2, 3, 4, 5]


def test_the_last_thousand_are_stored_and_numbers_continue(bench):
    bench.emit(MAX_EVENTS + 10)
    stored = [event.seq for event in bench.log.get()]
    assert stored == list(range(11, MAX_EVENTS + 11))


def test_a_bad_event_uses_up_no_number(bench):
    with pytest.raises(TypeError, match="model_id"):
        bench.log.emit(ModelDeployed)
    bench.emit()
    assert [event.seq for event in bench.log.get()] == [1]


def test_what_was_returned_does_not_grow(bench):
    bench.emit()
    events = bench.log.get()
    bench.emit()
    assert len(events) == 1


def test_threads_get_numbers_in_the_order_of_delivery(bench):
    threads = [threading.Thread(target=bench.emit, args=(100,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in bench.delivered] == list(range(1, 801))


def test_a_forked_child_goes_on_with_a_lock_of_its_own(bench):
    owner = threading.Thread(target=bench.log._lock.acquire)  # Of the parent, at the fork.
    owner.start()
    owner.join()
    bench.log.after_fork()
    bench.emit()
    assert bench.log.seq == 1
