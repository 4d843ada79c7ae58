"""Detect drift: compare a sliding window of rows with a reference at regular checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.drift import psi
from ipyvitals.stats.psi_threshold import PsiThresholdEstimator
from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["BinWindow", "Debouncer", "PsiDetector", "WorstFeature"]

Indices: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]

CHECKS_PER_WINDOW = 5


class BinWindow:
    """Count the last `size` rows by bin, for several features at once.

    Parameters
    ----------
    size : int
        Number of rows.
    features, bins : int
        Number of features, and maximum number of bins per feature.

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
        """Number of rows in the window."""
        return int(self._rows.shape[1])

    def update(self, indices: Indices, stops: Sequence[int] = ()) -> Ints:
        """Add rows, oldest first.

        Parameters
        ----------
        indices : ndarray of uint8, shape (features, n)
            Bin of each value.
        stops : sequence of k int
            Row numbers, ascending, each from 1 to `n`.

        Returns
        -------
        ndarray of int, shape (k, features, bins)
            Value of `counts` after the first ``stops[i]`` rows, for each `i`.
        """
        n = indices.shape[1]
        bounds = np.array([0, *stops, n])
        count = bounds.size - 1
        spans = np.repeat(np.arange(count), bounds[1:] - bounds[:-1])
        sequence = np.concatenate([self._rows, indices], axis=1)
        # Each new row evicts the row that is `size` positions before it.
        evicted = max(0, sequence.shape[1] - self.size)
        changes = self._tally(indices, spans, count)
        changes -= self._tally(sequence[:, :evicted], spans[n - evicted :], count)
        after: Ints = self.counts + np.cumsum(changes, axis=0)
        self.counts = after[-1]
        self._rows = sequence[:, evicted:].copy()
        return after[:-1]

    def _tally(self, indices: Indices, spans: Ints, count: int) -> Ints:
        features, bins = self.counts.shape
        cells = (spans * features + np.arange(features)[:, np.newaxis]) * bins + indices
        tally = np.bincount(cells.ravel(), minlength=count * features * bins)
        return tally.reshape(count, features, bins)


class Debouncer:
    """Debounce flags: each turns after its condition is equal for some checks in a row.

    Each flag behaves like a `Switch` whose "enter" flag is the condition and whose "leave" flag
    is its negation.

    Parameters
    ----------
    width : int
        Number of flags.
    hold : int
        Checks in a row, at least 1.
    """

    def __init__(self, width: int, hold: int) -> None:
        self.on: Flags = np.zeros(width, dtype=np.bool_)
        self._hold = hold
        self._last: Flags = np.empty((0, width), dtype=np.bool_)

    def update(self, conditions: Flags) -> None:
        """Process the conditions of the next checks, shape (k, width)."""
        sequence = np.concatenate([self._last, conditions])
        self._last = sequence[max(0, len(sequence) - self._hold + 1) :]
        checks = len(sequence) - self._hold + 1
        if checks <= 0:
            return
        stable = np.ones((checks, self.on.size), dtype=np.bool_)
        for step in range(1, self._hold):
            stable &= sequence[step : step + checks] == sequence[:checks]
        newest = checks - 1 - stable[::-1].argmax(axis=0)
        self.on = np.where(stable.any(axis=0), sequence[newest, np.arange(self.on.size)], self.on)


class WorstFeature(NamedTuple):
    """Feature with the highest ratio of PSI to threshold at one check."""

    feature: int
    psi: float
    threshold: float


class PsiDetector:
    """Check a full window of rows against a reference, five times per window length.

    The rows alone decide when a check is due, not how they are split into calls.

    Parameters
    ----------
    reference : ndarray of int, shape (features, bins)
        Counts of the reference; all rows have the same sum.
    size : int
        Number of rows in the window.
    alpha : float
        Probability that at least one feature is above its threshold at a check in the absence
        of drift, divided equally among the features (Bonferroni correction).
    hold : int
        Checks in a row after which a verdict turns.
    """

    def __init__(self, reference: Ints, size: int, alpha: float, hold: int = 3) -> None:
        features, bins = reference.shape
        self.window = BinWindow(size, features, bins)
        self.psi: Floats | None = None
        """PSI of each feature at the last check, shape (features,); ``None`` before the first."""
        self.thresholds: Floats | None = None
        """Threshold of each feature at the last check, likewise."""
        self._reference = reference
        self._estimator = PsiThresholdEstimator(
            int(reference[0].sum()), size, bins, alpha / features
        )
        self._step = -(-size // CHECKS_PER_WINDOW)
        self._rows_until_check = size
        self._debouncer = Debouncer(features + 1, hold)

    @property
    def drifted(self) -> Flags:
        """Debounced verdict of each feature: PSI above threshold; shape (features,)."""
        return self._debouncer.on[1:]

    @property
    def verdicts(self) -> list[bool]:
        """Debounced verdict of any feature, then of each feature: PSI above threshold."""
        return [bool(on) for on in self._debouncer.on]

    def resume(self, verdicts: list[bool]) -> None:
        """Restore `verdicts`; ignore those of a different number of features."""
        if len(verdicts) == self._debouncer.on.size:
            self._debouncer.on = np.array(verdicts, dtype=np.bool_)

    @property
    def any_drifted(self) -> bool:
        """Debounced verdict: any feature has a PSI above its threshold."""
        return bool(self._debouncer.on[0])

    def update(self, indices: Indices) -> list[WorstFeature]:
        """Add rows, shape (features, n); return the worst feature of each check that was due."""
        n = indices.shape[1]
        stops = range(self._rows_until_check, n + 1, self._step)
        counts = self.window.update(indices, stops)
        self._rows_until_check += len(stops) * self._step - n
        if not stops:
            return []
        values = psi(self._reference, counts)
        thresholds = self._estimator.get(self._reference, counts)
        self.psi, self.thresholds = values[-1], thresholds[-1]
        over = values > thresholds
        self._debouncer.update(np.concatenate([over.any(axis=1, keepdims=True), over], axis=1))
        worst = (values / thresholds).argmax(axis=1)
        checks = np.arange(len(stops))
        columns = worst, values[checks, worst], thresholds[checks, worst]
        return list(map(WorstFeature, *(column.tolist() for column in columns)))
