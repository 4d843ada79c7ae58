"""A kernel that nobody watches sends few messages or none."""

from __future__ import annotations

from math import inf

import pytest

from ipyvitals import FakeClock
from ipyvitals.jupyter.presence import ViewerPresence


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
    return ViewerPresence(lambda: cells.busy, clock.monotonic)


def test_before_the_first_count_the_kernel_counts_as_watched(presence):
    assert presence.is_watched()
    assert presence.pause() == 0.0


def test_with_viewers_everything_is_sent(presence):
    presence.set_viewers(2)
    assert presence.pause() == 0.0


def test_without_viewers_an_idle_kernel_sends_nothing_and_can_be_culled(presence):
    presence.set_viewers(0)
    assert presence.pause() == inf


def test_without_viewers_a_busy_kernel_sends_one_message_a_minute(presence, cells):
    presence.set_viewers(0)
    cells.busy = True
    assert presence.pause() == 60.0


def test_a_count_that_is_not_repeated_expires(presence, clock):
    presence.set_viewers(1)
    clock.advance(700)
    assert not presence.is_watched()
    presence.set_viewers(0)
    clock.advance(181)
    assert presence.pause() == inf


def test_without_a_server_the_kernel_counts_as_watched_for_ten_idle_minutes(presence, cells, clock):
    cells.busy = True
    assert presence.is_watched()
    clock.advance(5_000)
    assert presence.is_watched()
    cells.busy = False
    clock.advance(599)
    assert presence.is_watched()
    clock.advance(2)
    assert not presence.is_watched()
    cells.busy = True
    assert presence.is_watched()


def test_without_cells_the_process_always_counts_as_watched(clock):
    presence = ViewerPresence(lambda: None, clock.monotonic)
    clock.advance(10_000)
    assert presence.pause() == 0.0
