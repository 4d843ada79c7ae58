"""Evaluate pairs of prediction and label: score, residual and segment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import nan
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.ingest.mismatch import has_fractions, short_repr
from ipyvitals.ingest.scoring import Scorer
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.window import Scores
from ipyvitals.utils.datetimes import unix_seconds
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.user_code import error_text, is_interrupt
from ipyvitals.utils.validation import Rows
from ipyvitals.utils.values import take_value

__all__ = ["LabelEvaluator", "SegmentFunction"]

SegmentFunction: TypeAlias = Callable[[Any, Any], Hashable]
Segments: TypeAlias = "Sequence[Hashable] | None"

ROUNDING_UNITS = 4
"""Units in the last place of the larger number by which a tolerance may be exceeded."""
EPSILON = float(np.finfo(np.float64).eps)
_COARSE = {kind: float(np.finfo(kind).eps) for kind in (np.float32, np.float16)}


class LabelEvaluator:
    """Compute score, residual and segment of pairs of prediction and label.

    Parameters
    ----------
    scorer : Scorer
        Scores pairs; not used for a regression with a `tolerance`.
    notices : Notices
        Counts labels that cannot be used.
    regression : bool
        True if predictions are numbers whose residuals are computed.
    tolerance : float, optional
        For a regression: maximum absolute residual of a correct prediction.
    segment_of : callable, optional
        ``segment_of(prediction, actual)`` returns the segment of a label that has none.
    """

    def __init__(
        self,
        scorer: Scorer,
        notices: Notices,
        *,
        regression: bool = False,
        tolerance: float | None = None,
        segment_of: SegmentFunction | None = None,
    ) -> None:
        self._scorer = scorer
        self._notices = notices
        self._regression = regression
        self._tolerance = tolerance
        self._segment_of = segment_of

    def pairs(
        self,
        predictions: Sequence[Any],
        actuals: Sequence[Any],
        segments: Segments = None,
        *,
        fractions: bool = False,
    ) -> ScoredLabels:
        """Return the valid labels of `n` pairs, with `n` segments or none.

        With `fractions`, classes may have a fraction (see `MismatchDetector.rows`).
        """
        if self._segment_of is not None:
            segments = self._fill_segments(self._segment_of, predictions, actuals, segments)
        if not self._regression:
            scores = self._scorer.aligned(predictions, actuals, fractions=fractions)
            return self._valid_labels(scores, None, segments)
        residuals, slack = self._residuals(predictions, actuals)
        if self._tolerance is not None:
            right = np.abs(residuals) <= self._tolerance + slack
            scores = np.where(np.isnan(residuals), np.nan, right)
        else:
            scores = self._scorer.aligned(predictions, actuals)
        return self._valid_labels(scores, residuals, segments)

    def rows(self, predictions: Rows, actuals: Rows, segments: Segments = None) -> ScoredLabels:
        """Return the valid labels of `n` rows, each side an array of shape (n,) or a list."""
        if not self._regression and segments is None and self._segment_of is None:
            scores = self._scorer.rows(predictions, actuals)
            left_out = len(predictions) - scores.size if self._scorer.compares else 0
            return ScoredLabels(scores, mismatched=left_out)
        if self._regression and self._segment_of is None and self._tolerance is not None:
            return self.pairs(predictions, actuals, segments)  # type: ignore[arg-type]
        plain = [
            side.tolist() if isinstance(side, np.ndarray) else side
            for side in (predictions, actuals)
        ]
        fractions = not self._regression and has_fractions(actuals)
        return self.pairs(plain[0], plain[1], segments, fractions=fractions)

    def _fill_segments(
        self,
        segment_of: SegmentFunction,
        predictions: Sequence[Any],
        actuals: Sequence[Any],
        segments: Segments,
    ) -> list[Hashable]:
        filled: list[Hashable] = [None] * len(predictions) if segments is None else list(segments)
        for row, segment in enumerate(filled):
            if segment is None:
                filled[row] = self._call_segment(segment_of, predictions[row], actuals[row])
        return filled

    def _call_segment(self, segment_of: SegmentFunction, prediction: Any, actual: Any) -> Hashable:
        try:
            segment: Hashable = take_value(segment_of(prediction, actual))
            hash(segment)
        except BaseException as error:
            if is_interrupt(error):
                raise
            self._notices.add("segment.failed", error=error_text(error))
            return None
        return segment

    def _residuals(self, predictions: Any, actuals: Any) -> tuple[Floats, Floats]:
        """Return prediction minus label, and by how much rounding may have changed it."""
        sides = [_numbers(side) for side in (predictions, actuals)]
        with np.errstate(invalid="ignore", over="ignore"):
            residuals: Floats = sides[0] - sides[1]
        unusable = ~np.isfinite(residuals)
        if unusable.any():
            residuals[unusable] = np.nan
            row = int(np.flatnonzero(unusable)[0])
            self._scorer.mismatches.report_arrays(predictions[row], actuals[row])
            self._notices.add(
                "labels.not_a_number",
                count=int(unusable.sum()),
                prediction=short_repr(predictions[row]),
                label=short_repr(actuals[row]),
            )
        epsilon = np.maximum(_epsilon(predictions), _epsilon(actuals))
        with np.errstate(invalid="ignore", over="ignore"):
            slack: Floats = (
                ROUNDING_UNITS * epsilon * np.maximum(np.abs(sides[0]), np.abs(sides[1]))
            )
        return residuals, slack

    def _valid_labels(
        self, scores: Scores, residuals: Floats | None, segments: Segments
    ) -> ScoredLabels:
        """Return the labels whose score and residual are not NaN."""
        if scores.dtype == np.bool_ and residuals is None:
            return ScoredLabels(scores, residuals, segments)
        valid: npt.NDArray[np.bool_] = ~np.isnan(scores)
        left_out = 0
        if residuals is not None:
            valid &= ~np.isnan(residuals)
        elif self._scorer.compares:
            left_out = int(scores.size - valid.sum())
        if not valid.all():
            scores = scores[valid]
            residuals = residuals[valid] if residuals is not None else None
            if segments is not None:
                segments = [segments[row] for row in np.flatnonzero(valid).tolist()]
        return ScoredLabels(scores, residuals, segments, left_out)


def _numbers(values: Any) -> Floats:
    try:
        array = np.asarray(values)
        if array.ndim == 1 and array.dtype.kind in "biuf":
            numbers: Floats = array.astype(np.float64)
            return numbers
        if array.ndim == 1 and array.dtype.kind in "mM":
            return _seconds(array)
    except BaseException as error:
        if is_interrupt(error):
            raise
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Any) -> float:
    try:
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, date):
            return _unix_seconds(value)
        # Accepts an array of one number: many models return one for a single row.
        array = np.array(value)
        if array.dtype.kind in "mM":
            return float(_seconds(array.reshape(1))[0])
        return float(np.array(value, dtype=np.float64).item())
    except BaseException as error:
        if is_interrupt(error):
            raise
        return nan


def _unix_seconds(moment: date) -> float:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    seconds = unix_seconds("moment", moment)
    return nan if seconds is None else seconds


def _seconds(moments: npt.NDArray[Any]) -> Floats:
    """Return moments as Unix seconds, or durations as seconds, whatever their unit is."""
    if moments.dtype.kind == "M":
        whole = moments.astype("datetime64[s]")
        fraction = (moments - whole) / np.timedelta64(1, "s")
        seconds: Floats = np.where(np.isnat(moments), nan, whole.astype(np.int64) + fraction)
    else:
        seconds = moments / np.timedelta64(1, "s")
    return seconds


def _epsilon(values: Any) -> Floats | float:
    """Return the distance from 1 to the next number of the type of each value."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return max(EPSILON, float(np.finfo(values.dtype).eps))
    if not isinstance(values, np.ndarray) and not _COARSE.keys().isdisjoint(map(type, values)):
        return np.array([_COARSE.get(type(value), EPSILON) for value in values])
    return EPSILON
