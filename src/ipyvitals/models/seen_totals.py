"""The totals of one worker that a model has counted already."""

from __future__ import annotations

import msgspec

__all__ = ["SeenTotals"]


class SeenTotals(msgspec.Struct, array_like=True, frozen=True):
    """Running totals of one process about one model.

    Examples
    --------
    >>> newest, before = SeenTotals(n=2, predictions=7), SeenTotals(n=1, predictions=5)
    >>> (newest - before).predictions
    2
    """

    n: int = 0
    """Number of the report."""
    predictions: int = 0
    errors: int = 0
    labelled: int = 0
    duration_nanoseconds: int = 0
    duration_counts: list[int] = []

    def __add__(self, other: SeenTotals) -> SeenTotals:
        return self._with(other, 1)

    def __sub__(self, other: SeenTotals) -> SeenTotals:
        return self._with(other, -1)

    @property
    def changed(self) -> bool:
        """True when anything was counted."""
        return bool(self.predictions or self.errors or self.labelled or any(self.duration_counts))

    def _with(self, other: SeenTotals, sign: int) -> SeenTotals:
        size = max(len(self.duration_counts), len(other.duration_counts))
        counts = [
            _at(self.duration_counts, place) + sign * _at(other.duration_counts, place)
            for place in range(size)
        ]
        return SeenTotals(
            max(self.n, other.n),
            self.predictions + sign * other.predictions,
            self.errors + sign * other.errors,
            self.labelled + sign * other.labelled,
            self.duration_nanoseconds + sign * other.duration_nanoseconds,
            counts,
        )


def _at(counts: list[int], place: int) -> int:
    return counts[place] if place < len(counts) else 0
