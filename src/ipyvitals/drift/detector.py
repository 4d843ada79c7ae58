"""Whether what a model sees and says still looks like the reference."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec
import numpy as np

from ipyvitals.drift.adwin import ErrorDriftDetector, check_river
from ipyvitals.drift.feature_detector import FeatureDriftDetector, Sample
from ipyvitals.drift.features import MAX_COLUMNS, Columns, as_columns, as_row, columns_of
from ipyvitals.drift.reference import PREDICTIONS, Reference
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
MAX_LOOKS = 10_000
CHUNK_ROWS = 4_096
"""Rows that are looked at in one go: what a fold needs in memory does not grow with it."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What is watched without labels.

    Parameters
    ----------
    reference : int
        Rows that are taken as normal: the first of a deployment, unless it is given others.
    window : int
        Rows that are compared with them, the newest ones.
    alpha : float
        Probability that a look finds drift where there is none, whatever the number of
        features.
    errors : bool
        Whether to watch the errors of labelled predictions with ADWIN as well; needs the
        extra ``drift``.
    max_features : int
        Features that are watched beside the predictions; the first ones seen.

    Raises
    ------
    ArgumentTypeError, ArgumentValueError
        When a setting is of another type, outside its range, or river is not installed.

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
    """Compares the newest rows of one deployment with a reference.

    The first rows are the reference, unless `set_reference` gives another. Not thread-safe:
    whoever folds calls it.

    Parameters
    ----------
    settings : Drift
    notices : Notices
        Where features that are not watched are counted.
    hold : int
        Looks in a row after which a verdict turns.
    """

    def __init__(self, settings: Drift, notices: Notices, hold: int = 3) -> None:
        self._settings = settings
        self._hold = hold
        self._notices = notices
        self._sample = Sample(settings.max_features + 1)
        self._watch: FeatureDriftDetector | None = None
        """``None`` until the reference is full."""
        self.reference = b""
        """That for an other kernel; empty until it is full."""
        self._ignored: set[str] = set()
        self._checks: deque[DriftCheck] = deque(maxlen=MAX_LOOKS)
        self._errors = ErrorDriftDetector() if settings.errors else None

    def reset(self) -> None:
        """Forget the window and all verdicts; the reference, or what there is of it, stays."""
        self._checks.clear()
        if self._watch is not None:
            self._watch.reset()
        if self._errors is not None:
            self._errors = ErrorDriftDetector()

    def set_reference(self, predictions: Any, features: Any = None) -> None:
        """Take given rows as the reference, such as those of the training data.

        Parameters
        ----------
        predictions : array, list or Series, shape (n,)
            At least 30.
        features : optional
            As `as_columns` takes them.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When there are fewer rows, or the columns are no columns or of another length.
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
        watched = names[: self._settings.max_features]
        self._ignore(names[len(watched) :])
        self._begin(Reference.fit({PREDICTIONS: rows} | {name: columns[name] for name in watched}))

    def update(self, predictions: Rows, features: Columns | None) -> None:
        """Take rows, oldest first.

        Parameters
        ----------
        predictions : ndarray of shape (n,) or list
        features : mapping of names to columns of the same length, or None
            A feature that is missing here, or a value that is ``None`` or NaN, counts as
            missing: that too can drift.
        """
        columns = {**(features or {}), PREDICTIONS: predictions}
        n, start = len(predictions), 0
        if self._watch is None:
            start = min(n, self._settings.reference - self._sample.rows)
            self._ignore(self._sample.add(columns, start))
            if self._sample.rows < self._settings.reference:
                return
            watch = self._begin(Reference.fit(self._sample.columns))
        else:
            watch = self._watch
        if start < n:
            self._ignore([name for name in columns if name not in watch.bins])
        for first in range(start, n, CHUNK_ROWS):
            self._checks.extend(watch.update(columns, first, min(n, first + CHUNK_ROWS)))

    def update_errors(self, scores: Scores) -> None:
        """Take the scores of labels in [0, 1], shape (n,), in the order in which they came."""
        if self._errors is not None:
            self._errors.update(scores)

    def take_checks(self) -> list[DriftCheck]:
        """Return the checks since the last call, oldest first."""
        checks = list(self._checks)
        self._checks.clear()
        return checks

    def take_error_changes(self) -> list[ErrorChange]:
        """Return the changes of the error since the last call, oldest first."""
        return [] if self._errors is None else self._errors.take_changes()

    def section(self) -> DriftSection:
        """Return the figures."""
        watch = self._watch
        errors = None if self._errors is None else self._errors.section()
        drifted = (watch is not None and watch.drifted) or (errors is not None and errors.rising)
        return DriftSection(
            state="drifted" if drifted else "collecting" if watch is None else "watching",
            reference_rows=self._sample.rows if watch is None else watch.rows,
            reference_size=self._settings.reference if watch is None else watch.rows,
            window_rows=0 if watch is None else watch.window_rows,
            window_size=self._settings.window,
            features=[] if watch is None else watch.furthest(MAX_SHOWN),
            watched=len(self._sample.columns if watch is None else watch.bins),
            errors=errors,
        )

    @property
    def verdicts(self) -> list[bool]:
        """Whether anything at all, and then whether each column, has drifted."""
        return [] if self._watch is None else self._watch.verdicts

    def resume(self, reference: bytes, verdicts: list[bool]) -> None:
        """Go on with the reference and the verdicts of an earlier kernel.

        Raises
        ------
        ValueError
            When it is no reference.
        """
        self._begin(Reference.from_bytes(reference)).resume(verdicts)

    def _begin(self, reference: Reference) -> FeatureDriftDetector:
        settings = self._settings
        self._watch = FeatureDriftDetector(reference, settings.window, settings.alpha, self._hold)
        self.reference = reference.to_bytes()
        self._sample = Sample(settings.max_features + 1)
        self._checks.clear()
        return self._watch

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
