"""Compare duration histograms with NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.durations import BOUNDS_SECONDS, DurationHistogram


@given(st.lists(st.lists(st.floats(0, 1e4), max_size=20), max_size=5))
def test_counts_and_sum_are_those_of_all_batches_together(batches):
    totals = DurationHistogram()
    for batch in batches:
        totals.update(np.array(batch, dtype=float))

    everything = np.array([one for batch in batches for one in batch])
    for bound, cumulated in zip(BOUNDS_SECONDS, np.cumsum(totals.counts), strict=False):
        assert cumulated == (everything <= bound).sum()
    assert sum(totals.counts) == everything.size
    assert np.isclose(totals.sum_seconds, everything.sum())


@given(st.lists(st.lists(st.floats(0, 1e4), max_size=20), min_size=1, max_size=5))
def test_totals_add_up_to_one_over_everything(batches):
    together, whole = DurationHistogram(), DurationHistogram()
    for batch in batches:
        part = DurationHistogram()
        part.update(np.array(batch, dtype=float))
        together.merge(part)
        whole.update(np.array(batch, dtype=float))
    assert together.counts == whole.counts
    assert together.sum_seconds == whole.sum_seconds


@pytest.mark.parametrize("bound", BOUNDS_SECONDS)
def test_a_bound_belongs_to_its_bucket(bound):
    totals = DurationHistogram()
    totals.update(np.array([bound, np.nextafter(bound, 99)]))
    place = BOUNDS_SECONDS.index(bound)
    assert totals.counts[place : place + 2] == [1, 1]
