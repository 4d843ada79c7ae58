"""Compute the mean score of the last labels, and its course over new ones."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["ScoreWindow", "Scores"]

ONE = 2.0**40
"""Integers of 64 bits have room for the sum of 8 million scores of one; a cumulated sum of more
wraps around, which differences of it do not notice."""

Scores: TypeAlias = npt.NDArray[np.bool_] | npt.NDArray[np.float64]


class ScoreWindow:
    """Compute the mean score of the last `size` labels.

    Sums are those of scores rounded to 2**-40, about 1e-12. They are exact, so a mean does not
    depend on how many labels came at once.

    Parameters
    ----------
    size : int
        Number of labels.

    Examples
    --------
    >>> window = ScoreWindow(3)
    >>> window.update(np.array([True, True, False, True]))
    >>> window.count, round(window.mean, 3)
    (3, 0.667)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._last: Floats = np.empty(0)

    @property
    def count(self) -> int:
        """Number of labels in the window."""
        return int(self._last.size)

    @property
    def mean(self) -> float | None:
        """Mean score in [0, 1], or ``None`` without labels."""
        return int(_fixed(self._last).sum()) / ONE / self._last.size if self._last.size else None

    @property
    def scores(self) -> Floats:
        """Scores in the window, oldest first; read-only by convention."""
        return self._last

    def prepend(self, older: Floats) -> None:
        """Insert older scores before those in the window, as far as there is room."""
        self._last = np.concatenate([older, self._last])[-self.size :]

    def update(self, scores: Scores) -> None:
        """Add scores in [0, 1], shape (n,), oldest first."""
        if scores.size >= self.size:
            self._last = scores[-self.size :].astype(np.float64)
        elif scores.size:
            recent = self._last[max(0, self._last.size + scores.size - self.size) :]
            self._last = np.concatenate([recent, scores])

    def means_after(self, scores: Scores) -> tuple[Floats, Ints]:
        """Return `mean` and `count` as they would be after each of the scores.

        Parameters
        ----------
        scores : ndarray, shape (n,)
            Scores that `update` has not seen yet.

        Returns
        -------
        means : ndarray of float, shape (n,)
        counts : ndarray of int, shape (n,)
        """
        before = self._last.size
        sequence = _fixed(np.concatenate([self._last, scores]))
        cumulated = np.concatenate([[0], np.cumsum(sequence)])
        ends = np.arange(before + 1, before + scores.size + 1)
        starts = np.maximum(0, ends - self.size)
        counts = ends - starts
        return (cumulated[ends] - cumulated[starts]) / ONE / counts, counts


def _fixed(scores: Scores) -> Ints:
    """Return scores as multiples of 2**-40, whose sums are exact in any order."""
    return np.rint(scores * ONE).astype(np.int64)
