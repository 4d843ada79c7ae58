"""Users' callbacks: called in order, on a separate thread, and without harm to others."""

from __future__ import annotations

import gc
import logging
import threading
import weakref

import pytest

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.events.callbacks import MAX_QUEUED_EVENTS, CallbackDispatcher
from ipyvitals.schema import ModelDeployed, SystemMetrics
from ipyvitals.utils.notices import Notices

LONG = 30.0
"""Seconds after which a test has failed; none of them waits this long."""


def deployed(seq=1):
    return ModelDeployed(
        monitor="default",
        seq=seq,
        at=0.0,
        model_id="churn",
        model_name="churn",
        model_version=None,
        deployment_timestamp=0.0,
    )


def sampled(seq=1):
    return SystemMetrics(
        monitor="default",
        seq=seq,
        at=0.0,
        cpu_percent=None,
        memory_percent=None,
        disk_percent=None,
        active_connections=None,
        system_health="unknown",
    )


@pytest.fixture
def notices():
    return Notices(lambda: 0.0)


@pytest.fixture
def callbacks(notices):
    callbacks = CallbackDispatcher(notices)
    yield callbacks
    callbacks.close()


class Gate:
    """Callback that stores its events and blocks until it is opened."""

    def __init__(self):
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.seen = []

    def __call__(self, event):
        self.seen.append(event.seq)
        self.reached.set()
        assert self.opened.wait(LONG)


class TestDelivery:
    def test_events_reach_their_subscribers_in_order(self, callbacks):
        all_of_them, deployments = [], []
        callbacks.on("*", all_of_them.append)
        callbacks.on("model_deployed", deployments.append)
        events = [(deployed if seq % 3 else sampled)(seq) for seq in range(1, 200)]
        for event in events:
            callbacks.put(event)
        assert callbacks.wait_until_delivered(LONG)
        assert all_of_them == events
        assert deployments == [event for event in events if event.type == "model_deployed"]

    def test_subscribers_are_called_in_order_of_subscription(self, callbacks):
        called = []
        for name in "abc":
            callbacks.on("*", lambda event, name=name: called.append(name))
        callbacks.put(deployed())
        assert callbacks.wait_until_delivered(LONG)
        assert called == ["a", "b", "c"]

    def test_callbacks_run_on_a_separate_thread(self, callbacks):
        threads = []
        callbacks.on("*", lambda event: threads.append(threading.current_thread()))
        callbacks.put(deployed(1))
        callbacks.put(deployed(2))
        assert callbacks.wait_until_delivered(LONG)
        (thread,) = set(threads)
        assert thread is not threading.current_thread()
        assert (thread.name, thread.daemon) == ("ipyvitals-callbacks", True)

    def test_without_subscribers_there_is_no_thread(self, callbacks):
        before = threading.active_count()
        callbacks.put(deployed())
        assert threading.active_count() == before
        assert callbacks.wait_until_delivered(0.0)

    def test_one_function_may_subscribe_twice_and_leave_once(self, callbacks):
        seen = []
        unsubscribe = callbacks.on("model_deployed", seen.append)
        callbacks.on("model_deployed", seen.append)
        unsubscribe()
        unsubscribe()
        callbacks.put(deployed())
        assert callbacks.wait_until_delivered(LONG)
        assert len(seen) == 1

    def test_after_leaving_nothing_comes(self, callbacks):
        seen = []
        callbacks.on("*", seen.append)()
        callbacks.put(deployed())
        assert callbacks.wait_until_delivered(LONG)
        assert seen == []

    def test_an_unknown_event_is_an_error_that_names_those_there_are(self, callbacks):
        with pytest.raises(ArgumentValueError, match=r"'deployed'.*expected '\*' or .*_deployed"):
            callbacks.on("deployed", print)

    def test_what_cannot_be_called_is_an_error(self, callbacks):
        with pytest.raises(ArgumentTypeError, match="expected a function that takes an event, got"):
            callbacks.on("*", "print")


