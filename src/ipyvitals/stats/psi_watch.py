"""A sliding window of rows, compared with a reference at regular looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.drift import psi, psi_threshold, used_bins
from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["BinWindow", "Debouncer", "PsiDetector", "Worst"]

Indices: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]

LOOKS_PER_WINDOW = 5


class BinWindow:
    """How many of the last `size` rows lie in each bin, of several features at once.

    Parameters
    ----------
    size : int
        Rows.
    features, bins : int
        How many features there are, and how many bins each of them may have.

    Examples
    --------
    >>> window = BinWindow(2, features=1, bins=3)
    >>> _ = window.update(np.array([[0, 2, 2]], dtype=np.uint8))
    >>> window.counts.tolist()
    [[0, 0, 2]]
    """

    def __init__(self, size: int, features: int, bins: int) -> None:
        self.size = size
        self.counts: Ints = np.zeros((features, bins), dtype=np.int64)
        self._rows: Indices = np.empty((features, 0), dtype=np.uint8)

    @property
    def rows(self) -> int:
        """How many rows the window holds."""
        return int(self._rows.shape[1])

    def update(self, indices: Indices, stops: Sequence[int] = ()) -> Ints:
        """Take rows, oldest first.

        Parameters
        ----------
        indices : ndarray of uint8, shape (features, n)
            The bin of each value.
        stops : sequence of k int
            Ascending, each from 1 to `n`.

        Returns
        -------
        ndarray of int, shape (k, features, bins)
            What `counts` was after so many of the rows as each of `stops` says.
        """
        n = indices.shape[1]
        bounds = np.array([0, *stops, n])
        count = bounds.size - 1
        spans = np.repeat(np.arange(count), bounds[1:] - bounds[:-1])
        line = np.concatenate([self._rows, indices], axis=1)
        # The row that leaves when row i of the new ones comes stands `size` before it.
        leaving = max(0, line.shape[1] - self.size)
        changes = self._tally(indices, spans, count)
        changes -= self._tally(line[:, :leaving], spans[n - leaving :], count)
        after: Ints = self.counts + np.cumsum(changes, axis=0)
        self.counts = after[-1]
        self._rows = line[:, leaving:].copy()
        return after[:-1]

    def _tally(self, indices: Indices, spans: Ints, count: int) -> Ints:
        features, bins = self.counts.shape
        cells = (spans * features + np.arange(features)[:, np.newaxis]) * bins + indices
        tally = np.bincount(cells.ravel(), minlength=count * features * bins)
        return tally.reshape(count, features, bins)


class Debouncer:
    """Flags, each of which turns once its condition held or failed for some looks in a row.

    Each flag does what a `HysteresisSwitch` does that enters where the condition is true and leaves
    where it is false.

    Parameters
    ----------
    width : int
        How many flags.
    hold : int
        Looks in a row, at least 1.
    """

    def __init__(self, width: int, hold: int) -> None:
        self.on: Flags = np.zeros(width, dtype=np.bool_)
        self._hold = hold
        self._last: Flags = np.empty((0, width), dtype=np.bool_)

    def update(self, conditions: Flags) -> None:
        """Take the next looks, shape (k, width)."""
        line = np.concatenate([self._last, conditions])
        self._last = line[max(0, len(line) - self._hold + 1) :]
        looks = len(line) - self._hold + 1
        if looks <= 0:
            return
        settled = np.ones((looks, self.on.size), dtype=np.bool_)
        for step in range(1, self._hold):
            settled &= line[step : step + looks] == line[:looks]
        newest = looks - 1 - settled[::-1].argmax(axis=0)
        self.on = np.where(settled.any(axis=0), line[newest, np.arange(self.on.size)], self.on)


class Worst(NamedTuple):
    """What one look found furthest above its threshold."""

    feature: int
    psi: float
    threshold: float


class PsiDetector:
    """Looks at a window of rows five times while it is replaced, from when it is full.

    When a look is due depends on the rows alone, not on how they are handed in.

    Parameters
    ----------
    reference : ndarray of int, shape (features, bins)
        Counts of the reference, each row with the same sum.
    size : int
        Rows of the window.
    alpha : float
        Probability that any feature at all is above its threshold at a look, while nothing
        has changed: each gets its share of it (Bonferroni).
    hold : int
        Looks in a row after which a verdict turns.
    """

    def __init__(self, reference: Ints, size: int, alpha: float, hold: int = 3) -> None:
        features, bins = reference.shape
        self.window = BinWindow(size, features, bins)
        self.psi: Floats | None = None
        """Of each feature at the last look."""
        self.thresholds: Floats | None = None
        self._reference = reference
        self._levels = np.array(
            [
                psi_threshold(int(reference[0].sum()), size, count, alpha / features)
                for count in range(bins + 1)
            ]
        )
        self._step = -(-size // LOOKS_PER_WINDOW)
        self._until_look = size
        self._held = Debouncer(features + 1, hold)

    @property
    def drifted(self) -> Flags:
        """Whether each feature is above its threshold, held for `hold` looks, shape (features,)."""
        return self._held.on[1:]

    @property
    def verdicts(self) -> list[bool]:
        """Whether anything at all, and then whether each feature, is above its threshold."""
        return [bool(on) for on in self._held.on]

    def resume(self, verdicts: list[bool]) -> None:
        """Go on from such verdicts; those of another number of features say nothing."""
        if len(verdicts) == self._held.on.size:
            self._held.on = np.array(verdicts, dtype=np.bool_)

    @property
    def any_drifted(self) -> bool:
        """Whether anything is above its threshold, held for `hold` looks."""
        return bool(self._held.on[0])

    def update(self, indices: Indices) -> list[Worst]:
        """Take rows, shape (features, n); return what each look that was due found."""
        n = indices.shape[1]
        stops = range(self._until_look, n + 1, self._step)
        counts = self.window.update(indices, stops)
        self._until_look += len(stops) * self._step - n
        if not stops:
            return []
        values = psi(self._reference, counts)
        thresholds = self._levels[used_bins(self._reference, counts)]
        self.psi, self.thresholds = values[-1], thresholds[-1]
        over = values > thresholds
        self._held.update(np.concatenate([over.any(axis=1, keepdims=True), over], axis=1))
        worst = (values / thresholds).argmax(axis=1)
        looks = np.arange(len(stops))
        columns = worst, values[looks, worst], thresholds[looks, worst]
        return list(map(Worst, *(column.tolist() for column in columns)))
