"""Compare the index with its sum, its threshold with SciPy and with simulated samples."""

from __future__ import annotations

from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from ipyvitals.stats.drift import chi2_quantile, psi, psi_threshold, used_bins

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
    assert used_bins(reference, counts) == sum(b + a > 0 for b, a in pairs)


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
    assert used_bins(reference, counts).tolist() == [[2, 3], [2, 3]]


def test_equal_shares_of_different_sizes_are_close_and_nothing_at_all_is_no_drift():
    assert float(psi([500, 500], [50, 50])) == 0.0
    assert float(psi([0, 0], [0, 0])) == 0.0


@pytest.mark.parametrize("alpha", [0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-6])
def test_the_quantile_is_that_of_scipy(alpha):
    ours = [chi2_quantile(alpha, df) for df in range(1, 51)]
    assert ours == pytest.approx(chi2.isf(alpha, np.arange(1, 51)), rel=1e-8)


def test_the_threshold_falls_with_both_sizes_and_rises_with_the_bins():
    assert psi_threshold(1000, 500, 10) == pytest.approx((1 / 1000 + 1 / 500) * chi2.isf(0.01, 9))
    assert psi_threshold(1000, 100, 10) > psi_threshold(1000, 500, 10)
    assert psi_threshold(1000, 500, 10) > psi_threshold(10_000, 500, 10)
    assert psi_threshold(1000, 500, 11) > psi_threshold(1000, 500, 10)
    assert psi_threshold(1000, 500, 10, alpha=0.001) > psi_threshold(1000, 500, 10)


@pytest.mark.parametrize("bins", [0, 1])
def test_a_constant_has_a_threshold_above_its_zero(bins):
    assert psi_threshold(1000, 500, bins) > 0


def false_alarms(n, m, shares, alpha):
    """Return the ratio of pairs of samples of one distribution above the threshold."""
    rng = np.random.default_rng(20260501)
    reference = rng.multinomial(n, shares, SIMULATED)
    counts = rng.multinomial(m, shares, SIMULATED)
    thresholds = [psi_threshold(n, m, bins, alpha) for bins in range(len(shares) + 1)]
    return np.mean(
        psi(reference, counts) > np.array(thresholds)[used_bins(reference, counts)]
    ), np.mean(psi(reference, counts) > 0.1)


@pytest.mark.parametrize("n", [200, 1_000, 100_000])
@pytest.mark.parametrize("m", [100, 500])
@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_one_clean_window_in_a_hundred_is_above_the_threshold(n, m, alpha):
    share, _ = false_alarms(n, m, np.full(10, 0.1), alpha)
    assert 0.7 * alpha < share < 1.3 * alpha


@pytest.mark.parametrize(
    "shares",
    [[0.5, 0.5], [0.9, 0.1], [0.7, 0.2, 0.1], [0.998 / 8] * 8 + [0.002], [0.4] + [0.05] * 12],
)
def test_uneven_categories_raise_no_more_alarms(shares):
    share, _ = false_alarms(1_000, 500, shares, 0.01)
    assert 0.005 < share < 0.014


def test_the_usual_tenth_takes_one_clean_window_in_three_for_drift():
    ours, usual = false_alarms(100_000, 100, np.full(10, 0.1), 0.01)
    assert usual == pytest.approx(0.32, abs=0.03)
    assert ours == pytest.approx(0.01, abs=0.003)


def test_the_usual_tenth_overlooks_what_large_windows_show():
    shares, shifted = np.full(10, 0.1), np.full(10, 0.1) + np.linspace(-0.02, 0.02, 10)
    counts = np.random.default_rng(1).multinomial(5_000, shifted, 200)
    values = psi(5_000 * shares, counts)
    assert (values > psi_threshold(5_000, 5_000, 10)).mean() > 0.95
    assert (values > 0.1).mean() == 0
