"""Replace objects of the user by plain values, before a lock guards what is done with them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

from ipyvitals.drift.features import Columns
from ipyvitals.utils.user_code import is_interrupt, safe_text
from ipyvitals.utils.validation import Rows

__all__ = ["Opaque", "PlainValues"]

MAX_OPAQUE = 10_000
TRUSTED = frozenset(
    ("builtins", "numpy", "pandas", "datetime", "decimal", "fractions", "uuid", "zoneinfo")
)
"""Modules whose types hash and compare without code of the user."""
CONTAINERS = (tuple, frozenset)


class Opaque:
    """Stands for all objects of the user that are equal to one of them; compared by identity.

    Parameters
    ----------
    text : str
        Text of the object.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class PlainValues:
    """Replaces values whose ``__hash__``, ``__eq__`` or ``__float__`` is code of the user.

    Equal objects get the same `Opaque`. Any thread may call it.
    """

    def __init__(self) -> None:
        self._opaque: dict[Hashable, Opaque] = {}

    def segments(self, segments: Sequence[Hashable]) -> Sequence[Hashable]:
        """Return segments as plain values; ``None`` for one that is missing or fails to hash."""
        return segments if _all_trusted(segments) else [self._plain(one) for one in segments]

    def rows(self, rows: Rows) -> Rows:
        """Return a column of rows as plain values."""
        if isinstance(rows, np.ndarray):
            if rows.dtype.kind != "O":
                return rows
            rows = rows.tolist()
        return rows if _all_trusted(rows) else [self._plain(one) for one in rows]

    def columns(self, rows: Rows, columns: Columns | None) -> tuple[Rows, Columns | None]:
        """Return rows, and columns of their features, as plain values."""
        if columns is not None:
            columns = {name: self.rows(column) for name, column in columns.items()}
        return self.rows(rows), columns

    def _plain(self, value: Any) -> Any:
        if _is_trusted(value):
            return value
        try:
            if isinstance(value, str):
                return str.__str__(value)
            if isinstance(value, int):
                return int(value)
            if isinstance(value, (Real, Decimal)):
                return float(value)
            if bool(value != value):  # noqa: PLR0124 - true only for a missing value
                return None
            known = self._opaque.get(value)
            if known is None:
                if len(self._opaque) >= MAX_OPAQUE:
                    self._opaque.clear()
                known = self._opaque.setdefault(value, Opaque(safe_text(value)))
        except BaseException as error:
            if is_interrupt(error):
                raise
            return None
        return known


def _all_trusted(values: Iterable[Any]) -> bool:
    kinds = set(map(type, values))
    return all(map(_is_trusted_type, kinds)) and kinds.isdisjoint(CONTAINERS)


def _is_trusted(value: Any) -> bool:
    if isinstance(value, CONTAINERS) and type(value) in CONTAINERS:
        return all(map(_is_trusted, value))
    kind: Any = type(value)
    return bool(_is_trusted_type(kind))


@lru_cache(1_000)
def _is_trusted_type(kind: Any) -> bool:
    return str(getattr(kind, "__module__", "")).partition(".")[0] in TRUSTED
