"""Check predictions and features for drift against a reference."""

from __future__ import annotations

from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from ipyvitals.drift.features import Columns
from ipyvitals.drift.reference import PREDICTIONS, ReferenceDistribution
from ipyvitals.health import DriftCheck
from ipyvitals.schema import FeatureDrift
from ipyvitals.stats.psi_detector import PsiDetector

__all__ = ["PREDICTIONS", "FeatureDriftDetector", "ReferenceBuffer"]


class ReferenceBuffer:
    """Collect the rows of a future reference, with at most `limit` columns.

    Parameters
    ----------
    limit : int
        Maximum number of columns, including the predictions.
    """

    def __init__(self, limit: int) -> None:
        self.columns: dict[str, list[Any]] = {PREDICTIONS: []}
        self._limit = limit

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[PREDICTIONS])

    def add(self, columns: Columns, rows: int) -> list[str]:
        """Add the first `rows` rows; return the names of the columns above the limit."""
        before = self.rows
        new = [name for name in columns if name not in self.columns]
        room = self._limit - len(self.columns)
        for name in new[:room]:
            self.columns[name] = [None] * before
        for name, values in self.columns.items():
            column = columns.get(name)
            if column is None:
                values.extend([None] * rows)
            elif isinstance(column, np.ndarray) and column.dtype.kind not in "mM":
                values.extend(column[:rows].tolist())
            else:
                values.extend(column[:rows])
        return new[room:]


class FeatureDriftDetector:
    """Bin rows as the reference was binned, and check them for drift.

    Parameters
    ----------
    reference : ReferenceDistribution
    window : int
        Number of rows that are compared with it.
    alpha, hold
        See `PsiDetector`.
    """

    def __init__(
        self, reference: ReferenceDistribution, window: int, alpha: float, hold: int
    ) -> None:
        self.rows = reference.rows
        """Number of rows of the reference."""
        self.bins = reference.bins
        self.unwatched = reference.unwatched
        """Names of columns in which values cannot be compared."""
        self._names = list(self.bins)
        self._counts = reference.counts
        self._window = window
        self._alpha = alpha
        self._hold = hold
        self.reset()

    def reset(self) -> None:
        """Clear the window and the verdicts; keep the reference."""
        self._detector = PsiDetector(self._counts, self._window, self._alpha, self._hold)

    @property
    def verdicts(self) -> list[bool]:
        """Verdict of any column, then of each column: drifted or not."""
        return self._detector.verdicts

    def resume(self, verdicts: list[bool]) -> None:
        """Restore `verdicts`; see `PsiDetector.resume`."""
        self._detector.resume(verdicts)

    @property
    def window_rows(self) -> int:
        """Number of rows in the window."""
        return self._detector.window.rows

    @property
    def drifted(self) -> bool:
        """Debounced verdict: any column is above its threshold."""
        return self._detector.any_drifted

    def update(self, columns: Columns, start: int, stop: int) -> list[DriftCheck]:
        """Take some rows of the columns; return the checks that were due."""
        indices: npt.NDArray[np.uint8] = np.empty((len(self.bins), stop - start), dtype=np.uint8)
        for row, (name, bins) in enumerate(self.bins.items()):
            column = columns.get(name)
            indices[row] = bins.missing if column is None else bins.index(column[start:stop])
        return [
            DriftCheck(
                feature=self._names[worst.feature] or None,
                value=worst.psi,
                threshold=worst.threshold,
                n=self._window,
            )
            for worst in self._detector.update(indices)
        ]

    def most_drifted(self, count: int) -> list[FeatureDrift]:
        """Return the last check of the `count` columns with the highest PSI to threshold ratio.

        A column in which values cannot be compared is left out unless it drifted: its values began
        to recur, or are missing more or less often.
        """
        values, thresholds = self._detector.psi, self._detector.thresholds
        drifted = self._detector.drifted
        shown = [name not in self.unwatched or drifted[row] for row, name in enumerate(self._names)]
        if values is None or thresholds is None:
            pairs = list(compress(self.bins.items(), shown))[:count]
            return [FeatureDrift(name=name, kind=bins.kind) for name, bins in pairs]
        order = np.argsort(-values / thresholds, kind="stable").tolist()
        return [
            FeatureDrift(
                name=self._names[column],
                kind=self.bins[self._names[column]].kind,
                psi=float(values[column]),
                threshold=float(thresholds[column]),
                drifted=bool(drifted[column]),
            )
            for column in [column for column in order if shown[column]][:count]
        ]
