"""The window against its last rows, the looks against a plain reading of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.drift import psi, psi_threshold, used_bins
from ipyvitals.stats.psi_watch import BinWindow, Debouncer, PsiDetector
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


def test_the_window_keeps_no_hold_of_the_array_it_was_given():
    window, indices = BinWindow(2, 1, BINS), np.array([[1, 1]], dtype=np.uint8)
    window.update(indices)
    indices[:] = 3
    window.update(np.array([[2]], dtype=np.uint8))
    assert window.counts.tolist() == [[0, 1, 1, 0]]


@given(seed=SEEDS, hold=st.integers(1, 4), looks=st.integers(0, 60), cuts=CUTS)
def test_each_flag_turns_as_a_switch_does(seed, hold, looks, cuts):
    conditions = np.random.default_rng(seed).random((looks, 3)) < 0.5
    held, switches = Debouncer(3, hold), [HysteresisSwitch(hold) for _ in range(3)]
    for start, stop in pieces(looks, cuts):
        held.update(conditions[start:stop])
        for switch, flags in zip(switches, conditions[start:stop].T, strict=True):
            switch.update(flags, ~flags)
        assert held.on.tolist() == [switch.on for switch in switches]


class PlainWatch:
    """All rows so far; at each look the last of them are counted anew."""

    def __init__(self, reference, size, alpha):
        self.reference, self.size, self.alpha = reference, size, alpha
        self.step = next(step for step in range(1, size + 1) if step * 5 >= size)

    def looks(self, indices):
        features = len(self.reference)
        for end in range(self.size, indices.shape[1] + 1, self.step):
            counts = plain_counts(indices[:, :end], self.size)
            values = [float(psi(*pair)) for pair in zip(self.reference, counts, strict=True)]
            thresholds = [
                psi_threshold(
                    self.reference[0].sum(),
                    self.size,
                    int(used_bins(*pair)),
                    self.alpha / features,
                )
                for pair in zip(self.reference, counts, strict=True)
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
def test_the_looks_are_those_of_a_plain_reading(seed, size, features, rows, cuts, alpha):
    reference = plain_counts(rows_of(seed + 1, features, 100), 100)
    indices = rows_of(seed, features, rows)
    watch = PsiDetector(reference, size, alpha)
    found = [
        look for start, stop in pieces(rows, cuts) for look in watch.update(indices[:, start:stop])
    ]
    plain = list(PlainWatch(reference, size, alpha).looks(indices))
    assert len(found) == len(plain)
    switches, any_switch = [HysteresisSwitch(3) for _ in range(features)], HysteresisSwitch(3)
    for look, (values, thresholds) in zip(found, plain, strict=True):
        ratios = [value / threshold for value, threshold in zip(values, thresholds, strict=True)]
        assert look.psi / look.threshold == pytest.approx(max(ratios))
        assert look.psi == pytest.approx(values[look.feature])
        over = np.array(ratios) > 1
        for switch, flag in zip([any_switch, *switches], [over.any(), *over], strict=True):
            switch.update(np.array([flag]), np.array([not flag]))
    assert watch.any_drifted == any_switch.on
    assert watch.drifted.tolist() == [switch.on for switch in switches]
    if plain:
        assert watch.psi == pytest.approx(plain[-1][0])
        assert watch.thresholds == pytest.approx(plain[-1][1])
    else:
        assert watch.psi is watch.thresholds is None


def test_the_first_look_is_when_the_window_is_full_and_five_more_replace_it():
    watch = PsiDetector(np.array([[50, 50, 0, 0]]), 10, 0.01)
    row = np.zeros((1, 1), dtype=np.uint8)
    due = [number for number in range(1, 31) if watch.update(row)]
    assert due == [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]


def test_what_drifts_is_named_and_stays_named_until_it_is_well_again():
    watch = PsiDetector(np.full((2, BINS), 250), 100, 0.01)
    clean, skewed = np.tile(np.arange(BINS), 25), np.zeros(100, dtype=int)

    def feed(*rows):
        return watch.update(np.array(rows, dtype=np.uint8))

    feed(clean, clean)
    assert not watch.any_drifted
    (*_, look) = feed(clean, skewed)
    assert look.feature == 1
    assert look.psi > look.threshold
    assert (watch.any_drifted, watch.drifted.tolist()) == (True, [False, True])
    feed(clean[:60], clean[:60])
    assert watch.any_drifted
    feed(clean[60:], clean[60:])
    feed(clean, clean)
    assert (watch.any_drifted, watch.drifted.tolist()) == (False, [False, False])


@pytest.mark.parametrize("features", [1, 20])
def test_one_look_in_a_hundred_finds_what_is_not_there_however_many_features(features):
    rng = np.random.default_rng(7)
    looks = over = 0
    for _ in range(40):
        reference = rng.integers(0, BINS, (features, 2_000))
        counts = np.array([np.bincount(row, minlength=BINS) for row in reference])
        watch = PsiDetector(counts, 200, 0.01)
        # A window is new to the next when it shares no row with it.
        found = watch.update(rng.integers(0, BINS, (features, 20_000)).astype(np.uint8))[::5]
        looks += len(found)
        over += sum(look.psi > look.threshold for look in found)
    assert looks == 40 * 100
    assert 0.004 < over / looks < 0.018
