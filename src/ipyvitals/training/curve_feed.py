"""Collects what is new in the curves of all runs since the panel was sent something.

- A curve's new values wait as at most a few buckets, so a message is small however many there are.
- A page that opens receives the whole curves, in as many buckets as fit into a message.
"""

from __future__ import annotations

from ipyvitals.schema import CurveChunk
from ipyvitals.training.curves import Curve

__all__ = ["CurveFeed"]

NEW_BUCKETS = 2
"""Buckets of one curve that wait for a message, besides the newest."""
MAX_CURVES = 400
"""Curves that a page receives; those of the oldest runs come first."""


class CurveFeed:
    """Takes every value, and returns the changes. Not thread-safe: the fold lock guards it.

    Examples
    --------
    >>> feed = CurveFeed()
    >>> feed.add("1", "loss", before=7, step=8, seconds=0.4, value=0.5)
    >>> [(chunk.start, chunk.step) for chunk in feed.take()], feed.take()
    ([(7, [8])], [])
    """

    def __init__(self) -> None:
        self._new: dict[tuple[str, str], Curve] = {}
        self._widths: dict[tuple[str, str], int] = {}
        """Width of the buckets in the last message, half of which the next ones begin with: fewer
        pairs have to merge."""

    def add(
        self, run_id: str, metric: str, before: int, step: float, seconds: float, value: float
    ) -> None:
        """Add a value, of a curve that had `before` values before."""
        key = run_id, metric
        curve = self._new.get(key)
        if curve is None:
            if len(self._new) >= MAX_CURVES:
                return
            width = max(1, self._widths.get(key, 1) // 2)
            curve = self._new[key] = Curve(NEW_BUCKETS, before, width)
        curve.add(step, seconds, value)

    def take(self) -> list[CurveChunk]:
        """Return what is new, and forget it."""
        new, self._new = self._new, {}
        self._widths = {key: curve.width for key, curve in new.items()}
        return [curve.chunk(run_id, metric) for (run_id, metric), curve in new.items()]
