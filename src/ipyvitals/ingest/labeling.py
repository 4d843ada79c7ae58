"""Evaluate pairs of prediction and label: score, residual and segment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.ingest.scoring import Scorer
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.window import Scores
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.storable import repr_of
from ipyvitals.utils.validation import Rows

__all__ = ["LabelEvaluator", "SegmentFunction"]

SegmentFunction: TypeAlias = Callable[[Any, Any], Hashable]
Segments: TypeAlias = "Sequence[Hashable] | None"


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
        self, predictions: Sequence[Any], actuals: Sequence[Any], segments: Segments = None
    ) -> ScoredLabels:
        """Return the valid labels of `n` pairs, with `n` segments or none."""
        if self._segment_of is not None:
            segments = self._fill_segments(self._segment_of, predictions, actuals, segments)
        residuals = self._residuals(predictions, actuals) if self._regression else None
        if residuals is not None and self._tolerance is not None:
            scores: Scores = np.where(
                np.isnan(residuals), np.nan, np.abs(residuals) <= self._tolerance
            )
        elif residuals is None and segments is None:
            return ScoredLabels(self._scorer.pairs(predictions, actuals))
        else:
            scores = self._scorer.aligned(predictions, actuals)
        return _valid_labels(scores, residuals, segments)

    def rows(self, predictions: Rows, actuals: Rows, segments: Segments = None) -> ScoredLabels:
        """Return the valid labels of `n` rows, each side an array of shape (n,) or a list."""
        if not self._regression and segments is None and self._segment_of is None:
            return ScoredLabels(self._scorer.rows(predictions, actuals))
        if self._regression and self._segment_of is None and self._tolerance is not None:
            return self.pairs(predictions, actuals, segments)  # type: ignore[arg-type]
        plain = [
            side.tolist() if isinstance(side, np.ndarray) else side
            for side in (predictions, actuals)
        ]
        return self.pairs(plain[0], plain[1], segments)

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
            segment = segment_of(prediction, actual)
            hash(segment)
        except Exception as error:
            self._notices.add("segment.failed", error=f"{type(error).__name__}: {error}")
            return None
        return segment

    def _residuals(self, predictions: Any, actuals: Any) -> Floats:
        sides = [_numbers(side) for side in (predictions, actuals)]
        with np.errstate(invalid="ignore", over="ignore"):
            residuals: Floats = sides[0] - sides[1]
        unusable = ~np.isfinite(residuals)
        if unusable.any():
            residuals[unusable] = np.nan
            row = int(np.flatnonzero(unusable)[0])
            self._notices.add(
                "labels.not_a_number",
                count=int(unusable.sum()),
                prediction=repr_of(predictions[row]),
                label=repr_of(actuals[row]),
            )
        return residuals


def _numbers(values: Any) -> Floats:
    try:
        numbers: Floats = np.array(values, dtype=np.float64)
        if numbers.ndim == 1:
            return numbers
    except (TypeError, ValueError):
        pass
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Any) -> float:
    try:
        # Accepts an array of one number: many models return one for a single row.
        return float(np.array(value, dtype=np.float64).item())
    except (TypeError, ValueError):
        return float("nan")


def _valid_labels(scores: Scores, residuals: Floats | None, segments: Segments) -> ScoredLabels:
    """Return the labels whose score and residual are not NaN."""
    valid: npt.NDArray[np.bool_] = ~np.isnan(scores)
    if residuals is not None:
        valid &= ~np.isnan(residuals)
    if not valid.all():
        scores = scores[valid]
        residuals = residuals[valid] if residuals is not None else None
        if segments is not None:
            segments = [segments[row] for row in np.flatnonzero(valid).tolist()]
    return ScoredLabels(scores, residuals, segments)
