"""Score the most frequent segments separately, and all others together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.window import Scores, ScoreWindow

__all__ = ["SegmentTracker", "SegmentWindows"]

MAX_SEGMENTS = 20
MAX_CANDIDATES = 1_000
PROMOTION_RATIO = 1.1
"""Minimum ratio of a candidate's labels to those of the tracked segment that it replaces."""


class SegmentTracker:
    """Track the last scores and the number of labels of one segment."""

    def __init__(self, size: int, total: int = 0) -> None:
        self.window = ScoreWindow(size)
        self.total = total
        """Labels since the start; a lower bound if there are more than 1,000 candidates."""

    def update(self, scores: Scores) -> None:
        """Add scores in [0, 1], shape (n,), oldest first."""
        self.window.update(scores)
        self.total += scores.size

    def prepend(self, total: int, scores: Floats) -> None:
        """Insert `total` older labels, of which `scores` are the last."""
        self.window.prepend(scores)
        self.total += total


class SegmentWindows:
    """Compute the mean score of the last `size` labels of each of the most frequent segments.

    A segment that becomes more frequent than a tracked one replaces it and starts with an empty
    window. Labels of untracked segments (candidates) are counted for a bounded number of
    segments; at the bound, the rarer half of the candidates is dropped.

    Parameters
    ----------
    size : int
        Number of labels in each window.
    capacity : int
        Maximum number of tracked segments.

    Examples
    --------
    >>> segments = SegmentWindows(100)
    >>> segments.update(["EU", "US", "EU"], np.array([True, False, True]))
    >>> [(name, tracker.window.mean, tracker.total) for name, tracker in segments.get()]
    [('EU', 1.0, 2), ('US', 0.0, 1)]
    """

    def __init__(self, size: int, capacity: int = MAX_SEGMENTS) -> None:
        self._size = size
        self._capacity = capacity
        self._trackers: dict[Hashable, SegmentTracker] = {}
        self._candidates: dict[Hashable, int] = {}
        self._stand_in_of: Callable[[Hashable], Hashable] | None = None
        """Returns what stands for a segment in a checkpoint; set once segments were prepended."""
        self._fewest = 0
        """Lower bound of the labels of each tracked segment."""
        self.other = SegmentTracker(size)
        """All labels of untracked segments."""

    def update(self, segments: Sequence[Hashable], scores: Scores) -> None:
        """Add scores in [0, 1], shape (n,), and the segment of each.

        Labels whose segment is ``None``, NaN or a missing value of pandas are ignored.
        """
        # Label by label, so that it does not matter how many come at once; the windows get theirs
        # together, which is faster.
        collected: dict[SegmentTracker, list[int]] = {}
        for row, segment in enumerate(segments):
            if _is_missing(segment):
                continue
            try:
                tracker = self._tracker_of(segment)
            except Exception:
                continue  # A comparison of the user's class raises: a segment that is unknown.
            tracker.total += 1
            collected.setdefault(tracker, []).append(row)
        for tracker, rows in collected.items():
            tracker.window.update(scores[np.array(rows)])

    def get(self) -> Iterator[tuple[Hashable, SegmentTracker]]:
        """Yield the tracked segments, the most frequent first."""
        yield from sorted(self._trackers.items(), key=lambda item: -item[1].total)

    @property
    def candidates(self) -> dict[Hashable, int]:
        """Number of labels of each untracked segment that is counted."""
        return dict(self._candidates)

    def prepend(
        self,
        tracked: Iterable[tuple[Hashable, int, Floats]],
        other: tuple[int, Floats],
        candidates: Mapping[Hashable, int],
        stand_in_of: Callable[[Hashable], Hashable] = lambda segment: segment,
    ) -> None:
        """Insert older labels before those in the windows.

        Parameters
        ----------
        tracked : iterable
            Segment, number of labels and last scores of each tracked segment.
        other : tuple
            Number of labels, and last scores, of all untracked segments together.
        candidates : mapping
            Number of labels of each untracked segment.
        stand_in_of : callable
            Returns what stands for a segment among those above, which may be the segment itself.
        """
        self._stand_in_of = stand_in_of
        known = {stand_in_of(one): one for one in (*self._trackers, *self._candidates)}
        for stored, total, scores in tracked:
            segment = known.get(stored, stored)
            tracker = self._trackers.get(segment)
            if tracker is None and len(self._trackers) < self._capacity:
                tracker = self._trackers[segment] = SegmentTracker(self._size)
            if tracker is None:
                self._candidates[segment] = self._candidates.get(segment, 0) + total
                tracker = self.other
            tracker.prepend(total, scores)
        self.other.prepend(*other)
        for stored, total in candidates.items():
            segment = known.get(stored, stored)
            if segment not in self._trackers:
                self._candidates[segment] = self._candidates.get(segment, 0) + total

    def _adopt(self, segment: Hashable, stand_in: Hashable) -> None:
        """Replace what stands for a segment by the segment itself."""
        if stand_in in self._trackers:
            self._trackers[segment] = self._trackers.pop(stand_in)
        elif stand_in in self._candidates:
            self._candidates[segment] = self._candidates.pop(stand_in)

    def _tracker_of(self, segment: Hashable) -> SegmentTracker:
        """Return the tracker of a segment that has one more label; `other` for a candidate."""
        if self._stand_in_of is not None and segment not in self._trackers:
            self._adopt(segment, self._stand_in_of(segment))
        tracker = self._trackers.get(segment)
        if tracker is not None:
            return tracker
        if len(self._trackers) < self._capacity:
            tracker = self._trackers[segment] = SegmentTracker(self._size)
            return tracker
        total = self._count_candidate(segment)
        # A lower bound first, since totals only grow: the rarest is searched for when needed.
        if total < PROMOTION_RATIO * self._fewest:
            return self.other
        rarest = min(self._trackers, key=lambda one: self._trackers[one].total)
        self._fewest = self._trackers[rarest].total
        if total < PROMOTION_RATIO * self._fewest:
            return self.other
        self._candidates[rarest] = self._trackers.pop(rarest).total
        del self._candidates[segment]
        tracker = self._trackers[segment] = SegmentTracker(self._size, total - 1)
        self._fewest = 0
        return tracker

    def _count_candidate(self, segment: Hashable) -> int:
        count = self._candidates[segment] = self._candidates.get(segment, 0) + 1
        if len(self._candidates) > MAX_CANDIDATES:
            frequent = sorted(self._candidates.items(), key=lambda item: -item[1])
            self._candidates = dict(frequent[: MAX_CANDIDATES // 2]) | {segment: count}
        return count


def _is_missing(segment: Hashable) -> bool:
    if type(segment) is str:
        return False
    try:
        # NaN is unequal to itself, so every NaN would be a separate segment.
        return segment is None or bool(segment != segment)  # noqa: PLR0124
    except Exception:
        return True
