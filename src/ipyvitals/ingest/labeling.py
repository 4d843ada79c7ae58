"""From pairs of prediction and truth to what models learn of a label."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.ingest.scoring import Scorer
from ipyvitals.models.labelled import Labelled
from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.window import Scores
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.validation import Rows

__all__ = ["Labeler", "SegmentOf"]

SegmentOf: TypeAlias = Callable[[Any, Any], Hashable]
Segments: TypeAlias = "Sequence[Hashable] | None"


class Labeler:
    """Scores pairs, measures how far off they are, and says which segment they belong to.

    Parameters
    ----------
    scorer : Scorer
        Scores pairs, unless it has only to be near.
    notices : Notices
        Where labels that cannot be used are counted.
    tolerance : float, optional
        Of a regression: how far off a prediction may be and still count as right.
    regression : bool
        Whether predictions are numbers whose errors are to be measured.
    segment_of : callable, optional
        Takes prediction and truth, and returns the segment of a label that has none.
    """

    def __init__(
        self,
        scorer: Scorer,
        notices: Notices,
        *,
        regression: bool = False,
        tolerance: float | None = None,
        segment_of: SegmentOf | None = None,
    ) -> None:
        self._scorer = scorer
        self._notices = notices
        self._regression = regression
        self._tolerance = tolerance
        self._segment_of = segment_of

    def pairs(
        self, predictions: Sequence[Any], actuals: Sequence[Any], segments: Segments = None
    ) -> Labelled:
        """Return the labels of `n` pairs, with `n` segments or none; some may not count."""
        if self._segment_of is not None:
            segments = self._fill(self._segment_of, predictions, actuals, segments)
        residuals = self._residuals(predictions, actuals) if self._regression else None
        if residuals is not None and self._tolerance is not None:
            scores: Scores = np.where(
                np.isnan(residuals), np.nan, np.abs(residuals) <= self._tolerance
            )
        elif residuals is None and segments is None:
            return Labelled(self._scorer.pairs(predictions, actuals))
        else:
            scores = self._scorer.aligned(predictions, actuals)
        return _counted(scores, residuals, segments)

    def rows(self, predictions: Rows, actuals: Rows, segments: Segments = None) -> Labelled:
        """Return the labels of `n` rows, each side an array of shape (n,) or a list."""
        if not self._regression and segments is None and self._segment_of is None:
            return Labelled(self._scorer.rows(predictions, actuals))
        if self._regression and self._segment_of is None and self._tolerance is not None:
            return self.pairs(predictions, actuals, segments)  # type: ignore[arg-type]
        plain = [
            side.tolist() if isinstance(side, np.ndarray) else side
            for side in (predictions, actuals)
        ]
        return self.pairs(plain[0], plain[1], segments)

    def _fill(
        self,
        segment_of: SegmentOf,
        predictions: Sequence[Any],
        actuals: Sequence[Any],
        segments: Segments,
    ) -> list[Hashable]:
        filled: list[Hashable] = [None] * len(predictions) if segments is None else list(segments)
        for row, segment in enumerate(filled):
            if segment is None:
                filled[row] = self._one(segment_of, predictions[row], actuals[row])
        return filled

    def _one(self, segment_of: SegmentOf, prediction: Any, actual: Any) -> Hashable:
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
                prediction=repr(predictions[row]),
                label=repr(actuals[row]),
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
        # Also of an array of one number, which is what many models return for one row.
        return float(np.array(value, dtype=np.float64).item())
    except (TypeError, ValueError):
        return float("nan")


def _counted(scores: Scores, residuals: Floats | None, segments: Segments) -> Labelled:
    counted: npt.NDArray[np.bool_] = ~np.isnan(scores)
    if residuals is not None:
        counted &= ~np.isnan(residuals)
    if not counted.all():
        scores = scores[counted]
        residuals = residuals[counted] if residuals is not None else None
        if segments is not None:
            segments = [segments[row] for row in np.flatnonzero(counted).tolist()]
    return Labelled(scores, residuals, segments)
