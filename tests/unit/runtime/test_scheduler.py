"""One thread that wakes when something is due, and ends when nobody needs it."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from ipyvitals.runtime.scheduler import Scheduler

WAIT = 20.0


class Member:
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


def test_a_member_runs_at_once_and_then_when_due(scheduler):
    member = Member(delay=0.01)
    scheduler.add(member)

    for _ in range(3):
        assert member.ran.acquire(timeout=WAIT)
    assert member.thread.daemon
    assert member.thread is not threading.current_thread()


def test_waking_does_not_wait_for_what_is_due(scheduler):
    member = Member(delay=3600.0)
    scheduler.add(member)
    assert member.ran.acquire(timeout=WAIT)
    scheduler.wake()

    assert member.ran.acquire(timeout=WAIT)


def test_members_share_one_thread(scheduler):
    first, second = Member(delay=3600.0), Member(delay=3600.0)
    scheduler.add(first)
    scheduler.add(second)
    assert first.ran.acquire(timeout=WAIT)
    assert second.ran.acquire(timeout=WAIT)

    assert first.thread is second.thread


def test_the_thread_ends_with_the_last_member_and_begins_anew(scheduler):
    member = Member(delay=3600.0)
    scheduler.add(member)
    assert member.ran.acquire(timeout=WAIT)
    scheduler.remove(member)
    assert not scheduler.running
    scheduler.add(member)

    assert member.ran.acquire(timeout=WAIT)


def test_a_member_that_nobody_holds_is_forgotten(scheduler):
    member = Member(delay=3600.0)
    scheduler.add(member)
    assert member.ran.acquire(timeout=WAIT)
    thread = member.thread
    del member
    gc.collect()
    thread.join(WAIT)

    assert not thread.is_alive()
    assert not scheduler.running


def test_after_the_stop_nothing_begins(scheduler):
    scheduler.stop()
    member = Member(delay=0.01)
    scheduler.add(member)

    assert not scheduler.running
    assert member.runs == 0


class TestLag:
    def test_it_is_unknown_before_the_thread_woke_by_itself(self, scheduler):
        assert scheduler.lag(0.0) is None
        member = Member(delay=3600.0)
        scheduler.add(member)
        assert member.ran.acquire(timeout=WAIT)
        scheduler.wake()
        assert member.ran.acquire(timeout=WAIT)
        assert scheduler.lag(0.0) is None

    def test_it_is_the_worst_since_a_moment(self, scheduler, monkeypatch):
        monkeypatch.setattr(scheduler, "_lags", [(1.0, 0.5), (2.0, 0.1), (3.0, 0.2)])
        assert [scheduler.lag(since) for since in (0.0, 1.5, 2.5, 3.5)] == [0.5, 0.2, 0.2, None]

    def test_what_keeps_the_interpreter_is_seen(self, scheduler):
        member = Member(delay=0.01)
        scheduler.add(member)
        # As it began, as it was woken, and by itself.
        for _ in range(3):
            assert member.ran.acquire(timeout=WAIT)
        begun = time.monotonic()
        # One long call that lets no other thread run.
        while time.monotonic() - begun < 0.3:
            sum(range(30_000_000))
        for _ in range(100):
            assert member.ran.acquire(timeout=WAIT)
            if (scheduler.lag(begun) or 0.0) > 0.1:
                break
        assert scheduler.lag(begun) > 0.1
