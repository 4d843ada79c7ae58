"""Rates and times to go of runs that are steady, slow, stalled and changing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.training.eta import Pace


@given(
    started=st.sampled_from([0.0, 1_000.0, 1e6]),
    per_second=st.integers(1, 500),
    every=st.sampled_from([0.1, 1.0, 7.0]),
    looks=st.integers(1, 60),
)
def test_a_steady_run_reads_as_its_rate_and_ends_on_time(started, per_second, every, looks):
    pace, total, now, steps = Pace(started), 1_000_000, started, 0
    for look in range(1, looks + 1):
        steps = round(per_second * every * look)
        now = started + steps / per_second
        pace.update(now, steps, steps / total)
    if steps:
        assert pace.rate_per_second == pytest.approx(per_second, rel=1e-6)
        assert pace.mean_rate(now) == pytest.approx(per_second, rel=1e-6)
        assert pace.eta_seconds(now) == pytest.approx((total - steps) / per_second, rel=1e-6)


def test_before_the_first_step_nothing_is_known():
    pace = Pace(5.0)
    pace.update(6.0, 0, 0.0)
    assert (pace.rate_per_second, pace.mean_rate(6.0), pace.eta_seconds(6.0)) == (None, None, None)
    assert pace.elapsed_seconds(6.0) == 1.0


def test_without_a_total_there_is_a_rate_but_no_end():
    pace = Pace(0.0)
    for second in range(1, 5):
        pace.update(float(second), 3 * second, None)
    assert pace.rate_per_second == pytest.approx(3.0)
    assert pace.eta_seconds(4.0) is None


def test_the_rate_follows_a_change_within_ten_seconds():
    pace, steps = Pace(0.0), 0
    for tenth in range(1, 1_001):
        steps += 10 if tenth <= 800 else 1
        pace.update(tenth / 10, steps, steps / 100_000)
    assert pace.rate_per_second == pytest.approx(10.0, rel=0.01)
    assert pace.mean_rate(100.0) == pytest.approx(steps / 100.0)


def test_slow_steps_count_though_they_are_further_apart_than_the_window():
    pace = Pace(0.0)
    for step in range(1, 20):
        pace.update(120.0 * step, step, step / 20)
    assert pace.rate_per_second == pytest.approx(1 / 120)
    assert pace.eta_seconds(120.0 * 19) == pytest.approx(120.0)


def test_looking_again_without_a_step_runs_the_time_down():
    pace = Pace(0.0)
    pace.update(10.0, 10, 0.5)
    assert pace.eta_seconds(10.0) == pytest.approx(10.0)
    for now in (12.0, 14.0):
        pace.update(now, 10, 0.5)
    assert pace.rate_per_second == pytest.approx(1.0)
    assert pace.eta_seconds(14.0) == pytest.approx(6.0)
    assert pace.eta_seconds(1_000.0) == 0.0


def test_a_count_that_was_set_back_starts_the_rate_anew():
    pace = Pace(0.0)
    pace.update(10.0, 1_000, 0.9)
    pace.update(11.0, 0, 0.0)
    assert (pace.rate_per_second, pace.eta_seconds(11.0)) == (None, None)
    pace.update(13.0, 4, 0.1)
    assert pace.rate_per_second == pytest.approx(2.0)
    assert pace.eta_seconds(13.0) == pytest.approx(18.0)


def test_a_total_learned_late_gives_an_end_once_it_was_seen_to_move():
    pace = Pace(0.0)
    pace.update(1.0, 1, None)
    pace.update(2.0, 2, 0.2)
    pace.update(3.0, 3, 0.3)
    assert pace.rate_per_second == pytest.approx(1.0)
    assert pace.eta_seconds(3.0) == pytest.approx(7.0)


def test_elapsed_time_is_never_negative():
    assert Pace(10.0).elapsed_seconds(9.0) == 0.0
