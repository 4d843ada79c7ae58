"""An interrupt, or SystemExit of user code, at any point loses no record and ends no thread."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import linecache
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

import ipyvitals
from ipyvitals.ingest.queue import MAX_QUEUED_RECORDS
from ipyvitals.runtime.sampling import sampling_scheduler
from ipyvitals.runtime.scheduler import scheduler
from ipyvitals.runtime.supervision import ThreadSupervisor
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.threads import Worker
from tests.unit import lock_order

PACKAGE = ipyvitals.__path__[0]
LONG = 20.0
HASH = 123_456_789
"""No number that is an id here."""


def until(condition):
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def plain_locks():
    with lock_order.unchecked_globals():
        yield


def test_interrupts_at_random_moments_lose_no_record(make):
    """Each interrupt comes while 50 records are scored, or while the caller waits for that."""
    spin = random.Random(7)

    def score(prediction, actual):
        sum(range(200))
        return float(prediction == actual)

    with lock_order.unchecked():
        monitor, interrupts = make(score=score), 0
    for number in range(100):
        for _ in range(50):
            monitor.record(1, 1)
        raised = []

        def interrupt(raised=raised):
            signal.raise_signal(signal.SIGINT)
            raised.append(True)

        timer = threading.Timer(spin.uniform(0.0, 0.002), interrupt)
        try:
            timer.start()
            # Not Thread.is_alive: an interrupt amid it may raise RuntimeError (CPython 3.11).
            while not raised:
                monitor.snapshot()
            time.sleep(0.01)
        except KeyboardInterrupt:
            interrupts += 1
        timer.join()
        metrics = monitor.snapshot().metrics
        assert metrics.total_predictions == metrics.total_labelled == 50 * (number + 1)
    assert interrupts == 100


class InterruptAt:
    """Raises KeyboardInterrupt at the n-th line of the package that the main thread runs.

    Lines with ``with`` and ``try:`` are left out: a trace function, unlike a signal, can raise
    between the body and ``__exit__``, and just before a ``try`` guards its body.
    """

    def __init__(self, n):
        self.left = n
        self.raised = False

    def __call__(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and not self.raised and not line.startswith(("with ", "try:")):
            self.left -= 1
            if self.left < 0:
                self.raised = True
                raise KeyboardInterrupt
        return self


@pytest.fixture(scope="module")
def lines_of_the_package():
    for path in Path(PACKAGE).rglob("*.py"):
        linecache.getlines(str(path))


@pytest.mark.usefixtures("lines_of_the_package")
@pytest.mark.parametrize(
    "call",
    [
        lambda monitor: monitor.snapshot(),
        lambda monitor: monitor.deploy("churn"),
        lambda monitor: monitor.record_batch([1], [1]),
    ],
    ids=["snapshot", "deploy", "record_batch"],
)
def test_an_interrupt_at_each_line_of_a_call_loses_no_record_and_keeps_no_lock(make, call):
    monitor, recorded = make("churn"), 0
    call(monitor)
    before = monitor.snapshot().metrics.total_predictions
    for n in itertools.count():
        ids = [monitor.record(1, id=True) for _ in range(3)]
        monitor.label_batch(ids, [1, 1, 0])
        recorded += 3
        interrupt, tracer = InterruptAt(n), sys.gettrace()
        sys.settrace(interrupt)
        try:
            call(monitor)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(tracer)
        assert lock_order.owned() == []
        labels, (model,) = monitor.snapshot().labels, monitor.models()
        assert model.total_predictions == model.total_labelled >= before + recorded
        assert model.total_predictions <= before + recorded + n
        assert (labels.pending, labels.unknown, labels.duplicate) == (0, 0, 0)
        if not interrupt.raised:
            break
    assert n > 50


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, ValueError])
def test_what_score_raises_amid_a_full_queue_loses_no_record(make, notice, kind):
    calls = itertools.count()

    def score(prediction, actual):
        if next(calls) == 100:
            raise kind
        return 1.0

    monitor, count = make(score=score), MAX_QUEUED_RECORDS + 100
    for _ in range(count):
        monitor.record(1, 1)
    metrics = monitor.snapshot().metrics
    assert metrics.total_predictions == count
    assert metrics.total_labelled == count - notice(monitor, "score.failed")


class Raising:
    """A value of a user whose methods raise."""

    def __init__(self, kind, method):
        self.kind = kind
        self.method = method

    def _act(self, method, result):
        if self.method == method:
            raise self.kind
        return result

    def __eq__(self, other):
        return self._act("__eq__", self is other)

    def __hash__(self):
        # The first call is that of `record`, which raises in the user's own thread.
        self.hashed = getattr(self, "hashed", 0) + 1
        return self._act("__hash__", HASH) if self.hashed > 1 else HASH

    def __repr__(self):
        return self._act("__repr__", "a value")

    def __float__(self):
        return self._act("__float__", 1.0)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("method", ["__eq__", "__hash__", "__repr__", "__float__"])
class TestUserObjects:
    def test_predictions_and_labels_that_raise_are_counted(self, make, kind, method):
        for settings in ({}, {"task": "regression", "tolerance": 0.1}, {"drift": True}):
            monitor = make(name=f"{settings}", **settings)
            for _ in range(50):
                monitor.record(Raising(kind, method), 1)
                monitor.record(1, 1)
            assert monitor.snapshot().metrics.total_predictions == 100

    def test_ids_and_segments_that_raise_harm_no_other_record(self, make, kind, method):
        monitor = make()
        for number in range(50):
            monitor.record(1, 1, segment=Raising(kind, method))
            monitor.record(1, id=Raising(kind, method))
            monitor.label(Raising(kind, method), 1)
            monitor.record(1, id=number)
            monitor.label(number, 1)
        metrics = monitor.snapshot().metrics
        assert metrics.total_predictions == 150
        assert metrics.total_labelled >= 100


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_user_code_on_the_scheduler_ends_no_thread(make, notice, kind):
    def fails(prediction, actual):
        raise kind

    monitor = make(
        clock=None, interval=0.1, metrics_interval=0.1, score=fails, segment=fails, drift=True
    )
    worker = scheduler.worker.thread
    for number in range(20):
        monitor.record(number, number, features={"a": Raising(kind, "__float__")})
    until(lambda: not monitor._queue.entries)
    until(lambda: notice(monitor, "score.failed") == 20)
    assert notice(monitor, "segment.failed") == 20
    assert scheduler.worker.thread is worker
    assert worker.is_alive()
    assert monitor.snapshot().metrics.total_predictions == 20


def test_an_error_with_a_text_that_raises_is_counted(make):
    class TextlessError(Exception):
        def __str__(self):
            raise SystemExit

    monitor = make()
    monitor.record_error(TextlessError())
    with contextlib.suppress(TextlessError), monitor.training(total=3):
        raise TextlessError
    snapshot = monitor.snapshot()
    assert snapshot.metrics.total_errors == 1
    assert snapshot.training.state == "failed"


def end(thread):
    """Raise SystemExit in a thread, at its next instruction."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )


