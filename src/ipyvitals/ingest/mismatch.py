"""Detects pairs of prediction and label that can never be equal, and says once what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from math import floor, isfinite
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt

from ipyvitals.schema.messages import Message, message
from ipyvitals.utils.user_code import safe_repr

__all__ = ["KINDS", "MismatchDetector", "has_fractions", "short_repr"]

PLAIN = frozenset({int, str, bool, bytes, type(None)})
"""Types of which two values can always be equal."""
SEQUENCES = (list, np.ndarray)
MAX_REPR_CHARS = 80

KINDS = {"U": "string", "T": "string", "S": "byte string"} | dict.fromkeys("biufc", "number")
"""Kind of value by NumPy's ``dtype.kind``; values of different kinds are never equal."""


class MismatchDetector:
    """Find the pairs that can never be equal, whose labels do not count.

    Parameters
    ----------
    on_mismatch : callable
        Called once for each code, with a message, from the thread that evaluates the labels.
    """

    def __init__(self, on_mismatch: Callable[[Message], None]) -> None:
        self._on_mismatch = on_mismatch
        self._reported: set[str] = set()

    def rows(
        self,
        predictions: Sequence[Any],
        actuals: Sequence[Any],
        unequal: list[int],
        *,
        fractions: bool = False,
    ) -> list[int]:
        """Return those of the rows with unequal values that do not count as wrong.

        With `fractions`, other labels of the same call have a fraction: 0.0 and 1.0 are classes
        like 0.5.
        """
        found = []
        for row in unequal:
            prediction, actual = predictions[row], actuals[row]
            if type(prediction) is type(actual) and type(prediction) in PLAIN:
                continue
            code = _guarded_mismatch(prediction, actual)
            if code == "labels.scores" and fractions and isinstance(actual, (float, np.floating)):
                continue
            if code is not None:
                self.report(code, prediction, actual)
                if code != "labels.arrays":
                    found.append(row)
        return found

    def arrays(
        self, predictions: Any, actuals: Any, right: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_] | None:
        """Return the rows of two arrays that do not count as wrong, or ``None`` if all count."""
        if not predictions.size:
            return None
        if KINDS.get(predictions.dtype.kind) != KINDS.get(actuals.dtype.kind):
            code = _guarded_mismatch(predictions[0], actuals[0])
            found = np.full(right.size, code is not None)
        elif predictions.dtype.kind == "f" and actuals.dtype.kind in "biuf" and not right.all():
            code, found = "labels.scores", ~right & _fractions(predictions, actuals)
        else:
            return None
        if code is None or not found.any():
            return None
        row = int(np.flatnonzero(found)[0])
        self.report(code, predictions[row].item(), actuals[row].item())
        return found

    def report(self, code: str, prediction: Any, actual: Any) -> None:
        """Report a pair under `code`, unless one was reported before."""
        if code in self._reported:
            return
        self._reported.add(code)
        args = {"prediction": short_repr(prediction), "label": short_repr(actual)}
        if code == "labels.kind":
            args |= {"predictions": _kind_name(prediction, actual)}
            args |= {"labels": _kind_name(actual, prediction)}
        self._on_mismatch(message(code, **args))

    def report_arrays(self, prediction: Any, actual: Any) -> None:
        """Report arrays of several values in a single record, if these are some."""
        if _guarded_mismatch(prediction, actual) == "labels.arrays":
            self.report("labels.arrays", prediction, actual)


def _guarded_mismatch(prediction: Any, actual: Any) -> str | None:
    try:
        return _mismatch(prediction, actual)
    except Exception:
        return None  # Such as a method of the user's class that raises.


def _mismatch(prediction: Any, actual: Any) -> str | None:
    """Return the code of what is wrong with a pair of unequal values; ``None`` if nothing is."""
    if prediction is None or actual is None:
        return None
    if _is_number(prediction) and _is_number(actual):
        return "labels.scores" if _is_fraction_of_class(prediction, actual) else None
    containers = _is_container(prediction), _is_container(actual)
    if containers == (True, False) and _are_scores(prediction) and _is_class(actual):
        return "labels.scores"
    if all(isinstance(side, SEQUENCES) for side in (prediction, actual)):
        return "labels.arrays" if max(len(prediction), len(actual)) > 1 else None
    return "labels.kind" if _never_equal(prediction, actual) else None


