"""One thread that wakes when a task is due, and ends after the last task."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from ipyvitals.runtime.scheduler import Scheduler

WAIT = 20.0


class Task:
    """Counts its runs, and asks for the next one after `delay` seconds."""

    def __init__(self, delay):
        self.delay = delay
        self.runs = 0
        self.ran = threading.Semaphore(0)
        self.thread = None

    def run_due(self):
        self.runs += 1
        self.thread = threading.current_thread()
        self.ran.release()
        return self.delay


@pytest.fixture
def scheduler():
    scheduler = Scheduler()
    yield scheduler
    scheduler.stop()


def test_no_thread_before_there_is_something_to_do(scheduler):
    assert not scheduler.running


def test_a_task_runs_at_once_and_then_when_due(scheduler):
    task = Task(delay=0.01)
    scheduler.add(task)

    for _ in range(3):
        assert task.ran.acquire(timeout=WAIT)
    assert task.thread.daemon
    assert task.thread is not threading.current_thread()


def test_waking_does_not_wait_for_what_is_due(scheduler):
    task = Task(delay=3600.0)
    scheduler.add(task)
    assert task.ran.acquire(timeout=WAIT)
    scheduler.wake()

    assert task.ran.acquire(timeout=WAIT)


def test_tasks_share_one_thread(scheduler):
    first, second = Task(delay=3600.0), Task(delay=3600.0)
    scheduler.add(first)
    scheduler.add(second)
    assert first.ran.acquire(timeout=WAIT)
    assert second.ran.acquire(timeout=WAIT)

    assert first.thread is second.thread


def test_the_thread_ends_with_the_last_task_and_begins_anew(scheduler):
    task = Task(delay=3600.0)
    scheduler.add(task)
    assert task.ran.acquire(timeout=WAIT)
    scheduler.remove(task)
    assert not scheduler.running
    scheduler.add(task)

    assert task.ran.acquire(timeout=WAIT)


def test_an_unreferenced_task_is_dropped(scheduler):
    task = Task(delay=3600.0)
    scheduler.add(task)
    assert task.ran.acquire(timeout=WAIT)
    thread = task.thread
    del task
    gc.collect()
    thread.join(WAIT)

    assert not thread.is_alive()
    assert not scheduler.running


def test_after_the_stop_nothing_begins(scheduler):
    scheduler.stop()
    task = Task(delay=0.01)
    scheduler.add(task)

    assert not scheduler.running
    assert task.runs == 0


class TestLag:
    def test_lag_is_unknown_before_the_thread_woke_by_timeout(self, scheduler):
        assert scheduler.lag(0.0) is None
        task = Task(delay=3600.0)
        scheduler.add(task)
        assert task.ran.acquire(timeout=WAIT)
        scheduler.wake()
        assert task.ran.acquire(timeout=WAIT)
        assert scheduler.lag(0.0) is None

    def test_lag_is_the_longest_since_a_time(self, scheduler, monkeypatch):
        monkeypatch.setattr(scheduler, "_lags", [(1.0, 0.5), (2.0, 0.1), (3.0, 0.2)])
        assert [scheduler.lag(since) for since in (0.0, 1.5, 2.5, 3.5)] == [0.5, 0.2, 0.2, None]

    def test_a_call_that_holds_the_gil_is_measured(self, scheduler):
        task = Task(delay=0.01)
        scheduler.add(task)
        # At the start, by wake(), and by timeout.
        for _ in range(3):
            assert task.ran.acquire(timeout=WAIT)
        begun = time.monotonic()
        # Each call holds the GIL, so that no other thread runs.
        while time.monotonic() - begun < 0.3:
            sum(range(30_000_000))
        for _ in range(100):
            assert task.ran.acquire(timeout=WAIT)
            if (scheduler.lag(begun) or 0.0) > 0.1:
                break
        assert scheduler.lag(begun) > 0.1
