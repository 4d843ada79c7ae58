"""Compare the window with its last rows, and the checks with a direct computation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.drift import psi
from ipyvitals.stats.psi_detector import BinWindow, Debouncer, PsiDetector
from ipyvitals.stats.psi_threshold import PsiThresholdEstimator
from ipyvitals.stats.streak import HysteresisSwitch

BINS = 4
SEEDS = st.integers(0, 1_000)
CUTS = st.lists(st.integers(0, 120), max_size=6)


def rows_of(seed, features, rows):
    rng = np.random.default_rng(seed)
    return rng.integers(0, BINS, (features, rows)).astype(np.uint8)


def plain_counts(indices, size):
    last = indices[:, -size:] if indices.shape[1] else indices
    return np.array([np.bincount(row, minlength=BINS) for row in last])


def pieces(rows, cuts):
    edges = sorted({0, rows, *(min(cut, rows) for cut in cuts)})
    return list(pairwise(edges)) or [(0, 0)]


@given(
    seed=SEEDS,
    size=st.integers(1, 40),
    features=st.integers(1, 3),
    rows=st.integers(0, 120),
    cuts=CUTS,
    stops=st.sets(st.integers(1, 120)),
)
def test_the_window_counts_its_last_rows(seed, size, features, rows, cuts, stops):
    indices, window = rows_of(seed, features, rows), BinWindow(size, features, BINS)
    for start, stop in pieces(rows, cuts):
        here = sorted(end - start for end in stops if start < end <= stop)
        counts = window.update(indices[:, start:stop], here)
        assert counts.shape == (len(here), features, BINS)
        for end, count in zip(here, counts, strict=True):
            assert (count == plain_counts(indices[:, : start + end], size)).all()
        assert window.rows == min(stop, size)
        assert (window.counts == plain_counts(indices[:, :stop], size)).all()


def test_the_window_copies_its_input():
    window, indices = BinWindow(2, 1, BINS), np.array([[1, 1]], dtype=np.uint8)
    window.update(indices)
    indices[:] = 3
    window.update(np.array([[2]], dtype=np.uint8))
    assert window.counts.tolist() == [[0, 1, 1, 0]]


@given(seed=SEEDS, hold=st.integers(1, 4), checks=st.integers(0, 60), cuts=CUTS)
def test_each_flag_turns_as_a_switch_does(seed, hold, checks, cuts):
    conditions = np.random.default_rng(seed).random((checks, 3)) < 0.5
    debouncer, switches = Debouncer(3, hold), [HysteresisSwitch(hold) for _ in range(3)]
    for start, stop in pieces(checks, cuts):
        debouncer.update(conditions[start:stop])
        for switch, flags in zip(switches, conditions[start:stop].T, strict=True):
            switch.update(flags, ~flags)
        assert debouncer.on.tolist() == [switch.on for switch in switches]


class ReferenceDetector:
    """Recount the last rows from all rows at each check."""

    def __init__(self, reference, size, alpha):
        self.reference, self.size, self.alpha = reference, size, alpha
        self.step = next(step for step in range(1, size + 1) if step * 5 >= size)

    def checks(self, indices):
        features = len(self.reference)
        for end in range(self.size, indices.shape[1] + 1, self.step):
            counts = plain_counts(indices[:, :end], self.size)
            values = [float(psi(*pair)) for pair in zip(self.reference, counts, strict=True)]
            estimator = PsiThresholdEstimator(
                self.reference[0].sum(), self.size, BINS, self.alpha / features
            )
            thresholds = [
                float(estimator.get(*pair)) for pair in zip(self.reference, counts, strict=True)
            ]
            yield values, thresholds


@given(
    seed=SEEDS,
    size=st.integers(3, 40),
    features=st.integers(1, 3),
    rows=st.integers(0, 120),
    cuts=CUTS,
    alpha=st.sampled_from([0.01, 0.3]),
)
def test_the_checks_match_a_direct_computation(seed, size, features, rows, cuts, alpha):
    reference = plain_counts(rows_of(seed + 1, features, 100), 100)
    indices = rows_of(seed, features, rows)
    detector = PsiDetector(reference, size, alpha)
    found = [
        check
        for start, stop in pieces(rows, cuts)
        for check in detector.update(indices[:, start:stop])
    ]
    plain = list(ReferenceDetector(reference, size, alpha).checks(indices))
    assert len(found) == len(plain)
    switches, any_switch = [HysteresisSwitch(3) for _ in range(features)], HysteresisSwitch(3)
    for check, (values, thresholds) in zip(found, plain, strict=True):
        ratios = [value / threshold for value, threshold in zip(values, thresholds, strict=True)]
        assert check.psi / check.threshold == pytest.approx(max(ratios))
        assert check.psi == pytest.approx(values[check.feature])
        over = np.array(ratios) > 1
        for switch, flag in zip([any_switch, *switches], [over.any(), *over], strict=True):
            switch.update(np.array([flag]), np.array([not flag]))
    assert detector.any_drifted == any_switch.on
    assert detector.drifted.tolist() == [switch.on for switch in switches]
    if plain:
        assert detector.psi == pytest.approx(plain[-1][0])
        assert detector.thresholds == pytest.approx(plain[-1][1])
    else:
        assert detector.psi is detector.thresholds is None


def test_the_first_check_is_when_the_window_is_full_then_five_per_window():
    detector = PsiDetector(np.array([[50, 50, 0, 0]]), 10, 0.01)
    row = np.zeros((1, 1), dtype=np.uint8)
    due = [number for number in range(1, 31) if detector.update(row)]
    assert due == [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]


def test_a_drifted_feature_is_named_until_it_recovers():
    detector = PsiDetector(np.full((2, BINS), 250), 100, 0.01)
    clean, skewed = np.tile(np.arange(BINS), 25), np.zeros(100, dtype=int)

    def feed(*rows):
        return detector.update(np.array(rows, dtype=np.uint8))

    feed(clean, clean)
    assert not detector.any_drifted
    (*_, check) = feed(clean, skewed)
    assert check.feature == 1
    assert check.psi > check.threshold
    assert (detector.any_drifted, detector.drifted.tolist()) == (True, [False, True])
    feed(clean[:60], clean[:60])
    assert detector.any_drifted
    feed(clean[60:], clean[60:])
    feed(clean, clean)
    assert (detector.any_drifted, detector.drifted.tolist()) == (False, [False, False])


@pytest.mark.parametrize("features", [1, 20])
def test_at_most_one_check_in_a_hundred_is_a_false_alarm_for_any_number_of_features(features):
    rng = np.random.default_rng(7)
    checks = over = 0
    for _ in range(40):
        reference = rng.integers(0, BINS, (features, 2_000))
        counts = np.array([np.bincount(row, minlength=BINS) for row in reference])
        detector = PsiDetector(counts, 200, 0.01)
        # Every fifth window shares no row with the one before.
        found = detector.update(rng.integers(0, BINS, (features, 20_000)).astype(np.uint8))[::5]
        checks += len(found)
        over += sum(check.psi > check.threshold for check in found)
    assert checks == 40 * 100
    assert 0.001 < over / checks < 0.01
