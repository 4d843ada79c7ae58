"""Both clocks return both times; the fake one moves only by its methods."""

from __future__ import annotations

import time

from ipyvitals.utils.clock import FakeClock, SystemClock


def test_the_system_clock_returns_the_system_times():
    clock = SystemClock()
    before = time.monotonic(), time.time()
    now = clock.monotonic(), clock.time()
    assert before <= now
    assert now[0] <= time.monotonic()


def test_a_fake_clock_stands_still():
    clock = FakeClock(monotonic=5.0, time=100.0)
    assert [clock.monotonic() for _ in range(3)] == [5.0] * 3
    assert [clock.time() for _ in range(3)] == [100.0] * 3


def test_time_passes_on_both():
    clock = FakeClock(monotonic=5.0, time=100.0)
    clock.advance(2.5)
    clock.advance(0.5)
    assert (clock.monotonic(), clock.time()) == (8.0, 103.0)


def test_setting_the_wall_clock_leaves_durations_alone():
    clock = FakeClock(monotonic=5.0, time=100.0)
    clock.set_wall(7.0)
    clock.advance(1.0)
    assert (clock.monotonic(), clock.time()) == (6.0, 8.0)
