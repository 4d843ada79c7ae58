"""Detect drift of one deployment: predictions and features against a reference, and errors."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec
import numpy as np

from ipyvitals.drift.adwin import ErrorDriftDetector, check_river
from ipyvitals.drift.feature_detector import FeatureDriftDetector, ReferenceBuffer
from ipyvitals.drift.features import MAX_COLUMNS, Columns, as_columns, as_row, columns_of
from ipyvitals.drift.reference import PREDICTIONS, ReferenceDistribution
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.health import DriftCheck, ErrorChange
from ipyvitals.schema import DriftSection
from ipyvitals.stats.window import Scores
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.validation import Rows, as_rows

__all__ = ["Drift", "DriftDetector", "as_columns", "as_row", "columns_of"]

MIN_ROWS = 30
MAX_ROWS = 1_000_000
MAX_SHOWN = 20
MAX_CHECKS = 10_000
CHUNK_ROWS = 4_096
"""Rows that are processed at once, which bounds the memory of one drain."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of drift detection.

    Parameters
    ----------
    reference : int
        Number of reference rows: the first rows of a deployment, unless ``set_reference`` passes
        others.
    window : int
        Number of the newest rows that are compared with the reference.
    alpha : float
        Probability of a false alarm at one check, for any number of features.
    errors : bool
        True also monitors the errors of labelled predictions with ADWIN; needs the extra
        ``drift``.
    max_features : int
        Maximum number of monitored features besides the predictions; the first ones seen.

    Raises
    ------
    ArgumentTypeError, ArgumentValueError
        When a setting has the wrong type or is out of range, or river is not installed.

    Examples
    --------
    >>> Drift(window=200).window
    200
    """

    reference: int = 1_000
    window: int = 500
    alpha: float = 0.01
    errors: bool = False
    max_features: int = 100

    def __post_init__(self) -> None:
        limits = {
            "reference": (MIN_ROWS, MAX_ROWS),
            "window": (MIN_ROWS, MAX_ROWS),
            "max_features": (0, MAX_COLUMNS),
        }
        for name, (lowest, highest) in limits.items():
            count: Any = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
                raise ArgumentTypeError(f"Drift({name}=…): expected a whole number, got {count!r}.")
            if not lowest <= count <= highest:
                raise ArgumentValueError(
                    f"Drift({name}=…): expected {lowest:,} to {highest:,}, got {count!r}."
                )
        alpha: Any = self.alpha
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float, np.floating)):
            raise ArgumentTypeError(f"Drift(alpha=…): expected a number, got {alpha!r}.")
        if not 1e-6 <= alpha <= 0.5:
            raise ArgumentValueError(
                f"Drift(alpha=…): expected a probability from 0.000001 to 0.5, got {alpha!r}."
            )
        if not isinstance(self.errors, bool):
            raise ArgumentTypeError(f"Drift(errors=…): expected a bool, got {self.errors!r}.")
        if self.errors:
            check_river()


class DriftDetector:
    """Compare the newest rows of one deployment with a reference.

    The first rows are the reference, unless `set_reference` passes others. Not thread-safe: the
    engine calls it under its lock.

    Parameters
    ----------
    settings : Drift
    notices : Notices
        Counts features that are not monitored.
    hold : int
        Checks in a row after which a verdict turns.
    """

    def __init__(self, settings: Drift, notices: Notices, hold: int = 3) -> None:
        self._settings = settings
        self._hold = hold
        self._notices = notices
        self._buffer = ReferenceBuffer(settings.max_features + 1)
        self._detector: FeatureDriftDetector | None = None
        """``None`` until the reference is complete."""
        self.reference = b""
        """Serialised reference for another kernel; empty until the reference is complete."""
        self._ignored: set[str] = set()
        self._checks: deque[DriftCheck] = deque(maxlen=MAX_CHECKS)
        self._errors = ErrorDriftDetector() if settings.errors else None

    def reset(self) -> None:
        """Forget the window and all verdicts; the reference, or what there is of it, stays."""
        self._checks.clear()
        if self._detector is not None:
            self._detector.reset()
        if self._errors is not None:
            self._errors = ErrorDriftDetector()

    def set_reference(self, predictions: Any, features: Any = None) -> None:
        """Use the given rows as the reference, e.g. those of the training data.

        Parameters
        ----------
        predictions : array, list or Series, shape (n,)
            At least 30.
        features : optional
            In any form that `as_columns` accepts.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When there are fewer rows, or `features` has no columns or columns of another length.
        """
        rows = as_rows("predictions", predictions)
        n = len(rows)
        if n < MIN_ROWS:
            raise ArgumentValueError(
                f"predictions: expected a reference of {MIN_ROWS} rows or more, got {n}; hand in "
                "more of the training data, or none: the first predictions are taken then."
            )
        columns = {} if features is None else as_columns(features, n)
        names = list(columns)
        monitored = names[: self._settings.max_features]
        self._ignore(names[len(monitored) :])
        self._start_detector(
            ReferenceDistribution.fit(
                {PREDICTIONS: rows} | {name: columns[name] for name in monitored},
                self._settings.window,
            )
        )

    def update(self, predictions: Rows, features: Columns | None) -> None:
        """Add rows, oldest first.

        Parameters
        ----------
        predictions : ndarray of shape (n,) or list
        features : mapping of names to columns of the same length, or None
            An absent feature and the values ``None`` and NaN count as missing; the ratio of
            missing values can drift, too.
        """
        columns = {**(features or {}), PREDICTIONS: predictions}
        n, start = len(predictions), 0
        if self._detector is None:
            start = min(n, self._settings.reference - self._buffer.rows)
            self._ignore(self._buffer.add(columns, start))
            if self._buffer.rows < self._settings.reference:
                return
            reference = ReferenceDistribution.fit(self._buffer.columns, self._settings.window)
            detector = self._start_detector(reference)
        else:
            detector = self._detector
        if start < n:
            self._ignore([name for name in columns if name not in detector.bins])
        for first in range(start, n, CHUNK_ROWS):
            self._checks.extend(detector.update(columns, first, min(n, first + CHUNK_ROWS)))

    def update_errors(self, scores: Scores) -> None:
        """Add the scores of labels in [0, 1], shape (n,), in the order of arrival."""
        if self._errors is not None:
            self._errors.update(scores)

    def take_checks(self) -> list[DriftCheck]:
        """Return the checks since the last call, oldest first."""
        checks = list(self._checks)
        self._checks.clear()
        return checks

    def take_error_changes(self) -> list[ErrorChange]:
        """Return the changes of the mean error since the last call, oldest first."""
        return [] if self._errors is None else self._errors.take_changes()

    def section(self) -> DriftSection:
        """Return the drift section of the snapshot."""
        detector = self._detector
        errors = None if self._errors is None else self._errors.section()
        columns = self._buffer.columns if detector is None else detector.bins
        unwatched = [] if detector is None else sorted(detector.unwatched)
        drifted = (detector is not None and detector.drifted) or (
            errors is not None and errors.rising
        )
        return DriftSection(
            state="drifted" if drifted else "collecting" if detector is None else "watching",
            reference_rows=self._buffer.rows if detector is None else detector.rows,
            reference_size=self._settings.reference if detector is None else detector.rows,
            window_rows=0 if detector is None else detector.window_rows,
            window_size=self._settings.window,
            features=[] if detector is None else detector.most_drifted(MAX_SHOWN),
            watched=len(columns) - len(unwatched),
            unwatched=unwatched[:MAX_SHOWN],
            errors=errors,
        )

    @property
    def verdicts(self) -> list[bool]:
        """Verdict of any column, then of each column: drifted or not; empty without a reference."""
        return [] if self._detector is None else self._detector.verdicts

    def resume(self, reference: bytes, verdicts: list[bool]) -> None:
        """Restore the reference and the verdicts of an earlier kernel.

        Raises
        ------
        ValueError
            When `reference` is not a serialised reference.
        """
        self._start_detector(ReferenceDistribution.from_bytes(reference)).resume(verdicts)

    def _start_detector(self, reference: ReferenceDistribution) -> FeatureDriftDetector:
        settings = self._settings
        detector = self._detector = FeatureDriftDetector(
            reference, settings.window, settings.alpha, self._hold
        )
        self.reference = reference.to_bytes()
        self._buffer = ReferenceBuffer(settings.max_features + 1)
        self._checks.clear()
        return detector

    def _ignore(self, names: list[str]) -> None:
        new = [name for name in names if name not in self._ignored]
        if not new or len(self._ignored) >= MAX_COLUMNS:
            return
        self._ignored.update(new)
        self._notices.add(
            "drift.features",
            count=len(new),
            feature=repr(new[0]),
            limit=self._settings.max_features,
        )
