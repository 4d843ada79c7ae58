"""Collects the reports that a cluster delivers, until the home's own thread takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ipyvitals.remote.report_reader import MAX_WRITERS

__all__ = ["ReportInbox", "ReportMessage"]

MAX_MESSAGES = 2 * MAX_WRITERS
"""Most writers whose reports wait; those of further ones are dropped until there is room."""


class ReportMessage(NamedTuple):
    """A report as a cluster carries it: plain data."""

    token: str
    data: bytes


class ReportInbox:
    """Stores the newest report of each writer; takes no lock.

    Parameters
    ----------
    monotonic : callable
        Returns monotonic seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._newest: dict[str, tuple[bytes, float]] = {}
        """By token: the report, and the second in which it was sent."""
        self.writers: set[str] = set()
        """Tokens of all writers that were heard."""

    def put(self, message: Any) -> None:
        """Store a message; what is no message is ignored. Any thread may call; never raises."""
        found = message_of(message)
        if found is not None and self._has_room(found.token):
            # Replaces the report before: a report has everything of the older ones.
            self._newest[found.token] = found.data, self._monotonic()
            self.writers.add(found.token)

    def put_older(self, messages: Iterable[tuple[Any, float]]) -> None:
        """Store messages of before, oldest first, each with its age in seconds.

        A report that came meanwhile is newer, and stays.
        """
        newest: dict[str, tuple[bytes, float]] = {}
        now = self._monotonic()
        for message, age in messages:
            found = message_of(message)
            if found is not None:
                newest[found.token] = found.data, now - max(0.0, age)
        for token, item in newest.items():
            if self._has_room(token):
                self._newest.setdefault(token, item)
                self.writers.add(token)

    def take(self) -> list[tuple[bytes, float]]:
        """Return the reports since the last call, each with its age in seconds."""
        taken, now = [], self._monotonic()
        # One by one, since another thread may put one at any moment.
        while self._newest:
            try:
                _, (data, at) = self._newest.popitem()
            except KeyError:
                break
            taken.append((data, max(0.0, now - at)))
        return taken

    def _has_room(self, token: str) -> bool:
        return token in self._newest or len(self._newest) < MAX_MESSAGES


def message_of(value: Any) -> ReportMessage | None:
    """Return the message that arrived as a sequence of two; ``None`` for anything else."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    token, data = value
    if not isinstance(token, str) or not isinstance(data, bytes | bytearray | memoryview):
        return None
    return ReportMessage(token, bytes(data))
