"""Quantiles against those of the sorted values themselves."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.latency import SlidingHistogram

QUANTILES = [0.5, 0.95, 0.99]
LATENCIES = st.floats(1e-7, 1e6)


def nearest_rank(values, quantile):
    """Return the smallest value that at least this share of the values does not exceed."""
    rank = max(1, ceil(Fraction(str(quantile)) * len(values)))
    return sorted(values)[rank - 1]


def answers(values, quantiles=QUANTILES):
    histogram = SlidingHistogram()
    histogram.update(np.zeros(len(values)), np.array(values, dtype=float))
    return histogram.get(0.0, quantiles)


@given(values=st.lists(LATENCIES, min_size=1, max_size=300))
def test_each_quantile_is_within_one_percent(values):
    expected = [nearest_rank(values, quantile) for quantile in QUANTILES]
    assert answers(values) == pytest.approx(expected, rel=0.01 + 1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [10, 100, 1_000, 20_000])
def test_numpy_agrees_on_skewed_data(seed, size):
    values = np.random.default_rng(seed).lognormal(mean=-5.0, sigma=1.5, size=size)
    expected = np.quantile(values, QUANTILES, method="inverted_cdf")
    assert answers(values) == pytest.approx(expected, rel=0.0101)


@pytest.mark.parametrize("slow_share", [0.004, 0.02, 0.06, 0.6])
def test_two_humps_do_not_blur(slow_share):
    slow = int(10_000 * slow_share)
    values = [0.002] * (10_000 - slow) + [3.0] * slow
    expected = [nearest_rank(values, quantile) for quantile in QUANTILES]
    assert answers(values) == pytest.approx(expected, rel=0.01 + 1e-9)


def test_ranks_that_fall_on_a_value_take_that_value():
    values = [0.001 * rank for rank in range(1, 101)]
    assert answers(values, [0.5, 0.95, 0.99, 1.0]) == pytest.approx(
        [0.050, 0.095, 0.099, 0.100], rel=0.01 + 1e-9
    )


def test_a_single_call_is_every_quantile():
    assert answers([0.25]) == pytest.approx([0.25] * 3, rel=0.01 + 1e-9)


def test_without_calls_nothing_is_known():
    histogram = SlidingHistogram()
    assert histogram.get(0.0, QUANTILES) == [None, None, None]
    histogram.update(np.array([]), np.array([]))
    assert histogram.get(1.0, [0.5]) == [None]


def test_what_is_too_fast_to_measure_reads_as_next_to_nothing():
    assert answers([0.0] * 10) == pytest.approx([0.0] * 3, abs=2e-7)


def test_the_longest_of_calls_stays_inside():
    assert answers([1e9])[0] == pytest.approx(1e6, rel=0.0101)


def test_old_calls_drop_out_after_a_minute():
    histogram = SlidingHistogram()
    histogram.update(np.full(100, 0.5), np.full(100, 9.0))
    histogram.update(np.full(100, 30.5), np.full(100, 0.003))
    assert histogram.get(59.9, [0.99]) == pytest.approx([9.0], rel=0.01)
    assert histogram.get(60.0, [0.99]) == pytest.approx([0.003], rel=0.01)
    assert histogram.get(90.0, QUANTILES) == [None, None, None]


@given(
    calls=st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 1.0, 20.0, 59.5, 60.0, 500.0]), LATENCIES),
        min_size=1,
        max_size=60,
    )
)
def test_it_answers_for_the_last_minute_alone(calls):
    histogram, now, seen = SlidingHistogram(), 0.0, []
    for gap, seconds in calls:
        now += gap
        histogram.update(np.array([now]), np.array([seconds]))
        seen.append((now, seconds))
        inside = [value for at, value in seen if floor(at) > floor(now) - 60]
        expected = [nearest_rank(inside, quantile) for quantile in QUANTILES]
        assert histogram.count(now) == len(inside)
        assert histogram.get(now, QUANTILES) == pytest.approx(expected, rel=0.01 + 1e-9)


def test_calls_from_before_the_window_are_not_counted():
    histogram = SlidingHistogram()
    histogram.update(np.array([500.0]), np.array([0.1]))
    histogram.update(np.array([440.0]), np.array([9.0]))
    assert histogram.get(500.0, [1.0]) == pytest.approx([0.1], rel=0.01)
