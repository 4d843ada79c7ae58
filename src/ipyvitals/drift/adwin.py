"""Detect changes of the model's mean error with ADWIN."""

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
"""Maximum number of changes that wait for `take_changes`; beyond it, the oldest are dropped."""


def check_river() -> None:
    """Raise unless river is installed."""
    if find_spec("river") is None:
        raise ArgumentValueError(
            "Drift(errors=True): expected the package river, which is not installed; "
            "pip install 'ipyvitals[drift]', or leave errors out."
        )


class ErrorDriftDetector:
    """Pass errors to river's ADWIN, label by label.

    Notes
    -----
    Bifet, A. and Gavaldà, R. (2007), "Learning from time-changing data with adaptive
    windowing", SDM 2007, with river's defaults: a false alarm has a probability of 0.002.
    """

    def __init__(self) -> None:
        check_river()
        # Lazy import: river takes a second to import, and imports pandas and SciPy.
        self._adwin: Any = import_module("river.drift").ADWIN()
        self._error_sum, self._labels = 0.0, 0
        self._retained_error_sum, self._retained_labels = 0.0, 0
        """Sum and number of the errors that ADWIN retained at the last change.

        After a change, river starts with an empty window."""
        self._changes: deque[ErrorChange] = deque(maxlen=MAX_CHANGES)
        self.changes = 0
        self.rising = False
        """True if the mean error rose at the last change."""

    def update(self, scores: Scores) -> None:
        """Add scores in [0, 1], shape (n,), oldest first; the error is 1 − score."""
        adwin = self._adwin
        for error in (1.0 - scores.astype(np.float64)).tolist():
            adwin.update(error)
            self._error_sum += error
            self._labels += 1
            if adwin.drift_detected:
                self._add_change(float(adwin.total), int(adwin.width))

    def _add_change(self, error_sum: float, labels: int) -> None:
        """Add a change after which ADWIN retains `labels` errors with this sum."""
        after = error_sum / labels
        before = (self._error_sum - error_sum) / max(1, self._labels - labels)
        self._retained_error_sum, self._retained_labels = error_sum, labels
        self._error_sum, self._labels = 0.0, 0
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
        """Return the error drift part of the snapshot."""
        labels = self._retained_labels + self._labels
        error_sum = self._retained_error_sum + self._error_sum
        return ErrorDrift(
            error_rate=error_sum / labels if labels else None,
            window_labelled=labels,
            changes=self.changes,
            rising=self.rising,
        )
