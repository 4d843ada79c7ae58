"""A kernel that nobody watches keeps quiet."""

from __future__ import annotations

from math import inf

import pytest

from ipyvitals import FakeClock
from ipyvitals.jupyter.presence import Presence


class Cells:
    def __init__(self):
        self.busy = False


@pytest.fixture
def cells():
    return Cells()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def presence(cells, clock):
    return Presence(lambda: cells.busy, clock.monotonic)


def test_somebody_may_be_there_before_anything_is_known(presence):
    assert presence.watching()
    assert presence.pause() == 0.0


def test_with_viewers_everything_is_sent(presence):
    presence.tell(2)
    assert presence.pause() == 0.0


def test_without_viewers_an_idle_kernel_sends_nothing_and_is_never_kept_alive(presence):
    presence.tell(0)
    assert presence.pause() == inf


def test_without_viewers_a_busy_kernel_sends_one_message_a_minute(presence, cells):
    presence.tell(0)
    cells.busy = True
    assert presence.pause() == 60.0


def test_a_count_that_is_not_repeated_is_forgotten(presence, clock):
    presence.tell(1)
    clock.advance(700)
    assert not presence.watching()
    presence.tell(0)
    clock.advance(181)
    assert presence.pause() == inf


def test_where_nobody_counts_ten_idle_minutes_end_it(presence, cells, clock):
    cells.busy = True
    assert presence.watching()
    clock.advance(5_000)
    assert presence.watching()
    cells.busy = False
    clock.advance(599)
    assert presence.watching()
    clock.advance(2)
    assert not presence.watching()
    cells.busy = True
    assert presence.watching()


def test_where_there_are_no_cells_somebody_always_watches(clock):
    presence = Presence(lambda: None, clock.monotonic)
    clock.advance(10_000)
    assert presence.pause() == 0.0
