"""Decodes data of another process into the contract's types, field by field, within ranges.

A kernel is another program, perhaps of another version, and perhaps hostile. `LenientDecoder`
takes what is sound of its message: a value of another type, or outside its range, is replaced by
the default of its field, and counted. An entry of a list or dict that is not sound is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any, Generic, TypeAlias, TypeGuard, TypeVar

import msgspec
from msgspec import UNSET, inspect

__all__ = [
    "MAX_INTEGER",
    "MAX_ITEMS",
    "MAX_MOMENT",
    "MAX_PERCENT",
    "MAX_SECONDS",
    "MAX_TEXT_CHARS",
    "Decoded",
    "InvalidValueError",
    "LenientDecoder",
    "parse_json",
]

MAX_INTEGER = 2**63 - 1
"""Integers lie between this and its negative."""
MAX_MOMENT = 253_402_300_799.0
"""Moments lie between 1970 and the end of the year 9999, in Unix seconds."""
MAX_SECONDS = 1e11
"""Durations last three thousand years at most."""
MAX_PERCENT = 1e6
"""Percentages and ratios lie between this and its negative."""
MAX_TEXT_CHARS = 16 * 1024
"""Longer texts are cut."""
MAX_ITEMS = 1_000
"""Further entries of a list or dict are left out."""

T = TypeVar("T")


class InvalidValueError(ValueError):
    """A value has another type than its field, or lies outside its range."""


class Decoded(msgspec.Struct, Generic[T], frozen=True):
    """A decoded value, and how many of the values in it were replaced or left out."""

    value: T
    invalid: int


class _Tally:
    """Counts the values that were replaced or left out."""

    def __init__(self) -> None:
        self.invalid = 0


_Convert: TypeAlias = Callable[[Any, _Tally], Any]


class LenientDecoder(Generic[T]):
    """Decodes plain values into a struct of the contract.

    Parameters
    ----------
    type : type
        A struct of the contract, or of the protocol.

    Examples
    --------
    >>> from ipyvitals.schema import SystemSection
    >>> decoder = LenientDecoder(SystemSection)
    >>> plain = {"cpu_percent": "much", "process_threads": 7, "oom_kills": 10**400}
    >>> decoded = decoder.decode(plain)
    >>> decoded.value.process_threads, decoded.value.cpu_percent, decoded.invalid
    (7, None, 2)
    """

    def __init__(self, type: type[T]) -> None:
        self._convert = _converter(inspect.type_info(type), "")

    def decode(self, plain: Any) -> Decoded[T]:
        """Return the value of plain dicts, lists, texts and numbers.

        Raises
        ------
        InvalidValueError
            When a field that has no default is missing or not sound.
        """
        tally = _Tally()
        return Decoded(self._convert(plain, tally), tally.invalid)


def parse_json(data: bytes) -> Any:
    """Return the plain values of a JSON document; a number that no float or integer holds is NaN.

    Raises
    ------
    ValueError, RecursionError
        When the document is no JSON, or nested too deeply.
    """
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        # Of NaN, and of numbers beyond its range, msgspec refuses the whole document.
        text = data.decode()
        return json.loads(text, parse_int=_integer, parse_constant=lambda _: float("nan"))


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= len(str(-MAX_INTEGER)) else float("nan")


def _converter(info: inspect.Type, name: str) -> _Convert:
    """Return the function that converts a value of a type.

    `name` is that of its field, or the unit of a field that is declared as a metric.
    """
    match info:
        case inspect.Metadata():
            declared = (info.extra or {}).get("metric")
            return _converter(info.type, name if declared is None else declared.unit)
        case inspect.StructType():
            return _struct(info.cls)
        case inspect.UnionType():
            return _union(info.types, name)
        case inspect.ListType():
            return _list(_converter(info.item_type, name))
        case inspect.DictType():
            return _dict(_converter(info.value_type, name))
        case inspect.LiteralType():
            return _literal(frozenset(info.values))
        case inspect.FloatType():
            return _float(*_range_of(name))
        case inspect.IntType():
            return _int
        case inspect.StrType():
            return _text
        case inspect.BoolType():
            return _bool
        case inspect.AnyType():
            return lambda value, _: value
    raise TypeError(f"no decoding is known of {info!r}")


def _range_of(name: str) -> tuple[float, float]:
    """Return the range of a number by its unit, or by the name of its field, which carries it."""
    if name in ("at", "timestamp") or name.endswith(("_at", "_since", "_timestamp")):
        return 0.0, MAX_MOMENT
    if name in ("seconds", "interval") or name.endswith("_seconds"):
        return -MAX_SECONDS, MAX_SECONDS
    if name in ("ratio", "percent", "progress") or name.endswith("_percent"):
        return -MAX_PERCENT, MAX_PERCENT
    return float("-inf"), float("inf")


@cache
def _struct(cls: Any) -> _Convert:
    info: Any = inspect.type_info(cls)
    fields = [(one, _converter(one.type, one.name)) for one in info.fields]

    def convert(value: Any, tally: _Tally) -> Any:
        if not isinstance(value, dict):
            raise InvalidValueError(f"expected {cls.__name__}, got {type(value).__name__}")
        found = {}
        for field, convert_field in fields:
            given = value.get(field.encode_name, UNSET)
            if given is not UNSET:
                try:
                    found[field.name] = convert_field(given, tally)
                    continue
                except InvalidValueError:
                    if field.required:
                        raise
                    tally.invalid += 1
            elif field.required:
                raise InvalidValueError(f"{cls.__name__} lacks {field.encode_name}")
        return cls(**found)

    return convert


def _union(types: tuple[inspect.Type, ...], name: str) -> _Convert:
    structs: list[Any] = [one for one in types if _is_tagged(one)]
    tagged = {one.tag: _struct(one.cls) for one in structs}
    others = [
        _converter(one, name)
        for one in types
        if not isinstance(one, inspect.NoneType) and not _is_tagged(one)
    ]
    nullable = any(isinstance(one, inspect.NoneType) for one in types)
    tag_field = next((one.tag_field for one in structs), None)

    def convert(value: Any, tally: _Tally) -> Any:
        if value is None and nullable:
            return None
        if tag_field is not None and isinstance(value, dict):
            chosen = tagged.get(_hashable(value.get(tag_field)))
            if chosen is not None:
                return chosen(value, tally)
        for one in others:
            try:
                return one(value, tally)
            except InvalidValueError:
                continue
        raise InvalidValueError(f"got {type(value).__name__}")

    return convert


def _is_tagged(info: Any) -> TypeGuard[inspect.StructType]:
    return isinstance(info, inspect.StructType) and info.tag is not None


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str) else None


def _list(convert_item: _Convert) -> _Convert:
    def convert(value: Any, tally: _Tally) -> Any:
        if not isinstance(value, list):
            raise InvalidValueError(f"expected a list, got {type(value).__name__}")
        tally.invalid += max(0, len(value) - MAX_ITEMS)
        items = []
        for item in value[:MAX_ITEMS]:
            try:
                items.append(convert_item(item, tally))
            except InvalidValueError:
                tally.invalid += 1
        return items

    return convert


def _dict(convert_value: _Convert) -> _Convert:
    def convert(value: Any, tally: _Tally) -> Any:
        if not isinstance(value, dict):
            raise InvalidValueError(f"expected an object, got {type(value).__name__}")
        tally.invalid += max(0, len(value) - MAX_ITEMS)
        items = {}
        for key, item in list(value.items())[:MAX_ITEMS]:
            try:
                items[_text(key, tally)] = convert_value(item, tally)
            except InvalidValueError:
                tally.invalid += 1
        return items

    return convert


def _literal(values: frozenset[Any]) -> _Convert:
    def convert(value: Any, _: _Tally) -> Any:
        if isinstance(value, str) and value in values:
            return value
        raise InvalidValueError("got another word")

    return convert


def _float(low: float, high: float) -> _Convert:
    def convert(value: Any, _: _Tally) -> float:
        if type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER:
            value = float(value)
        if type(value) is float and isfinite(value) and low <= value <= high:
            return value
        raise InvalidValueError("got no number of this range")

    return convert


def _int(value: Any, _: _Tally) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    raise InvalidValueError("got no integer of 64 bits")


def _text(value: Any, _: _Tally) -> str:
    if not isinstance(value, str):
        raise InvalidValueError(f"expected a text, got {type(value).__name__}")
    text = value[:MAX_TEXT_CHARS]
    # A lone surrogate cannot be encoded: it would make every answer fail.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _bool(value: Any, _: _Tally) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidValueError(f"expected a boolean, got {type(value).__name__}")
