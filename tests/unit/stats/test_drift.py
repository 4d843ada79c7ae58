"""Compare the index with its sum, its threshold with chi-squared and with simulated samples."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from ipyvitals.stats.drift import psi
from ipyvitals.stats.psi_threshold import PsiThresholdEstimator

PAIRS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=22)
SIMULATED = 20_000


def plain_psi(reference, counts):
    """Add half a row to each bin that is not empty, then sum (p - q) ln(p / q)."""
    bins = [(b, a) for b, a in zip(reference, counts, strict=True) if b or a]
    half = Fraction(1, 2)
    before = sum(b + half for b, _ in bins)
    after = sum(a + half for _, a in bins)
    shares = [((b + half) / before, (a + half) / after) for b, a in bins]
    return sum(float(p - q) * log(p / q) for q, p in shares)


@given(pairs=PAIRS)
def test_it_is_the_sum_over_the_bins(pairs):
    reference, counts = zip(*pairs, strict=True)
    value = float(psi(reference, counts))
    assert value == pytest.approx(plain_psi(reference, counts), abs=1e-12)
    assert value == pytest.approx(float(psi(counts, reference)), abs=1e-12)
    assert value >= 0


@given(pairs=PAIRS, empty=st.integers(0, 5))
def test_empty_bins_change_nothing(pairs, empty):
    reference, counts = zip(*pairs, strict=True)
    padding = (0,) * empty
    padded = psi(reference + padding, counts + padding)
    assert float(padded) == pytest.approx(float(psi(reference, counts)), abs=1e-12)


def test_windows_and_features_are_judged_at_once():
    reference = np.array([[50, 50, 0], [10, 20, 70]])
    counts = np.array([[[60, 40, 0], [10, 20, 70]], [[0, 100, 0], [70, 20, 10]]])
    values = psi(reference, counts)
    assert values.shape == (2, 2)
    for window, feature in np.ndindex(2, 2):
        plain = plain_psi(reference[feature].tolist(), counts[window, feature].tolist())
        assert values[window, feature] == pytest.approx(plain)


def test_equal_shares_of_different_sizes_are_close_and_nothing_at_all_is_no_drift():
    assert float(psi([500, 500], [50, 50])) == 0.0
    assert float(psi([0, 0], [0, 0])) == 0.0


def threshold(reference, counts, alpha=0.01):
    reference, counts = np.asarray(reference), np.asarray(counts)
    n, m = reference.sum(axis=-1).max(), counts.sum(axis=-1).max()
    return PsiThresholdEstimator(n, m, reference.shape[-1], alpha).get(reference, counts)


@pytest.mark.parametrize("bins", [2, 3, 10, 20])
@pytest.mark.parametrize("alpha", [0.1, 0.01, 1e-4])
def test_with_many_rows_in_each_bin_the_threshold_is_that_of_chi_squared_at_half_of_alpha(
    bins, alpha
):
    reference, counts = np.full(bins, 30_000), np.full(bins, 10_000)
    scale = 1 / reference.sum() + 1 / counts.sum()
    expected = scale * chi2.isf(alpha / 2, bins - 1)
    assert threshold(reference, counts, alpha) == pytest.approx(expected, rel=0.01)


def test_the_threshold_falls_with_both_sizes_and_rises_with_the_bins():
    def equal(n, m, bins=10, alpha=0.01):
        return threshold(np.full(bins, n // bins), np.full(bins, m // bins), alpha)

    assert equal(1000, 100) > equal(1000, 500) > equal(10_000, 500)
    assert equal(990, 495, bins=11) > equal(1000, 500)
    assert equal(1000, 500, alpha=0.001) > equal(1000, 500)


def test_the_threshold_is_that_of_the_order_of_neither_bins_nor_empty_bins():
    reference, counts = np.array([5, 0, 700, 45]), np.array([9, 0, 400, 91])
    expected = threshold(reference, counts)
    assert threshold(reference[::-1], counts[::-1]) == pytest.approx(expected)
    assert threshold(reference[[0, 2, 3]], counts[[0, 2, 3]]) == pytest.approx(expected)


def test_the_threshold_is_continuous_where_rows_are_too_many_for_a_table():
    below, above = (threshold(np.full(10, rows), np.full(10, 50)) for rows in (6_500, 6_510))
    assert above == pytest.approx(float(below), rel=1e-3)


def test_a_constant_has_a_threshold_above_its_zero():
    assert threshold([1000, 0], [500, 0]) > 0
    assert threshold([0, 30], [0, 30], 0.5) > 0


def false_alarms(n, m, shares, alpha):
    """Return the ratio of pairs of samples of one distribution above the threshold."""
    rng = np.random.default_rng(20260501)
    reference = rng.multinomial(n, shares, SIMULATED)
    counts = rng.multinomial(m, shares, SIMULATED)
    above = psi(reference, counts)
    return np.mean(above > threshold(reference, counts, alpha)), np.mean(above > 0.1)


SHARES = {
    "equal": [0.1] * 10,
    "two": [0.5, 0.5],
    "rare": [0.99, 0.01],
    "three": [0.7, 0.2, 0.1],
    "range": [0.004, *[0.0992] * 10, 0.004],
    "one large": [0.4] + [0.05] * 12,
}
"""Shares of bins as they are chosen."""
MANY = {"many small": [0.6] + [0.02] * 20, "many rare": [0.8] + [0.01] * 20}
"""Shares of bins as they are chosen from many rows only."""


@pytest.mark.parametrize("m", [100, 500])
@pytest.mark.parametrize("alpha", [0.01, 0.05])
@pytest.mark.parametrize(
    ("n", "name"),
    [*product([75], SHARES), *product([750, 9_000], [*SHARES, *MANY])],
)
def test_at_most_alpha_of_clean_windows_are_above_the_threshold(n, m, alpha, name):
    shares = (SHARES | MANY)[name]
    share, _ = false_alarms(n, m, shares, alpha)
    assert share < alpha
    # The classical expected counts of 5 are enough for half of alpha to be used.
    if min(n, m) * min(shares) >= 5:
        assert share > 0.3 * alpha


@pytest.mark.parametrize("alpha", [1e-3, 1e-4])
def test_a_small_alpha_is_exact_too(alpha):
    rng = np.random.default_rng(11)
    reference, counts = (rng.multinomial(rows, [0.1] * 10, 200_000) for rows in (750, 500))
    share = np.mean(psi(reference, counts) > threshold(reference, counts, alpha))
    assert 0.3 * alpha < share < 0.8 * alpha


def test_the_usual_tenth_takes_one_clean_window_in_three_for_drift():
    ours, usual = false_alarms(100_000, 100, np.full(10, 0.1), 0.01)
    assert usual == pytest.approx(0.32, abs=0.03)
    assert ours < 0.01


def test_the_thresholds_of_a_hundred_and_of_five_thousand_rows_are_those_of_the_documents():
    small = threshold(np.full(10, 10_000), np.full(10, 10))
    large = threshold(np.full(10, 500), np.full(10, 500))
    assert (round(float(small), 2), round(float(large), 3)) == (0.24, 0.009)


def test_the_usual_tenth_overlooks_what_large_windows_show():
    shares, shifted = np.full(10, 0.1), np.full(10, 0.1) + np.linspace(-0.02, 0.02, 10)
    counts = np.random.default_rng(1).multinomial(5_000, shifted, 200)
    values = psi(5_000 * shares, counts)
    assert (values > threshold(np.full(10, 500), np.full(10, 500))).mean() > 0.95
    assert (values > 0.1).mean() == 0