def test_threads_in_which_an_exit_is_raised_go_on_and_a_notice_says_so(make, tmp_path):
    monitor, seen = make(clock=None, interval=0.1, metrics_interval=0.1, store=tmp_path / "h"), []
    monitor.on("*", seen.append)
    engine = monitor._engine
    workers = [
        *(scheduler.worker, sampling_scheduler.worker),
        *(engine.callbacks.worker, engine.persistence.worker),
    ]

    def harm():
        # The exit is raised amid a task, whose notice counts it, or between two tasks.
        return sum(worker.endings for worker in workers) + sum(
            one.count for one in engine.notices.get() if one.code != "threads.ended"
        )

    for worker in workers:
        before = harm()
        end(worker.thread)
        if worker is engine.callbacks.worker:
            monitor.deploy("churn")
        until(lambda before=before: harm() > before)
    monitor.record(1, 1)
    seen.clear()
    until(lambda: {event.type for event in seen} >= {"model_metrics_update", "system_metrics"})
    until(monitor.flush)
    endings = sum(worker.endings for worker in workers)
    monitor.snapshot()
    assert engine.notices.count("threads.ended") <= endings
    assert all(worker.alive for worker in workers)


def test_a_thread_that_ended_starts_again_and_is_a_notice_of_each_monitor():
    worker, went_on = Worker("ipyvitals-tested"), threading.Event()
    worker.start(lambda: None)
    worker.join(LONG)
    notices = [Notices(lambda: 0.0) for _ in range(2)]
    supervisors = [ThreadSupervisor(one, lambda: [worker]) for one in notices]
    # As after a crash: the loop did not end, but its thread did.
    worker._loop = went_on.set
    for supervisor in [*supervisors, *supervisors]:
        supervisor.check()
        worker.join(LONG)
        worker.end()
    assert went_on.wait(LONG)
    for one in notices:
        (found,) = one.get()
        assert (found.code, found.count) == ("threads.ended", 1)
        assert "ipyvitals-tested" in found.message


def test_a_score_that_never_returns_delays_others_for_a_limited_time(make, notice, monkeypatch):
    monkeypatch.setattr("ipyvitals.runtime.engine.DRAIN_SECONDS", 0.05)
    go_on = threading.Event()
    monitor = make(score=lambda prediction, actual: float(go_on.wait(LONG)))
    monitor.record(1, 1)
    begun = time.monotonic()
    monitor._engine.drain_queue(0.05)
    assert time.monotonic() - begun < LONG / 2
    assert monitor._engine.current().metrics.total_predictions == 0
    go_on.set()
    assert monitor.snapshot().metrics.total_labelled == 1
    assert notice(monitor, "intake.waiting") == 1


def test_a_tick_waits_for_a_hanging_reading_for_a_limited_time(make, notice, monkeypatch):
    monkeypatch.setattr("ipyvitals.system.system_monitor.READ_SECONDS", 0.05)
    began, go_on = threading.Event(), threading.Event()
    monitor = make()
    sampler = monitor._engine._system._sampler

    class Hanging:
        def sample(self, now):
            began.set()
            assert go_on.wait(LONG)
            return sampler.sample(now)

        def close(self):
            sampler.close()

    monitor._engine._system._sampler = Hanging()
    thread = threading.Thread(target=monitor.tick)
    thread.start()
    assert began.wait(LONG)
    monitor.record(1, 1)
    monitor.tick()
    assert monitor.snapshot().metrics.total_predictions == 1
    assert notice(monitor, "system.reading") == 1
    go_on.set()
    thread.join(LONG)
    monitor.tick()
    assert monitor.snapshot().system.memory_percent is not None
