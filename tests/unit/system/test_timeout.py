"""Calls that may hang hold nobody up."""

from __future__ import annotations

import threading

import pytest

from ipyvitals.system.timeout import TimeoutCaller

LONG = 20.0


def test_an_answer_and_an_error_come_through():
    caller = TimeoutCaller("disk", LONG)
    assert caller.ask(lambda: 42) == 42
    with pytest.raises(PermissionError, match="no disk for you"):
        caller.ask(fail)
    assert caller.ask(lambda: 43) == 43


def fail():
    raise PermissionError("no disk for you")


def test_the_call_is_made_on_a_daemon_thread_that_ends():
    thread = TimeoutCaller("disk", LONG).ask(threading.current_thread)
    assert thread is not threading.current_thread()
    assert thread.daemon
    thread.join(LONG)
    assert not thread.is_alive()


def test_one_that_hangs_is_given_up_and_no_second_one_is_made():
    caller, go_on, calls = TimeoutCaller("disk", 0.01), threading.Event(), []

    def hang():
        calls.append(threading.current_thread())
        go_on.wait(LONG)
        return "late"

    with pytest.raises(TimeoutError, match=r"disk did not answer within 0\.01 s"):
        caller.ask(hang)
    for _ in range(3):
        with pytest.raises(TimeoutError, match="disk still does not answer"):
            caller.ask(hang)
    assert len(calls) == 1

    go_on.set()
    calls[0].join(LONG)
    caller.seconds = LONG
    assert caller.ask(lambda: "new") == "new"


def test_one_that_hangs_does_not_hold_up_another():
    slow, quick, go_on = TimeoutCaller("disk", 0.01), TimeoutCaller("gpu", LONG), threading.Event()
    with pytest.raises(TimeoutError):
        slow.ask(lambda: go_on.wait(LONG))
    assert quick.ask(lambda: "there") == "there"
    go_on.set()
