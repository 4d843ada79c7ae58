"""Serialise numbers as bytes; zeros and ones take one bit each."""

from __future__ import annotations

import numpy as np

from ipyvitals.stats.seconds import Floats

__all__ = ["pack", "unpack"]

FLOATS, BITS = b"f", b"b"


def pack(values: Floats) -> bytes:
    """Return numbers, shape (n,), as bytes; one bit each if all are 0 or 1.

    Examples
    --------
    >>> len(pack(np.ones(100))), unpack(pack(np.array([0.25, 1.0]))).tolist()
    (15, [0.25, 1.0])
    """
    ones = values == 1
    if (ones | (values == 0)).all():
        return BITS + bytes([values.size % 8]) + np.packbits(ones).tobytes()
    return FLOATS + values.astype("<f8").tobytes()


def unpack(data: bytes) -> Floats:
    """Return the numbers that `pack` serialised.

    Raises
    ------
    ValueError
        When `data` was not written by `pack`.
    """
    kind, rest = data[:1], data[1:]
    if kind == FLOATS:
        return np.frombuffer(rest, dtype="<f8").astype(np.float64)
    if kind != BITS or not rest:
        raise ValueError(f"expected packed numbers, got {data[:8]!r}.")
    bits = np.unpackbits(np.frombuffer(rest[1:], dtype=np.uint8))
    spare = -rest[0] % 8
    return bits[: bits.size - spare].astype(np.float64)
