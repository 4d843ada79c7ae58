"""Compare the window with the end of a list."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.window import ScoreWindow

SIZES = st.integers(1, 12)
CHUNKS = st.lists(st.lists(st.booleans(), max_size=30), max_size=8)
RATIOS = st.floats(0.0, 1.0)


def mean_of(scores):
    return Fraction(sum(scores), len(scores)) if scores else None


def test_a_window_without_labels_has_no_mean():
    window = ScoreWindow(100)
    assert (window.count, window.mean) == (0, None)
    window.update(np.array([], dtype=bool))
    assert (window.count, window.mean) == (0, None)


@given(size=SIZES, chunks=CHUNKS)
def test_it_holds_the_mean_of_the_last_labels(size, chunks):
    window, seen = ScoreWindow(size), []
    for chunk in chunks:
        window.update(np.array(chunk, dtype=bool))
        seen += chunk
        last = seen[-size:]
        assert window.count == len(last)
        assert window.mean == (float(mean_of(last)) if last else None)


@given(size=SIZES, scores=st.lists(RATIOS, max_size=40))
def test_single_scores_and_arrays_give_the_same(size, scores):
    one_by_one, at_once = ScoreWindow(size), ScoreWindow(size)
    for score in scores:
        one_by_one.update(np.array([score]))
    at_once.update(np.array(scores, dtype=float))
    assert at_once.count == one_by_one.count == min(size, len(scores))
    assert at_once.mean == one_by_one.mean
    if scores:
        assert at_once.mean == pytest.approx(float(np.mean(scores[-size:])))


@given(size=SIZES, before=st.lists(st.booleans(), max_size=20), scores=st.lists(st.booleans()))
def test_means_after_foretells_each_update(size, before, scores):
    window = ScoreWindow(size)
    window.update(np.array(before, dtype=bool))
    means, counts = window.means_after(np.array(scores, dtype=bool))
    assert means.size == counts.size == len(scores)
    for mean, count, score in zip(means, counts, scores, strict=True):
        window.update(np.array([score]))
        assert (mean, count) == (window.mean, window.count)


def test_means_after_changes_nothing():
    window = ScoreWindow(3)
    window.update(np.array([True, False]))
    window.means_after(np.array([True] * 10))
    assert (window.count, window.mean) == (2, 0.5)


def test_the_window_keeps_no_hold_of_the_array_it_was_given():
    scores = np.array([1.0, 1.0, 1.0])
    window = ScoreWindow(3)
    window.update(scores)
    scores[:] = 0.0
    assert window.mean == 1.0
