"""Score predictions against labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.schema.messages import Message, message
from ipyvitals.stats.window import Scores
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.storable import repr_of
from ipyvitals.utils.validation import Rows

__all__ = ["ScoreFunction", "Scorer", "values_equal"]

ScoreFunction: TypeAlias = Callable[[Any, Any], float]

MISMATCH_SAMPLE = 16


class Scorer:
    """Score pairs of prediction and label; exceptions of ``score`` are counted, not raised.

    Parameters
    ----------
    score : callable or None
        ``score(prediction, actual) -> float`` in [0, 1]; ``None`` compares for equality.
    notices : Notices
        Counts failures of ``score``.
    on_mismatch : callable
        Called once, with a message, when labels and predictions are of different kinds.
    """

    def __init__(
        self, score: ScoreFunction | None, notices: Notices, on_mismatch: Callable[[Message], None]
    ) -> None:
        self._score = score
        self._notices = notices
        self._on_mismatch: Callable[[Message], None] | None = on_mismatch

    def pairs(self, predictions: Sequence[Any], actuals: Sequence[Any]) -> Scores:
        """Return the scores of `n` pairs, without those for which ``score`` failed."""
        scores = self.aligned(predictions, actuals)
        return scores if self._score is None else scores[~np.isnan(scores)]

    def aligned(self, predictions: Sequence[Any], actuals: Sequence[Any]) -> Scores:
        """Return `n` scores of `n` pairs, NaN where ``score`` failed."""
        if self._score is not None:
            return self._by_callable(self._score, predictions, actuals)
        right = _pairs_equal(predictions, actuals)
        if self._on_mismatch is not None and not right.all():
            for row in np.flatnonzero(~right)[:MISMATCH_SAMPLE].tolist():
                if type(predictions[row]) is not type(actuals[row]):
                    self._compare_kinds(predictions[row], actuals[row])
        return right

    def rows(self, predictions: Rows, actuals: Rows) -> Scores:
        """Return the scores of `n` rows, each side an array of shape (n,) or a list."""
        if isinstance(predictions, np.ndarray) and isinstance(actuals, np.ndarray):
            return self.arrays(predictions, actuals)
        return self.pairs(
            *(
                side.tolist() if isinstance(side, np.ndarray) else side
                for side in (predictions, actuals)
            )
        )

    def arrays(self, predictions: Any, actuals: Any) -> Scores:
        """Return the scores of two one-dimensional arrays of equal length."""
        if self._score is not None or "O" in (predictions.dtype.kind, actuals.dtype.kind):
            return self.pairs(predictions.tolist(), actuals.tolist())
        kinds = _KINDS.get(predictions.dtype.kind), _KINDS.get(actuals.dtype.kind)
        if kinds[0] != kinds[1]:
            if predictions.size:
                self._compare_kinds(predictions[0], actuals[0])
            return np.zeros(predictions.size, dtype=np.bool_)
        right: npt.NDArray[np.bool_] = predictions == actuals
        return right

    def _compare_kinds(self, prediction: Any, actual: Any) -> None:
        predicted, true = _kind(prediction), _kind(actual)
        if self._on_mismatch is None or predicted is None or true is None or predicted == true:
            return
        report, self._on_mismatch = self._on_mismatch, None
        report(
            message(
                "labels.kind",
                predictions=predicted,
                labels=true,
                prediction=repr_of(prediction),
                label=repr_of(actual),
            )
        )

    def _by_callable(
        self, score: ScoreFunction, predictions: Sequence[Any], actuals: Sequence[Any]
    ) -> Scores:
        scores: list[float] = []
        for prediction, actual in zip(predictions, actuals, strict=True):
            scores.append(nan)
            try:
                value = float(score(prediction, actual))
            except Exception as error:
                self._notices.add("score.failed", error=f"{type(error).__name__}: {error}")
                continue
            if 0 <= value <= 1:
                scores[-1] = value
            else:
                self._notices.add("score.range", value=repr_of(value))
        return np.array(scores, dtype=np.float64)


def _pairs_equal(predictions: Sequence[Any], actuals: Sequence[Any]) -> npt.NDArray[np.bool_]:
    try:
        # bytes() converts a list of plain bools 6 times faster than np.array.
        raw = bytes([p == a for p, a in zip(predictions, actuals, strict=True)])
        return np.frombuffer(raw, dtype=np.bool_)
    except Exception:
        # NumPy scalars, arrays, None and an array, a raising __eq__: pair by pair.
        return np.array(
            [values_equal(p, a) for p, a in zip(predictions, actuals, strict=True)], dtype=np.bool_
        )


def values_equal(prediction: Any, actual: Any) -> bool:
    """Return whether two values are equal; arrays are if all their elements are.

    Examples
    --------
    >>> values_equal(None, None), values_equal([1, 2], [1, 2])
    (True, True)
    >>> values_equal(float("nan"), float("nan"))
    False
    """
    try:
        return bool(prediction == actual)
    except Exception:
        try:
            return bool(np.array_equal(prediction, actual))
        except Exception:
            return False


_KINDS = {"U": "string", "T": "string", "S": "byte string"} | dict.fromkeys("biufc", "number")
"""Kind of value by NumPy's ``dtype.kind``; values of different kinds are never equal."""


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bytes):
        return "byte string"
    return "number" if isinstance(value, (bool, int, float, complex, np.number, np.bool_)) else None
