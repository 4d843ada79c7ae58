"""The check of locks sees what it is there for, and the package names the order that it checks."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from ipyvitals.utils.locks import LEVELS, new_lock, new_rlock
from tests.unit import lock_order

DOCS = Path(__file__).parents[2] / "docs" / "architecture.md"


@pytest.fixture
def seen():
    """Return a function that returns the violations so far, and forgets them."""

    def take():
        found = [text.partition("\n")[0] for text in lock_order.violations]
        lock_order.violations.clear()
        return found

    return take


def test_a_lock_that_is_acquired_against_the_order_is_seen(seen):
    with new_rlock("engine"), new_lock("notices"):
        assert seen() == []
    with new_lock("notices"), new_rlock("engine"):
        assert seen() == ["engine is acquired after notices"]


def test_two_locks_of_one_level_are_seen_and_a_lock_twice_is_not(seen):
    lock = new_rlock("engine")
    with lock, lock:
        assert seen() == []
        with new_rlock("engine"):
            assert seen() == ["engine is acquired after engine"]
        with new_rlock("publisher"):
            assert seen() == ["publisher is acquired after engine"]


def test_each_thread_has_an_order_of_its_own(seen):
    lock = new_rlock("engine")

    def acquire():
        with lock:
            pass

    with new_lock("notices"):
        thread = threading.Thread(target=acquire)
        thread.start()
        thread.join()
    assert seen() == []


def test_a_log_line_and_user_code_under_a_lock_are_seen(seen):
    with new_rlock("drain"):
        lock_order.check_user_code("score()")
        assert seen() == []
    with new_rlock("event log"):
        lock_order.check_user_code("score()")
        logging.getLogger("ipyvitals").warning("hello")
    assert seen() == ["score() under event log", "the log line 'hello' under event log"]


def test_a_file_that_is_opened_under_a_lock_of_figures_is_seen(seen):
    with new_rlock("engine"), DOCS.open():
        pass
    assert seen() == [f"open {str(DOCS)!r} under engine"]
    with new_rlock("sampling"), DOCS.open():
        pass
    assert seen() == []


def test_a_name_without_a_level_is_refused():
    with pytest.raises(KeyError, match="'mine': expected one of monitor name, drain"):
        new_lock("mine")


def test_the_architecture_has_each_lock_with_its_level():
    table = DOCS.read_text("utf-8").partition("| order | lock |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    documented = {name.strip(): int(level) for level, names in rows for name in names.split(",")}
    assert documented == LEVELS
