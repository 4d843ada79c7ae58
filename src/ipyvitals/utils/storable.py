"""Convert any value to a form that SQLite, JSON and MessagePack can store; bounded in size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from ipyvitals.utils.user_code import safe_repr, safe_text

__all__ = [
    "MAX_INTEGER",
    "MAX_TEXT_CHARS",
    "MIN_INTEGER",
    "encode",
    "storable",
    "storable_key",
    "storable_text",
    "storable_value",
    "text_of",
    "without_surrogates",
]

MAX_TEXT_CHARS = 1_000
"""Characters of a text in the history; longer ones are cut."""
DIGEST_CHARS = 16
_SINGLE = frozenset({str, int, float})
MIN_INTEGER, MAX_INTEGER = -(1 << 63), (1 << 63) - 1


def without_surrogates(text: str) -> str:
    """Return a plain string that every encoding of Unicode can hold: lone surrogates escaped."""
    # str() of an enumeration is the name of the member; its text is what was meant.
    plain = str.__str__(text)
    return plain if plain.isascii() else plain.encode("utf-8", "backslashreplace").decode()


def storable_text(text: str) -> str:
    """Return a plain string of at most 1,000 characters, with lone surrogates escaped."""
    return without_surrogates(text[:MAX_TEXT_CHARS])[:MAX_TEXT_CHARS]


def text_of(value: Any) -> str:
    """Return the text of any value like `storable_text`; of a class that refuses it, its name."""
    return storable_text(safe_text(value))


def storable_key(text: str) -> str:
    """Return a name like `storable_text`; names that differ beyond the cut stay different."""
    plain = without_surrogates(text)
    if len(plain) <= MAX_TEXT_CHARS:
        return plain
    digest = sha256(plain.encode()).hexdigest()[:DIGEST_CHARS]
    return f"{plain[: MAX_TEXT_CHARS - DIGEST_CHARS - 1]}…{digest}"


def storable_value(value: Any) -> Any:
    """Return a number of 64 bits, a text, bytes or ``None``; of anything else its `repr`.

    Whole numbers beyond 64 bits become texts, and NaN becomes ``None``.
    """
    if value is None or type(value) is float:
        return None if value != value else value  # noqa: PLR0124
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, bytes):
        return bytes(value[:MAX_TEXT_CHARS])
    try:
        item = getattr(value, "item", None)
        if callable(item) and getattr(value, "ndim", None) == 0:
            return storable_value(item())
        if isinstance(value, int) and MIN_INTEGER <= value <= MAX_INTEGER:
            return int(value)
        if isinstance(value, float):
            return storable_value(float(value))
    except KeyboardInterrupt:
        raise
    except BaseException:
        # A class of the user may refuse anything, even by SystemExit.
        return f"<{type(value).__name__}>"
    return storable_text(safe_repr(value))


def encode(encoder: Callable[[Any], bytes], value: Any) -> bytes:
    """Return `value` as JSON or MessagePack; what cannot be encoded as it is becomes storable.

    Parameters
    ----------
    encoder : callable
        ``msgspec.json.encode`` or ``msgspec.msgpack.encode``.
    value : object
        Structs, mappings, lists and single values.
    """
    try:
        return encoder(value)
    except (UnicodeError, OverflowError, TypeError, ValueError):
        return encoder(storable(value))


def storable(value: Any) -> Any:
    """Return structs, mappings and lists as dicts and lists of storable values."""
    if value is None or type(value) in _SINGLE:
        return storable_value(value)
    if isinstance(value, msgspec.Struct):
        value = {
            name: getattr(value, field)
            for field, name in zip(
                value.__struct_fields__, value.__struct_encode_fields__, strict=True
            )
        }
    if isinstance(value, Mapping):
        return {storable_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    # Bytes and flags are stored as they are, however long they are.
    return value if isinstance(value, (bytes, bool)) else storable_value(value)
