"""Predictions and features by name: a reference of them, and looks at what came after."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ipyvitals.drift.features import Columns
from ipyvitals.drift.reference import PREDICTIONS, Reference
from ipyvitals.health import Look
from ipyvitals.schema import FeatureDrift
from ipyvitals.stats.psi_detector import PsiDetector

__all__ = ["PREDICTIONS", "FeatureDriftDetector", "Sample"]


class Sample:
    """Rows that will be the reference, of at most `limit` columns.

    Parameters
    ----------
    limit : int
        Columns, the predictions among them.
    """

    def __init__(self, limit: int) -> None:
        self.columns: dict[str, list[Any]] = {PREDICTIONS: []}
        self._limit = limit

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.columns[PREDICTIONS])

    def add(self, columns: Columns, rows: int) -> list[str]:
        """Take the first `rows` of the columns; return the names for which there is no room."""
        before = self.rows
        new = [name for name in columns if name not in self.columns]
        room = self._limit - len(self.columns)
        for name in new[:room]:
            self.columns[name] = [None] * before
        for name, values in self.columns.items():
            column = columns.get(name)
            if column is None:
                values.extend([None] * rows)
            elif isinstance(column, np.ndarray):
                values.extend(column[:rows].tolist())
            else:
                values.extend(column[:rows])
        return new[room:]


class FeatureDriftDetector:
    """Looks at rows by the bins that were fitted on a reference.

    Parameters
    ----------
    reference : Reference
    window : int
        Rows that are compared with it.
    alpha, hold
        See `PsiDetector`.
    """

    def __init__(self, reference: Reference, window: int, alpha: float, hold: int) -> None:
        self.rows = reference.rows
        """Rows of the reference."""
        self.bins = reference.bins
        self._names = list(self.bins)
        self._counts = reference.counts
        self._window = window
        self._alpha = alpha
        self._hold = hold
        self.reset()

    def reset(self) -> None:
        """Forget the window and its looks; the reference stays."""
        self._watch = PsiDetector(self._counts, self._window, self._alpha, self._hold)

    @property
    def verdicts(self) -> list[bool]:
        """Whether anything at all, and then whether each column, has drifted."""
        return self._watch.verdicts

    def resume(self, verdicts: list[bool]) -> None:
        """Go on from such verdicts."""
        self._watch.resume(verdicts)

    @property
    def window_rows(self) -> int:
        """How many rows the window holds."""
        return self._watch.window.rows

    @property
    def drifted(self) -> bool:
        """Whether anything is above its threshold, held for `hold` looks."""
        return self._watch.any_drifted

    def update(self, columns: Columns, start: int, stop: int) -> list[Look]:
        """Take some rows of the columns; return the looks that were due."""
        indices: npt.NDArray[np.uint8] = np.empty((len(self.bins), stop - start), dtype=np.uint8)
        for row, (name, bins) in enumerate(self.bins.items()):
            column = columns.get(name)
            indices[row] = bins.missing if column is None else bins.index(column[start:stop])
        return [
            Look(
                what=_in_words(self._names[worst.feature]),
                value=worst.psi,
                threshold=worst.threshold,
                n=self._window,
            )
            for worst in self._watch.update(indices)
        ]

    def furthest(self, count: int) -> list[FeatureDrift]:
        """Return what the last look saw of the columns furthest above their thresholds."""
        values, thresholds = self._watch.psi, self._watch.thresholds
        if values is None or thresholds is None:
            pairs = list(self.bins.items())[:count]
            return [FeatureDrift(name=name, kind=bins.kind) for name, bins in pairs]
        order = np.argsort(-values / thresholds, kind="stable")[:count].tolist()
        return [
            FeatureDrift(
                name=self._names[place],
                kind=self.bins[self._names[place]].kind,
                psi=float(values[place]),
                threshold=float(thresholds[place]),
                drifted=bool(self._watch.drifted[place]),
            )
            for place in order
        ]


def _in_words(name: str) -> str:
    return "predictions" if name == PREDICTIONS else f"feature {name!r}"
