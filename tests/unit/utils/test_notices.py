"""Notices are counted by code, logged once per code, and bounded."""

from __future__ import annotations

import logging
import threading

import pytest

from ipyvitals.schema import Notice
from ipyvitals.utils.clock import FakeClock
from ipyvitals.utils.notices import MAX_CODES, MAX_MESSAGE_CHARS, Notices


@pytest.fixture(autouse=True)
def no_line_of_another_test():
    Notices(lambda: 0.0).log_new()


def test_a_code_is_counted_with_its_newest_message_and_time():
    clock = FakeClock(time=100.0)
    notices = Notices(clock.time)
    notices.add("labels.unknown", "no prediction has the id 7")
    clock.advance(5.0)
    notices.add("labels.unknown", "no prediction has the id 8", count=3)
    assert notices.get() == [
        Notice(code="labels.unknown", message="no prediction has the id 8", count=4, at=105.0)
    ]


def test_codes_keep_the_order_in_which_they_first_came():
    notices = Notices(lambda: 0.0)
    for code in ("b", "a", "b", "c", "a"):
        notices.add(code, "again")
    assert [(notice.code, notice.count) for notice in notices.get()] == [
        ("b", 2),
        ("a", 2),
        ("c", 1),
    ]


def test_a_code_that_never_came_counts_zero():
    assert Notices(lambda: 0.0).count("labels.unknown") == 0


def test_only_the_first_of_each_code_is_logged(caplog):
    notices = Notices(lambda: 0.0)
    with caplog.at_level(logging.DEBUG, logger="ipyvitals"):
        for _ in range(5):
            notices.add("score.failed", "score() raised ZeroDivisionError")
        notices.add("score.range", "score() returned 2")
        notices.log_new()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "score.failed: score() raised ZeroDivisionError"),
        ("WARNING", "score.range: score() returned 2"),
    ]


def test_a_message_with_percent_signs_is_logged_as_it_is(caplog):
    notices = Notices(lambda: 0.0)
    notices.add("score.failed", "100 %s wrong %d")
    notices.log_new()
    assert caplog.messages == ["score.failed: 100 %s wrong %d"]


def test_counting_calls_no_handler_and_each_line_is_logged_once(caplog):
    notices = Notices(lambda: 0.0)
    notices.add("a", "first")
    assert caplog.messages == []
    notices.log_new()
    notices.log_new()
    assert caplog.messages == ["a: first"]


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_handler_that_raises_harms_nobody(error):
    class Raising(logging.Handler):
        def emit(self, record):
            raise error

    notices, logger, handler = Notices(lambda: 0.0), logging.getLogger("ipyvitals"), Raising()
    notices.add("a", "first")
    logger.addHandler(handler)
    try:
        notices.log_new()
    finally:
        logger.removeHandler(handler)
    assert notices.count("a") == 1


def test_a_handler_may_wait_for_a_thread_that_counts_and_logs():
    first, second = Notices(lambda: 0.0), Notices(lambda: 0.0)
    logger, seen = logging.getLogger("ipyvitals"), []

    class Waiting(logging.Handler):
        def emit(self, record):
            seen.append(record.getMessage())
            if len(seen) == 1:
                thread = threading.Thread(target=count)
                thread.start()
                thread.join(20.0)
                seen.append(thread.is_alive())

    def count():
        second.add("b", "second")
        second.log_new()

    first.add("a", "first")
    handler = Waiting()
    logger.addHandler(handler)
    try:
        first.log_new()
    finally:
        logger.removeHandler(handler)
    assert seen == ["a: first", False, "b: second"]


def test_long_messages_are_cut():
    notices = Notices(lambda: 0.0)
    notices.add("score.failed", "x" * 10_000)
    assert notices.get()[0].message == "x" * MAX_MESSAGE_CHARS


def test_there_is_an_end_to_new_codes_but_not_to_counting(caplog):
    notices = Notices(lambda: 0.0)
    for number in range(MAX_CODES + 10):
        notices.add(f"code.{number}", "new")
    notices.add("code.0", "old")
    notices.log_new()
    assert len(notices.get()) == len(caplog.records) == MAX_CODES
    assert notices.count("code.0") == 2


def test_threads_lose_no_count():
    notices = Notices(lambda: 0.0)

    def add():
        for _ in range(500):
            notices.add("labels.unknown", "unknown")

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notices.count("labels.unknown") == 4_000


def test_what_was_returned_does_not_change_later():
    notices = Notices(lambda: 0.0)
    notices.add("a", "first")
    before = notices.get()
    notices.add("a", "second")
    assert [(notice.message, notice.count) for notice in before] == [("first", 1)]


def test_a_forked_child_counts_on_with_a_new_lock():
    notices = Notices(lambda: 0.0)
    notices.add("a", "parent")
    owner = threading.Thread(target=notices._lock.acquire)  # Of the parent, at the fork.
    owner.start()
    owner.join()
    notices.reset_lock()
    notices.add("a", "child")
    assert notices.count("a") == 2
