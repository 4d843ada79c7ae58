"""Takes values of users as they are at the call, and says which of them are missing."""

from __future__ import annotations

import copy
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from ipyvitals.utils.device_values import DeviceValue, is_on_device

__all__ = [
    "PLAIN_TYPES",
    "is_missing",
    "masked_as_none",
    "missing_rows",
    "take_list",
    "take_value",
]

PLAIN_TYPES = frozenset({int, float, str, bool, bytes, complex, type(None)})
"""Types whose values never change, so that they are taken as they are."""
NEVER_MISSING = frozenset({int, str, bool, bytes})


def take_value(value: Any, *, defer: bool = False) -> Any:
    """Return a value as it is now: what the caller changes later does not change the result.

    Arrays and tensors of one element become a number, others a NumPy array of their own; lists,
    tuples, dicts and sets are copied, and so are arrays directly in them. All other objects are
    returned as they are.

    Parameters
    ----------
    value : object
    defer : bool
        True returns a `DeviceValue` for a tensor on a GPU, instead of waiting for the GPU.

    Examples
    --------
    >>> buffer = np.zeros(())
    >>> taken = take_value(buffer)
    >>> buffer[...] = 1.0
    >>> float(taken)
    0.0
    """
    if type(value) in PLAIN_TYPES or isinstance(value, np.generic):
        return value.item() if type(value) is np.void else value
    if isinstance(value, (list, tuple, dict, set, bytearray)):
        return _copied(value)
    return _taken(value, defer=defer)


def take_list(values: list[Any]) -> list[Any]:
    """Return a list with each value as it is now.

    Examples
    --------
    >>> take_list([1, np.array(2), "a"])
    [1, np.int64(2), 'a']
    """
    if set(map(type, values)) <= PLAIN_TYPES:
        return values
    return [value if type(value) in PLAIN_TYPES else take_value(value) for value in values]


def is_missing(value: Any) -> bool:
    """Return whether a value stands for no value: None, NaN, NaT, pandas.NA, null of Arrow.

    Examples
    --------
    >>> is_missing(None), is_missing(np.float32("nan")), is_missing(""), is_missing([None])
    (True, True, False, False)
    """
    kind = type(value)
    if kind in NEVER_MISSING:
        return False
    if value is None:
        return True
    pandas = sys.modules.get("pandas")
    if pandas is not None and value is getattr(pandas, "NA", None):
        return True
    try:
        if getattr(value, "is_nan", None) is not None and value.is_nan():
            return True  # decimal.Decimal, of which a signalling NaN cannot be compared.
        if getattr(value, "is_valid", None) is False:
            return True  # A scalar of Arrow.
        unequal = value != value  # noqa: PLR0124
        return isinstance(unequal, (bool, np.bool_)) and bool(unequal)
    except Exception:
        return False


def missing_rows(
    rows: list[Any] | npt.NDArray[Any],
) -> npt.NDArray[np.bool_] | None:
    """Return whether each row is missing, shape (n,), or ``None`` where no row is.

    Examples
    --------
    >>> missing_rows([1, None, 0]).tolist()
    [False, True, False]
    >>> missing_rows(np.array([1, 0])) is None
    True
    """
    if isinstance(rows, np.ndarray):
        kind = rows.dtype.kind
        if kind in "biuUS":
            return None
        if kind in "fc":
            missing: npt.NDArray[np.bool_] = np.isnan(rows)
            return missing if missing.any() else None
        if kind in "mM":
            missing = np.isnat(rows)
            return missing if missing.any() else None
        rows = rows.tolist()
    elif set(map(type, rows)) <= NEVER_MISSING:
        return None
    missing = np.fromiter(map(is_missing, rows), np.bool_, len(rows))
    return missing if missing.any() else None


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        taken = copy.copy(value)
        for key, item in value.items():
            if type(item) not in PLAIN_TYPES:
                taken[key] = _element(item)
        return taken
    if type(value) is list:
        return _elements(value)
    if type(value) is tuple:
        elements = _elements(list(value))
        return tuple(elements) if any(map(_differs, elements, value)) else value
    # A named tuple, a set, or a subclass of these.
    return value if isinstance(value, tuple) else copy.copy(value)


def _differs(one: Any, other: Any) -> bool:
    return one is not other


def _elements(values: list[Any]) -> list[Any]:
    if set(map(type, values)) <= PLAIN_TYPES:
        return list(values)
    return [_element(value) for value in values]


def _element(value: Any) -> Any:
    if type(value) in PLAIN_TYPES or isinstance(value, (np.generic, list, tuple, dict, set)):
        return value
    return _taken(value, defer=False)


def _taken(value: Any, *, defer: bool) -> Any:
    """Return an array or a tensor as a number or as an array; any other object as it is."""
    try:
        if is_on_device(value):
            deferred = DeviceValue(value, copy=defer)
            return deferred if defer else deferred.read()
        if not (isinstance(value, np.ndarray) or hasattr(value, "__array__")):
            return value
        return _one_or_all(_own_array(value))
    except Exception:
        return value


def _own_array(value: Any) -> npt.NDArray[Any]:
    if isinstance(value, np.ndarray) and hasattr(value, "mask"):
        return masked_as_none(value)
    detach = getattr(value, "detach", None)
    if callable(detach):
        value = detach()
    try:
        return np.array(value)
    except Exception:
        # A tensor of a type that NumPy does not have, such as bfloat16.
        return np.array(value.tolist())


def _one_or_all(array: npt.NDArray[Any]) -> Any:
    if array.size != 1:
        return array
    one = array.reshape(())[()]
    return take_value(one) if array.dtype.kind in "OV" else one


def masked_as_none(array: Any) -> npt.NDArray[Any]:
    """Return a copy of a masked array in which masked values are ``None``."""
    data, mask = np.array(array.data), np.array(array.mask)
    if not mask.any():
        return data
    data = data.astype(object)
    data[np.broadcast_to(mask, data.shape)] = None
    return data
