"""Compare segment windows with one list per segment."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.segments import MAX_CANDIDATES, SegmentWindows

ROWS = st.lists(
    st.tuples(st.sampled_from(["EU", "US", 7, ("a", 1), True, None]), st.booleans()), max_size=60
)


def update(windows, *rows):
    windows.update([segment for segment, _ in rows], np.array([right for _, right in rows]))


def shown(windows):
    return {name: (one.total, one.window.count, one.window.mean) for name, one in windows.get()}


@given(size=st.integers(1, 12), rows=ROWS, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_each_segment_has_a_window_of_its_own(size, rows, cuts):
    windows, lists = SegmentWindows(size), defaultdict(list)
    edges = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    for start, stop in pairwise(edges):
        update(windows, *rows[start:stop])
    for segment, right in rows:
        if segment is not None:
            lists[segment].append(right)
    assert shown(windows) == {
        name: (len(all_), len(all_[-size:]), sum(all_[-size:]) / len(all_[-size:]))
        for name, all_ in lists.items()
    }
    assert windows.other.total == 0


def test_the_most_frequent_comes_first():
    windows = SegmentWindows(10)
    update(windows, ("b", True), ("a", True), ("c", True), ("a", False), ("c", False), ("a", True))
    assert [name for name, _ in windows.get()] == ["a", "c", "b"]


def test_beyond_twenty_segments_all_others_are_counted_together():
    windows = SegmentWindows(10)
    for number in range(25):
        update(windows, *[(f"s{number}", number < 20)] * (30 if number < 20 else 4))
    assert set(shown(windows)) == {f"s{number}" for number in range(20)}
    assert (windows.other.total, windows.other.window.count, windows.other.window.mean) == (
        20,
        10,
        0.0,
    )


def test_a_segment_that_becomes_frequent_replaces_the_rarest():
    windows = SegmentWindows(100, capacity=2)
    update(windows, *[("a", True)] * 50, *[("b", True)] * 10)
    update(windows, *[("late", False)] * 10)
    assert set(shown(windows)) == {"a", "b"}
    update(windows, ("late", False))
    # Its eleventh label: a tenth more than the rarest had. Its window starts there.
    assert shown(windows) == {"a": (50, 50, 1.0), "late": (11, 1, 0.0)}
    assert windows.other.total == 10


def test_two_equally_frequent_segments_do_not_swap_all_the_time():
    windows = SegmentWindows(100, capacity=1)
    for _ in range(200):
        update(windows, ("a", True), ("b", True))
    ((name, one),) = windows.get()
    assert name == "a"
    assert (one.total, one.window.count) == (200, 100)


@pytest.mark.parametrize("batch", [1, 97, 30_000])
def test_of_very_many_segments_the_frequent_ones_are_found_and_memory_is_bounded(batch):
    rng = np.random.default_rng(3)
    segments = rng.zipf(1.3, 30_000).tolist()
    windows = SegmentWindows(100)
    for start in range(0, len(segments), batch):
        part = segments[start : start + batch]
        windows.update(part, np.ones(len(part), dtype=bool))
    counted = Counter(segments)
    found = {name: one.total for name, one in windows.get()}
    assert len(found) == 20
    assert {name for name, _ in counted.most_common(5)} <= set(found)
    for name, total in found.items():
        assert total <= counted[name]
    assert [found[name] for name, _ in counted.most_common(3)] == [
        count for _, count in counted.most_common(3)
    ]
    assert len(windows._candidates) <= MAX_CANDIDATES + 1
    assert len(counted) > 2 * MAX_CANDIDATES


@pytest.mark.parametrize(
    "missing", [None, float("nan"), np.float32("nan"), np.nan, pd.NA, pd.NaT, np.datetime64("NaT")]
)
def test_what_is_missing_is_no_segment(missing):
    windows = SegmentWindows(10)
    update(windows, ("EU", True), (missing, False), (missing, False))
    assert shown(windows) == {"EU": (1, 1, 1.0)}
    assert windows.other.total == 0


def test_every_missing_value_of_a_column_is_missing():
    windows, column = SegmentWindows(10), np.array([1.0, np.nan, np.nan, 2.0])
    windows.update(list(column), np.ones(4, dtype=bool))
    assert set(shown(windows)) == {1.0, 2.0}
