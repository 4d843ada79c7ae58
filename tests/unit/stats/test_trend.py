"""Compare the slope with SciPy's; check when it is steady enough for a prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from ipyvitals.stats.trend import TrendEstimator, theil_sen

TIMES = st.lists(st.integers(0, 1_000), min_size=2, max_size=31, unique=True).map(sorted)


@given(times=TIMES, seed=st.integers(0, 2**32 - 1))
def test_slope_and_interval_are_those_of_scipy(times, seed):
    values = np.random.default_rng(seed).normal(size=len(times)).tolist()
    ours = theil_sen([(float(at), value) for at, value in zip(times, values, strict=True)])
    theirs = theilslopes(values, times, 0.95)
    assert ours.middle == pytest.approx(theirs.slope)
    assert ours.low == pytest.approx(theirs.low_slope)
    assert ours.high == pytest.approx(theirs.high_slope)


def trend_of(values, gap=5.0):
    trend = TrendEstimator()
    for place, value in enumerate(values):
        trend.update(gap * place, float(value))
    return trend


def test_a_steady_rise_reaches_its_limit_when_it_does():
    trend = trend_of([100 + 10 * n for n in range(13)])
    assert trend.seconds_until(1_000.0) == pytest.approx((1_000 - 220) / 2)


def test_noise_around_a_rise_hardly_matters():
    noise = np.random.default_rng(1).normal(0, 5, 13)
    trend = trend_of([100 + 10 * n + noise[n] for n in range(13)])
    assert trend.seconds_until(1_000.0) == pytest.approx(390, rel=0.1)


def test_one_jump_moves_nothing():
    values = [100 + 10 * n for n in range(13)]
    values[6] = 5_000
    assert trend_of(values).seconds_until(1_000.0) == pytest.approx(390, rel=0.05)


@pytest.mark.parametrize(
    "values",
    [
        [100] * 13,
        [300 - 10 * n for n in range(13)],
        [100] * 6 + [900] * 7,
        [100, 500] * 6,
        [100 + 2**n for n in range(13)],
        list(np.random.default_rng(2).normal(500, 50, 13)),
    ],
    ids=["still", "falling", "one step", "to and fro", "ever faster", "noise"],
)
def test_an_unsteady_rise_gives_no_prediction(values):
    assert trend_of(values).seconds_until(1e4) is None


@pytest.mark.parametrize(
    ("count", "gap", "known"), [(7, 10.0, False), (8, 5.0, False), (8, 7.0, True)]
)
def test_few_readings_or_a_short_span_give_no_prediction(count, gap, known):
    trend = trend_of([100 + 10 * n for n in range(count)], gap)
    assert (trend.seconds_until(1_000.0) is not None) == known


def test_only_the_last_minute_counts():
    rising = [100 + 10 * n for n in range(13)]
    assert trend_of([*range(10_000, 9_000, -50), *rising]).slope is not None
    assert trend_of([*rising, *[220] * 13]).slope is None


def test_a_distant_limit_gives_no_prediction():
    trend = trend_of([100 + 10 * n for n in range(13)])
    assert trend.seconds_until(220 + 2 * 1_800) == pytest.approx(1_800)
    assert trend.seconds_until(220 + 2 * 1_801) is None


def test_what_is_reached_already_is_reached_now():
    assert trend_of([100 + 10 * n for n in range(13)]).seconds_until(150.0) == 0.0


def test_quick_readings_are_downsampled_and_the_newest_still_counts():
    trend = TrendEstimator()
    for n in range(600):
        trend.update(n / 10, 2.0 * n / 10)
    assert len(trend._points) == 30
    assert trend.seconds_until(1_000.0) == pytest.approx((1_000 - 2 * 59.9) / 2)


def test_it_may_begin_anew():
    trend = trend_of([100 + 10 * n for n in range(13)])
    trend.clear()
    assert trend.seconds_until(1_000.0) is None
    trend.update(1_000.0, 5.0)
    assert trend.slope is None
