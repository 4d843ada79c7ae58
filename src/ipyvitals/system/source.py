"""Defines what a source of system readings is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

__all__ = ["MIN_GAP_SECONDS", "Fields", "Part", "ProcessLister", "SystemSource", "UnreadError"]

MIN_GAP_SECONDS = 0.1
"""Differences over a shorter time say more about the kernel's tick than about the load."""

Fields: TypeAlias = Mapping[str, Any]
"""Fields of `SystemSection`, by name."""

Part: TypeAlias = Callable[[float, Fields], Fields]
"""Takes the monotonic time and the fields read so far; returns more fields."""


class SystemSource(Protocol):
    """Reads some fields of `SystemSection`, in parts.

    A part that raises leaves its own fields unknown and the other parts unharmed. Sources are
    read in order, and a later one gets the fields of the earlier ones, which it may correct.
    """

    def parts(self) -> Mapping[str, Part]:
        """Return the parts, by the name under which their failures are counted."""
        ...


class ProcessLister(Protocol):
    """Lists the processes whose GPU memory and connections are counted."""

    @property
    def pids(self) -> list[int]:
        """Return their ids, that of the root first."""
        ...


class UnreadError(Exception):
    """Reports a part that could not be read, and the fields that are known nevertheless."""

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.fields = fields
