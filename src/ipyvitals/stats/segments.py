"""Scores apart for each of the most frequent groups, and together for all others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.window import Scores, ScoreWindow

__all__ = ["Group", "SegmentWindows"]

PLACES = 20
CANDIDATES = 1_000
LEAD = 1.1
"""How many times as frequent a group must be as the one whose place it takes."""


class Group:
    """The labels of one segment."""

    def __init__(self, size: int, total: int = 0) -> None:
        self.window = ScoreWindow(size)
        self.total = total
        """Labels since the beginning; with very many segments, a lower bound."""

    def update(self, scores: Scores) -> None:
        """Add scores in [0, 1], shape (n,), oldest first."""
        self.window.update(scores)
        self.total += scores.size

    def prepend(self, total: int, scores: Floats) -> None:
        """Put `total` labels before these, of which `scores` are the last."""
        self.window.prepend(scores)
        self.total += total


class SegmentWindows:
    """Mean score of the last `size` labels of each of the most frequent segments.

    A segment that becomes more frequent than one of them takes its place, with a window of its
    own from then on. How frequent the others are is counted for a bounded number, of which the
    rarer half is forgotten whenever there are too many.

    Parameters
    ----------
    size : int
        Labels in each window.
    places : int
        Most segments with a window of their own.

    Examples
    --------
    >>> segments = SegmentWindows(100)
    >>> segments.update(["EU", "US", "EU"], np.array([True, False, True]))
    >>> [(name, group.window.mean, group.total) for name, group in segments.get()]
    [('EU', 1.0, 2), ('US', 0.0, 1)]
    """

    def __init__(self, size: int, places: int = PLACES) -> None:
        self._size = size
        self._places = places
        self._groups: dict[Hashable, Group] = {}
        self._others: dict[Hashable, int] = {}
        self.other = Group(size)
        """All labels of segments without a place."""

    def update(self, segments: Sequence[Hashable], scores: Scores) -> None:
        """Add scores in [0, 1], shape (n,), of the segments beside them.

        ``None`` and what pandas writes for a missing value are no segment.
        """
        rows: dict[Hashable, list[int]] = {}
        for row, segment in enumerate(segments):
            rows.setdefault(segment, []).append(row)
        rest: list[int] = []
        for segment, its in rows.items():
            if _is_missing(segment):
                continue
            group = self._place_of(segment, len(its))
            if group is not None:
                group.update(scores[its])
            else:
                rest += its
        if rest:
            self.other.update(scores[np.sort(rest)])

    def get(self) -> Iterator[tuple[Hashable, Group]]:
        """Yield the segments that have a place, the most frequent first."""
        yield from sorted(self._groups.items(), key=lambda item: -item[1].total)

    @property
    def others(self) -> dict[Hashable, int]:
        """How many labels segments without a place have, as far as they are counted."""
        return dict(self._others)

    def prepend(
        self,
        groups: Iterable[tuple[Hashable, int, Floats]],
        other: tuple[int, Floats],
        others: Mapping[Hashable, int],
    ) -> None:
        """Put labels before those that it holds.

        Parameters
        ----------
        groups : iterable
            Segment, labels in all and last scores of each that had a place.
        other : tuple
            Labels in all, and last scores, of all that had none.
        others : mapping
            How many labels these have.
        """
        for segment, total, scores in groups:
            group = self._groups.get(segment)
            if group is None and len(self._groups) < self._places:
                group = self._groups[segment] = Group(self._size)
            if group is None:
                self._others[segment] = self._others.get(segment, 0) + total
                group = self.other
            group.prepend(total, scores)
        self.other.prepend(*other)
        for segment, total in others.items():
            if segment not in self._groups:
                self._others[segment] = self._others.get(segment, 0) + total

    def _place_of(self, segment: Hashable, new: int) -> Group | None:
        group = self._groups.get(segment)
        if group is not None:
            return group
        if len(self._groups) < self._places:
            group = self._groups[segment] = Group(self._size)
            return group
        seen = self._count_other(segment, new)
        rarest = min(self._groups, key=lambda one: self._groups[one].total)
        if seen < LEAD * self._groups[rarest].total:
            return None
        self._others[rarest] = self._groups.pop(rarest).total
        del self._others[segment]
        group = self._groups[segment] = Group(self._size, seen - new)
        return group

    def _count_other(self, segment: Hashable, new: int) -> int:
        count = self._others[segment] = self._others.get(segment, 0) + new
        if len(self._others) > CANDIDATES:
            frequent = sorted(self._others.items(), key=lambda item: -item[1])
            self._others = dict(frequent[: CANDIDATES // 2]) | {segment: count}
        return count


def _is_missing(segment: Hashable) -> bool:
    try:
        # A NaN equals nothing, so each would be a segment of its own.
        return segment is None or bool(segment != segment)  # noqa: PLR0124
    except Exception:
        return True
