"""Describes a segment in texts, by which a new kernel finds it again."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from ipyvitals.utils.storable import storable_key, text_of
from ipyvitals.utils.user_code import safe_repr

__all__ = ["StoredSegment", "stored_segment"]


class StoredSegment(msgspec.Struct, frozen=True):
    """Stands for a segment of an earlier kernel until a label has the segment itself.

    A tuple, a date or a member of an enumeration cannot be made again from a checkpoint, since its
    class may not exist yet; an equal one has the same texts.
    """

    kind: str
    """Name of the type."""
    text: str
    """The `repr`."""
    shown: str

    def __str__(self) -> str:
        return self.shown


def stored_segment(segment: Hashable) -> StoredSegment | None:
    """Return the texts of a segment; ``None`` when its `repr` says only where it is in memory.

    Examples
    --------
    >>> stored_segment(("EU", 3)).text
    "('EU', 3)"
    """
    if isinstance(segment, StoredSegment):
        return segment
    kind = type(segment)
    if kind.__repr__ is object.__repr__:
        return None
    return StoredSegment(kind.__qualname__, storable_key(safe_repr(segment)), text_of(segment))