def _is_fraction_of_class(prediction: Any, actual: Any) -> bool:
    """Return whether a number with a fraction is compared with a class, which has none."""
    try:
        if not isfinite(prediction) or floor(prediction) == prediction:
            return False
    except (TypeError, ValueError, OverflowError):
        return False
    if isinstance(actual, (int, np.integer, np.bool_)):
        return True
    return bool(0 < prediction < 1 and actual in (0, 1))


def _fractions(predictions: Any, actuals: Any) -> npt.NDArray[np.bool_]:
    fractions: npt.NDArray[np.bool_] = np.isfinite(predictions) & (
        np.floor(predictions) != predictions
    )
    if actuals.dtype.kind == "f":
        fractions &= (predictions > 0) & (predictions < 1) & ((actuals == 0) | (actuals == 1))
        fractions &= not has_fractions(actuals)
    return fractions


def has_fractions(actuals: Any) -> bool:
    """Return whether one of the labels of a call has a fraction, so that classes are fractions.

    Examples
    --------
    >>> has_fractions([0.0, 1.0]), has_fractions([0.0, 0.5])
    (False, True)
    """
    if isinstance(actuals, np.ndarray):
        if actuals.dtype.kind != "f":
            return False
        return bool((np.isfinite(actuals) & (np.floor(actuals) != actuals)).any())
    return any(
        isinstance(actual, (float, np.floating)) and isfinite(actual) and floor(actual) != actual
        for actual in actuals
    )


def _are_scores(prediction: Any) -> bool:
    """Return whether a container has one number for each class."""
    values = prediction.values() if isinstance(prediction, dict) else prediction
    if isinstance(values, np.ndarray):
        return KINDS.get(values.dtype.kind) == "number"
    return len(values) > 0 and all(map(_is_number, values))


def _never_equal(prediction: Any, actual: Any) -> bool:
    kinds = _kind(prediction), _kind(actual)
    if None not in kinds:
        return kinds[0] != kinds[1]
    if isinstance(prediction, date) and isinstance(actual, date):
        return _moment(prediction) != _moment(actual)
    if type(prediction) is type(actual):
        return False
    if isinstance(prediction, np.ndarray) or isinstance(actual, np.ndarray):
        return not (hasattr(prediction, "__len__") and hasattr(actual, "__len__"))
    if isinstance(prediction, np.generic) or isinstance(actual, np.generic):
        return _never_equal(*(_plain(side) for side in (prediction, actual)))
    # Neither type can be compared with the other.
    one: Any = type(prediction).__eq__
    other: Any = type(actual).__eq__
    try:
        return one(prediction, actual) is NotImplemented and (
            other(actual, prediction) is NotImplemented
        )
    except Exception:
        return False


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as an object of Python, whose comparisons tell what they lack."""
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[us]").item()
    if isinstance(value, np.timedelta64):
        return value.astype("timedelta64[us]").item()
    return value.item() if isinstance(value, np.generic) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number, np.bool_, Number))


def _is_container(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict, np.ndarray))


def _is_class(value: Any) -> bool:
    return isinstance(value, (str, bytes)) or _is_number(value)


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bytes):
        return "byte string"
    return "number" if isinstance(value, (bool, int, float, complex, np.number, np.bool_)) else None


def _moment(value: date) -> str:
    if not isinstance(value, datetime):
        return "date"
    return "naive datetime" if value.utcoffset() is None else "aware datetime"


def _kind_name(value: Any, other: Any) -> str:
    if isinstance(value, date) and isinstance(other, date):
        return _moment(value)
    return _kind(value) or type(value).__name__


def short_repr(value: Any) -> str:
    """Return the first characters of a value's ``repr``, or its type where that raises."""
    text = safe_repr(value)
    return text if len(text) <= MAX_REPR_CHARS else f"{text[:MAX_REPR_CHARS]}…"
