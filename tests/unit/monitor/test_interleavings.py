"""Each public call beside each other one, with threads that change places all the time."""

from __future__ import annotations

import faulthandler
import itertools
import logging
import sys
import threading
import time

import pytest

from ipyvitals import Monitor
from tests.unit import lock_order

EACH = 20
"""Calls of each thread."""
WATCHDOG_SECONDS = 20.0

log = logging.getLogger("ipyvitals")
numbers = itertools.count()


def at_once(tmp_path, *calls):
    """Run calls on threads that start together; fail with all stacks if one hangs."""
    gate, errors = threading.Barrier(len(calls)), []

    def run(call):
        try:
            gate.wait()
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,), daemon=True) for call in calls]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WATCHDOG_SECONDS)
    finally:
        sys.setswitchinterval(before)
    if any(thread.is_alive() for thread in threads):
        with (tmp_path / "stacks").open("w+") as stacks:
            faulthandler.dump_traceback(stacks)
            stacks.seek(0)
            pytest.fail(f"a call hangs\n{stacks.read()}")
    assert errors == []


class FormattingHandler(logging.Handler):
    """Formats a monitor for each log line, as a handler of a user may."""

    def __init__(self, monitor):
        super().__init__()
        self.monitor = monitor
        self.texts = []

    def emit(self, record):
        self.texts.append(f"{record.getMessage()}: {self.monitor}")


def score(prediction, actual):
    lock_order.check_user_code("score()")
    if prediction == "broken":
        raise ValueError("no score")
    return float(prediction == actual)


class Subject:
    """A monitor with a store, and how much every call has recorded so far."""

    def __init__(self, path):
        self.monitor = Monitor(
            "churn", name="subject", store=path, score=score, interval=0.1, metrics_interval=0.1
        )
        self.run = self.monitor.training(total=1_000_000)
        self.predictions = itertools.count()
        self.labels = itertools.count()

    def record(self):
        self.monitor.record(1, 1, latency=0.001)
        next(self.predictions), next(self.labels)

    def record_batch(self):
        self.monitor.record_batch([1, 1, "broken"], [1, 0, 1], segment="batch")
        for _ in range(3):
            next(self.predictions)
        next(self.labels), next(self.labels)

    def label(self):
        self.monitor.label(self.monitor.record(1, id=True), 1)
        next(self.predictions), next(self.labels)

    def deploy(self):
        self.monitor.deploy("churn")

    def snapshot(self):
        log.warning("%s", self.monitor)
        assert self.monitor.snapshot().monitor == "subject"

    def update(self):
        self.run.update(advance=1, loss=0.5)

    def history(self):
        assert not self.monitor.history("metrics").empty

    def tick(self):
        self.monitor.tick()


CALLS = ["record", "record_batch", "label", "deploy", "snapshot", "update", "history", "tick"]


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    subject = Subject(tmp_path_factory.mktemp("store") / "history.sqlite")
    handler = FormattingHandler(subject.monitor)
    log.addHandler(handler)
    yield subject
    log.removeHandler(handler)
    subject.monitor.close()
    assert handler.texts


@pytest.mark.parametrize("second", CALLS)
@pytest.mark.parametrize("first", CALLS)
def test_two_calls_at_once_give_exact_totals(subject, tmp_path, first, second):
    def repeat(name):
        count = 2 if name == "history" else EACH
        return lambda: [getattr(subject, name)() for _ in range(count)]

    at_once(tmp_path, repeat(first), repeat(second))
    (model,) = subject.monitor.models()
    assert model.total_predictions == next(subject.predictions)
    assert model.total_labelled == next(subject.labels)
    assert model.labels_pending == 0
    # What `next` counted to look at the numbers.
    subject.predictions = itertools.count(model.total_predictions)
    subject.labels = itertools.count(model.total_labelled)
    codes = {notice.code for notice in subject.monitor.snapshot().notices}
    assert codes <= {"score.failed"}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_beside_the_end_of_the_monitor(tmp_path, name, recwarn):
    subject = Subject(tmp_path / "history.sqlite")
    subject.record()
    at_once(
        tmp_path,
        lambda: [getattr(subject, name)() for _ in range(3)],
        subject.monitor.close,
    )
    assert subject.monitor.closed
    assert subject.monitor.snapshot().model.status == "stopped"


def test_two_monitors_of_one_name_at_once_leave_one_open_that_goes_on(tmp_path):
    store = tmp_path / "history.sqlite"
    first = Monitor("churn", name="same", store=store, interval=0.1)
    for _ in range(100):
        first.record(1, 1)
    made = [first]
    for _ in range(4):
        at_once(
            tmp_path,
            *[lambda: made.append(Monitor("churn", name="same", store=store, interval=0.1))] * 2,
        )
        (monitor,) = [one for one in made if not one.closed]
        assert monitor.snapshot().metrics.total_predictions == 100
    monitor.close()


def test_two_deployments_of_one_model_restore_it_once(tmp_path):
    store = tmp_path / "history.sqlite"
    with Monitor("churn", name="twice", store=store, interval=None) as earlier:
        for _ in range(100):
            earlier.record(1, 1)
    for _ in range(5):
        with Monitor(name="twice", store=store, interval=None) as monitor:
            at_once(tmp_path, *[lambda: monitor.deploy("churn")] * 2)
            monitor.flush()
            assert monitor.snapshot().metrics.total_predictions == 100


def test_a_handler_that_waits_for_another_thread_blocks_no_lock(tmp_path):
    answers = []

    class Waiting(logging.Handler):
        def emit(self, record):
            thread = threading.Thread(target=lambda: answers.append(str(monitor)), daemon=True)
            thread.start()
            thread.join(WATCHDOG_SECONDS)

    handler = Waiting()
    with Monitor("churn", store=False, interval=0.1, score=score) as monitor:
        log.addHandler(handler)
        try:
            at_once(
                tmp_path,
                lambda: [monitor.record("broken", 1) for _ in range(100)],
                lambda: [monitor.label("unknown", 1) or monitor.snapshot() for _ in range(10)],
                lambda: [str(monitor) for _ in range(10)],
            )
            monitor.flush()
            # One thread at a time logs, which may be another one than this.
            until = time.monotonic() + WATCHDOG_SECONDS
            while len(answers) < 2 and time.monotonic() < until:
                time.sleep(0.01)
        finally:
            log.removeHandler(handler)
    assert len(answers) >= 2
