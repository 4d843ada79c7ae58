"""Readings have a thread of their own: nothing else waits for one."""

from __future__ import annotations

import threading

import pytest

from ipyvitals import FakeClock, SystemSection
from ipyvitals.runtime.sampling import SamplingTask
from ipyvitals.runtime.scheduler import scheduler

WAIT = 20.0


def test_a_reading_is_due_at_once_after_a_second_and_at_each_interval():
    clock, readings = FakeClock(), []
    task = SamplingTask(clock, 5.0, readings.append)
    waits = []
    for seconds in (0.0, 0.5, 0.5, 3.0, 2.0, 60.0):
        clock.advance(seconds)
        waits.append(task.run_due())
    assert readings == [True, False, False, False]
    assert waits == [1.0, 0.5, 5.0, 2.0, 5.0, 5.0]


class SlowSampler:
    """Reads the machine as long as the test wants."""

    def __init__(self):
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.threads = []

    def sample(self, now):
        self.threads.append(threading.current_thread().name)
        self.began.release()
        self.go_on.acquire(timeout=WAIT)
        return SystemSection(memory_percent=40.0)

    def close(self):
        pass


@pytest.fixture
def sampler(monkeypatch):
    sampler = SlowSampler()
    monkeypatch.setattr("ipyvitals.system.sampler.SystemSampler", lambda *args, **kwargs: sampler)
    yield sampler
    for _ in range(10):
        sampler.go_on.release()


def until(condition):
    pause = threading.Event()
    for _ in range(2_000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("waited in vain")


def test_progress_and_figures_go_on_while_a_reading_takes_long(sampler):
    from ipyvitals import Monitor

    with Monitor("churn", store=False, metrics_interval=0.1) as monitor:
        assert sampler.began.acquire(timeout=WAIT)
        kinds = set()
        monitor.on("*", lambda event: kinds.add(event.type))
        monitor.record(1, 1)
        with monitor.training(total=10) as run:
            run.update(5)
            until(lambda: kinds >= {"model_metrics_update", "training_progress"})
            assert monitor.snapshot().system.memory_percent is None
        sampler.go_on.release()
        until(lambda: monitor.snapshot().system.memory_percent == 40.0)
        assert set(sampler.threads) == {"ipyvitals-sampler"}
        sampler.go_on.release()
        sampler.go_on.release()


def test_a_tick_reads_on_the_callers_thread(sampler):
    from ipyvitals import Monitor

    with Monitor("churn", interval=None) as monitor:
        sampler.go_on.release()
        monitor.tick()
        assert monitor.snapshot().system.memory_percent == 40.0
        assert sampler.threads == [threading.current_thread().name]
        assert scheduler.thread_id is None or monitor.snapshot().system.kernel_lag_seconds is None


def test_a_reading_that_fails_is_counted_and_others_follow(monkeypatch):
    from ipyvitals import Monitor

    class Failing(SlowSampler):
        def sample(self, now):
            self.began.release()
            raise ZeroDivisionError("broken")

    failing = Failing()
    monkeypatch.setattr("ipyvitals.system.sampler.SystemSampler", lambda *args, **kwargs: failing)
    with Monitor("churn", store=False, interval=0.1) as monitor:
        for _ in range(3):
            assert failing.began.acquire(timeout=WAIT)
        notices = {one.code: one.message for one in monitor.snapshot().notices}
        assert notices["ticker.failed"] == "ZeroDivisionError: broken"
