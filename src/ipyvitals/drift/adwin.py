"""ADWIN on the stream of errors: whether the model got worse."""

from __future__ import annotations

from collections import deque
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ipyvitals.errors import ArgumentValueError
from ipyvitals.health import ErrorChange
from ipyvitals.schema import ErrorDrift
from ipyvitals.stats.window import Scores

__all__ = ["ErrorDriftDetector", "check_river"]

MAX_CHANGES = 1_000
"""Kept for whoever takes them; the oldest make room."""


def check_river() -> None:
    """Raise unless river is installed."""
    if find_spec("river") is None:
        raise ArgumentValueError(
            "Drift(errors=True): expected the package river, which is not installed; "
            "pip install 'ipyvitals[drift]', or leave errors out."
        )


class ErrorDriftDetector:
    """Feeds errors to river's ADWIN, label by label.

    Notes
    -----
    Bifet, A. and Gavaldà, R. (2007), "Learning from time-changing data with adaptive
    windowing", SDM 2007, with river's defaults: a false alarm has a probability of 0.002.
    """

    def __init__(self) -> None:
        check_river()
        # river takes a second to import, and brings pandas and SciPy.
        self._adwin: Any = import_module("river.drift").ADWIN()
        self._total, self._labels = 0.0, 0
        self._kept_total, self._kept = 0.0, 0
        """Of the labels that ADWIN kept at the last change: river begins anew after it."""
        self._changes: deque[ErrorChange] = deque(maxlen=MAX_CHANGES)
        self.changes = 0
        self.rising = False
        """Whether the last change was for the worse."""

    def update(self, scores: Scores) -> None:
        """Take scores in [0, 1], shape (n,), oldest first; the error is 1 − score."""
        adwin = self._adwin
        for error in (1.0 - scores.astype(np.float64)).tolist():
            adwin.update(error)
            self._total += error
            self._labels += 1
            if adwin.drift_detected:
                self._change(float(adwin.total), int(adwin.width))

    def _change(self, total: float, labels: int) -> None:
        after = total / labels
        before = (self._total - total) / max(1, self._labels - labels)
        self._kept_total, self._kept = total, labels
        self._total, self._labels = 0.0, 0
        self.changes += 1
        self.rising = after > before
        self._changes.append(
            ErrorChange(rising=self.rising, value=after, threshold=before, n=labels)
        )

    def take_changes(self) -> list[ErrorChange]:
        """Return the changes since the last call, oldest first."""
        changes = list(self._changes)
        self._changes.clear()
        return changes

    def section(self) -> ErrorDrift:
        """Return the figures."""
        labels = self._kept + self._labels
        return ErrorDrift(
            error_rate=(self._kept_total + self._total) / labels if labels else None,
            window_labelled=labels,
            changes=self.changes,
            rising=self.rising,
        )