class TestSlowness:
    def test_a_slow_callback_does_not_block_publishers(self, callbacks):
        gate = Gate()
        callbacks.on("*", gate)
        for seq in range(1, 4):
            callbacks.put(deployed(seq))
        assert gate.reached.wait(LONG)
        assert not callbacks.wait_until_delivered(0.01)
        gate.opened.set()
        assert callbacks.wait_until_delivered(LONG)
        assert gate.seen == [1, 2, 3]

    def test_of_too_many_events_the_oldest_are_dropped_and_counted(self, callbacks, notices):
        gate = Gate()
        callbacks.on("*", gate)
        callbacks.put(deployed(0))
        assert gate.reached.wait(LONG)
        for seq in range(1, MAX_QUEUED_EVENTS + 6):
            callbacks.put(deployed(seq))
        gate.opened.set()
        assert callbacks.wait_until_delivered(LONG)
        assert gate.seen == [0, *range(6, MAX_QUEUED_EVENTS + 6)]
        (notice,) = notices.get()
        assert (notice.code, notice.count) == ("callbacks.dropped", 5)

    def test_waiting_inside_a_callback_does_not_deadlock(self, callbacks):
        returned = []
        callbacks.on("*", lambda event: returned.append(callbacks.wait_until_delivered(LONG)))
        callbacks.put(deployed())
        assert callbacks.wait_until_delivered(LONG)
        assert returned == [True]

    def test_a_callback_may_subscribe_and_publish(self, callbacks):
        seen = []

        def once(event):
            if event.seq == 1:
                callbacks.on("system_metrics", seen.append)
                callbacks.put(sampled(2))

        callbacks.on("model_deployed", once)
        callbacks.put(deployed(1))
        assert callbacks.wait_until_delivered(LONG)
        assert [event.seq for event in seen] == [2]


class TestFailures:
    def test_an_exception_is_counted_and_the_others_are_called(self, callbacks, notices, caplog):
        seen = []

        def broken(event):
            raise ValueError("no Slack today")

        callbacks.on("*", broken)
        callbacks.on("*", seen.append)
        with caplog.at_level(logging.DEBUG, logger="ipyvitals"):
            for seq in range(1, 4):
                callbacks.put(deployed(seq))
            assert callbacks.wait_until_delivered(LONG)
        assert len(seen) == 3
        (notice,) = notices.get()
        assert (notice.code, notice.count) == ("callbacks.failed", 3)
        assert "broken raised ValueError on model_deployed: no Slack today" in notice.message
        warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert len(warnings) == 1
        assert any(record.exc_info for record in caplog.records)

    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
    def test_an_exit_in_a_callback_does_not_end_the_thread(self, callbacks, notices, error):
        seen = []

        def exits(event):
            raise error

        callbacks.on("*", exits)
        callbacks.on("*", seen.append)
        callbacks.put(deployed(1))
        callbacks.put(deployed(2))
        assert callbacks.wait_until_delivered(LONG)
        assert len(seen) == 2
        assert notices.count("callbacks.failed") == 2


class TestEnd:
    def test_what_is_queued_is_called_before_the_end(self, callbacks):
        gate = Gate()
        callbacks.on("*", gate)
        for seq in range(1, 51):
            callbacks.put(deployed(seq))
        assert gate.reached.wait(LONG)
        gate.opened.set()
        callbacks.close(timeout=LONG)
        assert gate.seen == list(range(1, 51))
        assert not callbacks._thread.is_alive()

    def test_after_the_end_nothing_is_called_and_nothing_fails(self, callbacks):
        seen = []
        callbacks.on("*", seen.append)
        callbacks.close(timeout=LONG)
        callbacks.put(deployed())
        callbacks.on("*", seen.append)
        callbacks.put(deployed())
        callbacks.close()
        assert callbacks.wait_until_delivered(LONG)
        assert seen == []

    def test_closing_waits_no_longer_than_its_timeout(self, callbacks):
        gate = Gate()
        callbacks.on("*", gate)
        callbacks.put(deployed())
        assert gate.reached.wait(LONG)
        callbacks.close(timeout=0.01)
        assert callbacks._thread.is_alive()
        gate.opened.set()
        callbacks._thread.join(LONG)
        assert not callbacks._thread.is_alive()

    def test_a_callback_may_close(self, callbacks):
        callbacks.on("*", lambda event: callbacks.close(timeout=LONG))
        callbacks.put(deployed())
        callbacks._thread.join(LONG)
        assert not callbacks._thread.is_alive()

    def test_deleting_the_dispatcher_ends_the_thread_even_if_a_callback_refers_to_it(self, notices):
        callbacks = CallbackDispatcher(notices)
        called = threading.Event()

        def refers(event, callbacks=callbacks):
            called.set()

        callbacks.on("*", refers)
        callbacks.put(deployed())
        assert callbacks.wait_until_delivered(LONG)
        assert called.is_set()
        thread, gone = callbacks._thread, weakref.ref(callbacks)
        del callbacks, refers
        gc.collect()
        assert gone() is None
        thread.join(LONG)
        assert not thread.is_alive()


def test_a_forked_child_goes_on_without_thread_and_subscribers(callbacks):
    seen = []
    callbacks.on("*", seen.append)
    thread, queue = callbacks._thread, callbacks._queue
    callbacks.after_fork()
    callbacks.put(deployed())
    callbacks.on("*", seen.append)
    callbacks.put(deployed())
    assert callbacks.wait_until_delivered(LONG)
    callbacks.close(timeout=LONG)
    assert seen == []
    queue.close()  # A real child would not have this thread.
    thread.join(LONG)
    assert not thread.is_alive()
