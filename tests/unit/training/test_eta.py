"""Rates and remaining times of runs that are steady, slow, stalled and changing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.training.eta import EtaEstimator


@given(
    started=st.sampled_from([0.0, 1_000.0, 1e6]),
    per_second=st.integers(1, 500),
    every=st.sampled_from([0.1, 1.0, 7.0]),
    looks=st.integers(1, 60),
)
def test_a_steady_run_reads_as_its_rate_and_ends_on_time(started, per_second, every, looks):
    estimator, total, now, steps = EtaEstimator(started), 1_000_000, started, 0
    for look in range(1, looks + 1):
        steps = round(per_second * every * look)
        now = started + steps / per_second
        estimator.update(now, steps, steps / total)
    if steps:
        assert estimator.rate_per_second == pytest.approx(per_second, rel=1e-6)
        assert estimator.mean_rate(now) == pytest.approx(per_second, rel=1e-6)
        assert estimator.eta_seconds(now) == pytest.approx((total - steps) / per_second, rel=1e-6)


def test_before_the_first_step_nothing_is_known():
    estimator = EtaEstimator(5.0)
    estimator.update(6.0, 0, 0.0)
    assert (estimator.rate_per_second, estimator.mean_rate(6.0), estimator.eta_seconds(6.0)) == (
        None,
        None,
        None,
    )
    assert estimator.elapsed_seconds(6.0) == 1.0


def test_without_a_total_there_is_a_rate_but_no_end():
    estimator = EtaEstimator(0.0)
    for second in range(1, 5):
        estimator.update(float(second), 3 * second, None)
    assert estimator.rate_per_second == pytest.approx(3.0)
    assert estimator.eta_seconds(4.0) is None


def test_the_rate_follows_a_change_within_ten_seconds():
    estimator, steps = EtaEstimator(0.0), 0
    for tenth in range(1, 1_001):
        steps += 10 if tenth <= 800 else 1
        estimator.update(tenth / 10, steps, steps / 100_000)
    assert estimator.rate_per_second == pytest.approx(10.0, rel=0.01)
    assert estimator.mean_rate(100.0) == pytest.approx(steps / 100.0)


def test_slow_steps_count_though_they_are_further_apart_than_the_window():
    estimator = EtaEstimator(0.0)
    for step in range(1, 20):
        estimator.update(120.0 * step, step, step / 20)
    assert estimator.rate_per_second == pytest.approx(1 / 120)
    assert estimator.eta_seconds(120.0 * 19) == pytest.approx(120.0)


def test_until_the_next_step_is_overdue_the_time_runs_down():
    estimator = EtaEstimator(0.0)
    for step in range(1, 4):
        estimator.update(10.0 * step, step, step / 10)
    for now in (34.0, 38.0):
        estimator.update(now, 3, 0.3)
    assert estimator.rate(38.0) == pytest.approx(0.1)
    assert estimator.eta_seconds(38.0) == pytest.approx(62.0)


def test_a_run_that_stands_still_does_not_read_as_its_old_pace():
    estimator = EtaEstimator(0.0)
    for tenth in range(1, 101):
        estimator.update(tenth / 10, round(9.7 * tenth), 9.7 * tenth / 1_940)
    assert estimator.rate(10.0) == pytest.approx(97.0)
    readings = [estimator.rate(10.0 + seconds) for seconds in (1, 3, 5, 9, 20, 30)]
    assert readings == sorted(readings, reverse=True)
    assert estimator.rate(15.0) == pytest.approx(97.0 / 2, rel=0.02)
    assert estimator.rate(40.0) == pytest.approx(1 / 30)
    assert estimator.eta_seconds(10.0) == pytest.approx(10.0)
    assert estimator.eta_seconds(40.0) == pytest.approx(970 * 30.0)


def test_after_fast_steps_the_time_left_is_right_within_eight_slow_ones():
    estimator, total = EtaEstimator(0.0), 1_000
    for step in range(1, 501):
        estimator.update(0.002 * step, step, step / total)
    for slow in range(1, 9):
        now, step = 1.0 + 10.0 * slow, 500 + slow
        estimator.update(now, step, step / total)
    assert estimator.eta_seconds(now) == pytest.approx(10.0 * (total - step), rel=0.01)
    assert estimator.rate(now) == pytest.approx(0.1, rel=0.01)


def test_a_count_that_was_set_back_starts_the_rate_anew():
    estimator = EtaEstimator(0.0)
    estimator.update(10.0, 1_000, 0.9)
    estimator.update(11.0, 0, 0.0)
    assert (estimator.rate_per_second, estimator.eta_seconds(11.0)) == (None, None)
    estimator.update(13.0, 4, 0.1)
    assert estimator.rate_per_second == pytest.approx(2.0)
    assert estimator.eta_seconds(13.0) == pytest.approx(18.0)


def test_a_total_learned_late_gives_an_end_once_it_was_seen_to_move():
    estimator = EtaEstimator(0.0)
    estimator.update(1.0, 1, None)
    estimator.update(2.0, 2, 0.2)
    estimator.update(3.0, 3, 0.3)
    assert estimator.rate_per_second == pytest.approx(1.0)
    assert estimator.eta_seconds(3.0) == pytest.approx(7.0)


def test_elapsed_time_is_never_negative():
    assert EtaEstimator(10.0).elapsed_seconds(9.0) == 0.0
