"""Compare the Wilson interval with its definition, published values and SciPy."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from ipyvitals.stats.interval import Z_95, wilson, wilson_high


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_it_gives_the_published_values(right, n, low, high):
    assert wilson(right / n, n) == pytest.approx((low, high), abs=5e-5)


@given(n=st.integers(1, 1_000_000), share=st.floats(0.0, 1.0))
def test_each_bound_is_z_standard_errors_from_the_mean(n, share):
    mean = round(share * n) / n
    for bound in wilson(mean, n):
        # Wilson's definition: the mean lies z standard errors *of the bound* away from it.
        distance = Z_95 * sqrt(bound * (1 - bound) / n)
        assert abs(mean - bound) == pytest.approx(distance, rel=1e-6, abs=1e-7)


@given(n=st.integers(1, 10_000), share=st.floats(0.0, 1.0))
def test_the_interval_contains_the_mean_and_stays_inside_0_and_1(n, share):
    mean = round(share * n) / n
    low, high = wilson(mean, n)
    assert 0.0 <= low <= mean <= high <= 1.0
    assert high - low > 0.0


def test_more_labels_make_it_narrower():
    widths = [high - low for low, high in (wilson(0.9, n) for n in (10, 100, 1_000, 10_000))]
    assert widths == sorted(widths, reverse=True)


def test_another_quantile_gives_another_level():
    low, high = wilson(0.5, 100, z=2.5758293035489004)
    assert (low, high) == pytest.approx((0.3753, 0.6247), abs=1e-4)


SAMPLES = [
    (right, n)
    for n in (1, 2, 10, 29, 30, 100, 1_000)
    for right in sorted({0, 1, n // 3, n // 2, n - 1, n})
]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_scipy_agrees_on_one_and_on_many(level):
    z = float(norm.ppf((1 + level) / 2))
    expected = [
        binomtest(right, n).proportion_ci(confidence_level=level, method="wilson")
        for right, n in SAMPLES
    ]
    for (right, n), interval in zip(SAMPLES, expected, strict=True):
        assert wilson(right / n, n, z) == pytest.approx((interval.low, interval.high), abs=1e-12)
    rights, counts = np.array(SAMPLES).T
    highs = [interval.high for interval in expected]
    assert wilson_high(rights / counts, counts, z) == pytest.approx(highs, abs=1e-12)


def test_the_usual_quantile_is_that_of_95_percent():
    assert float(norm.ppf(0.975)) == Z_95


@given(n=st.integers(1, 100_000), shares=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_many_bounds_at_once_are_those_of_one_after_the_other(n, shares):
    means = np.array([round(share * n) / n for share in shares])
    singles = [wilson(float(mean), n)[1] for mean in means]
    assert wilson_high(means, n) == pytest.approx(singles, rel=1e-12)
    assert wilson_high(means, np.full(means.size, n)) == pytest.approx(singles, rel=1e-12)
