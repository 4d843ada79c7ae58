"""Score predictions against labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ipyvitals.ingest.mismatch import KINDS, MismatchDetector, has_fractions
from ipyvitals.schema.messages import Message
from ipyvitals.stats.window import Scores
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.user_code import error_text, is_interrupt, safe_repr
from ipyvitals.utils.validation import Rows

__all__ = ["ScoreFunction", "Scorer", "values_equal"]

ScoreFunction: TypeAlias = Callable[[Any, Any], float]

LARGE = 2.0**24
"""Integers from here on are not all exact as a float of 32 bits; from 2**53, of 64 bits."""


class Scorer:
    """Score pairs of prediction and label; exceptions of ``score`` are counted, not raised.

    Without ``score``, a pair that can never be equal, such as a probability and a class, has no
    score: its label does not count.

    Parameters
    ----------
    score : callable or None
        ``score(prediction, actual) -> float`` in [0, 1]; ``None`` compares for equality.
    notices : Notices
        Counts failures of ``score``.
    on_mismatch : callable
        Called with a message when labels and predictions can never be equal, once for each cause.
    """

    def __init__(
        self, score: ScoreFunction | None, notices: Notices, on_mismatch: Callable[[Message], None]
    ) -> None:
        self._score = score
        self._notices = notices
        self.mismatches = MismatchDetector(on_mismatch)

    @property
    def compares(self) -> bool:
        """True if pairs are compared for equality."""
        return self._score is None

    def pairs(
        self, predictions: Sequence[Any], actuals: Sequence[Any], *, fractions: bool = False
    ) -> Scores:
        """Return the scores of `n` pairs, without those that have none."""
        return _scored(self.aligned(predictions, actuals, fractions=fractions))

    def aligned(
        self, predictions: Sequence[Any], actuals: Sequence[Any], *, fractions: bool = False
    ) -> Scores:
        """Return `n` scores of `n` pairs, NaN for those that have none.

        With `fractions`, classes may have a fraction (see `MismatchDetector.rows`).
        """
        if self._score is not None:
            return self._by_callable(self._score, predictions, actuals)
        right = _pairs_equal(predictions, actuals)
        if right.all():
            return right
        unequal = np.flatnonzero(~right).tolist()
        left_out = self.mismatches.rows(predictions, actuals, unequal, fractions=fractions)
        return _without(right, left_out) if left_out else right

    def rows(self, predictions: Rows, actuals: Rows) -> Scores:
        """Return the scores of `n` rows, each side an array of shape (n,) or a list."""
        if isinstance(predictions, np.ndarray) and isinstance(actuals, np.ndarray):
            return self.arrays(predictions, actuals)
        return self.pairs(
            *(
                side.tolist() if isinstance(side, np.ndarray) else side
                for side in (predictions, actuals)
            ),
            fractions=has_fractions(actuals),
        )

    def arrays(self, predictions: Any, actuals: Any) -> Scores:
        """Return the scores of two one-dimensional arrays, without those of rows that have none."""
        if self._score is not None or "O" in (predictions.dtype.kind, actuals.dtype.kind):
            return self.pairs(predictions.tolist(), actuals.tolist())
        if KINDS.get(predictions.dtype.kind) != KINDS.get(actuals.dtype.kind):
            right = np.zeros(predictions.size, dtype=np.bool_)
        else:
            right = _arrays_equal(predictions, actuals)
        left_out = self.mismatches.arrays(predictions, actuals, right)
        return right if left_out is None else right[~left_out]

    def _by_callable(
        self, score: ScoreFunction, predictions: Sequence[Any], actuals: Sequence[Any]
    ) -> Scores:
        scores: list[float] = []
        for prediction, actual in zip(predictions, actuals, strict=True):
            scores.append(nan)
            try:
                value = float(score(prediction, actual))
            except BaseException as error:
                if is_interrupt(error):
                    raise
                self._notices.add("score.failed", error=error_text(error))
                continue
            if 0 <= value <= 1:
                scores[-1] = value
            else:
                self._notices.add("score.range", value=safe_repr(value))
        return np.array(scores, dtype=np.float64)


def _scored(scores: Scores) -> Scores:
    return scores if scores.dtype == np.bool_ else scores[~np.isnan(scores)]


def _without(right: npt.NDArray[np.bool_], rows: list[int]) -> Scores:
    scores = right.astype(np.float64)
    scores[rows] = nan
    return scores


def _pairs_equal(predictions: Sequence[Any], actuals: Sequence[Any]) -> npt.NDArray[np.bool_]:
    try:
        # bytes() converts a list of plain bools 6 times faster than np.array.
        raw = bytes([p == a for p, a in zip(predictions, actuals, strict=True)])
        right = np.frombuffer(raw, dtype=np.bool_)
    except BaseException as error:
        if is_interrupt(error):
            raise
        # NumPy scalars, arrays, None and an array, a raising __eq__: pair by pair.
        right = np.array(
            [values_equal(p, a) for p, a in zip(predictions, actuals, strict=True)], dtype=np.bool_
        )
    if any(issubclass(kind, np.number) for kind in {*map(type, predictions), *map(type, actuals)}):
        right = right.copy()
        for row in np.flatnonzero(right).tolist():
            right[row] = not _are_different_integers(predictions[row], actuals[row])
    return right


def _arrays_equal(predictions: Any, actuals: Any) -> npt.NDArray[np.bool_]:
    try:
        right: npt.NDArray[np.bool_] = predictions == actuals
    except TypeError:
        # Types that NumPy does not compare, such as moments and durations.
        return np.zeros(predictions.size, dtype=np.bool_)
    for floats, integers in ((predictions, actuals), (actuals, predictions)):
        if floats.dtype.kind == "f" and integers.dtype.kind in "iu":
            # NumPy compares an integer with a float as floats.
            for row in np.flatnonzero(right & (np.abs(floats) >= LARGE)).tolist():
                right[row] = int(floats[row]) == int(integers[row])
    return right


def _are_different_integers(prediction: Any, actual: Any) -> bool:
    """Return whether NumPy calls two different integers equal, since it compares them as floats."""
    try:
        return bool(abs(prediction) >= LARGE and int(prediction) != int(actual))
    except (TypeError, ValueError, OverflowError):
        return False


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
    except BaseException as error:
        if is_interrupt(error):
            raise
        try:
            return bool(np.array_equal(prediction, actual))
        except BaseException as second:
            if is_interrupt(second):
                raise
            return False
