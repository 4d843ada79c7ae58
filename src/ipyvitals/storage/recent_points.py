"""Holds the newest points of the charts in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any

from ipyvitals.schema import Point
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import new_rlock

__all__ = ["RecentPoints"]

LIMIT = 600
GAP_SECONDS = 0.001


class RecentPoints:
    """Collects points from any thread, and returns them as columns for a new view.

    Examples
    --------
    >>> history = RecentPoints()
    >>> history.add(Point(at=1.0, cpu_percent=12.0))
    >>> history.columns()["cpu_percent"]
    [12.0]
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._points: deque[Point] = deque(maxlen=limit)
        self._lock = new_rlock("recent points")
        renew_in_child(self)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, where its owner does not exist."""
        self._lock = new_rlock("recent points")

    def add(self, point: Point) -> None:
        """Append a point; drop the oldest when there are too many."""
        with self._lock:
            self._points.append(point)

    def prepend(self, points: Sequence[Point]) -> None:
        """Insert points of an earlier kernel before the others, with a gap, as far as they fit."""
        with self._lock:
            first = min((point.at for point in self._points), default=inf)
            room = (self._points.maxlen or 0) - len(self._points) - 1
            older = [point for point in points if point.at < first][-room:] if room > 0 else []
            if older:
                gap = Point(at=older[-1].at + GAP_SECONDS)
                self._points.extendleft([gap, *reversed(older)])

    def columns(self) -> dict[str, list[Any]]:
        """Return one list a field, all of one length, oldest first."""
        with self._lock:
            points = list(self._points)
        return {
            field: [getattr(point, field) for point in points] for field in Point.__struct_fields__
        }
