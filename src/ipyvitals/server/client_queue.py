"""What one client of the stream still has to get: bounded, however slow it is."""

from __future__ import annotations

import asyncio
from collections import deque

from ipyvitals.server.broadcast import Entry

__all__ = ["ClientQueue"]

MAX_BYTES = 4 * 1024 * 1024


class ClientQueue:
    """Messages in order; all are dropped and counted when they become too many.

    Parameters
    ----------
    limit : int
        How many messages may wait.

    Examples
    --------
    >>> box = ClientQueue(limit=2)
    >>> for number in (1, 2, 3, 4):
    ...     box.put(Entry(number, "update", "k", b"{}"))
    >>> box.take_missed(), box.take()
    (4, [])
    >>> box.put(Entry(5, "update", "k", b"{}"))
    >>> box.take_missed(), box.take()
    (0, [b'{}'])
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._missed = 0
        self._filled = asyncio.Event()

    def put(self, entry: Entry) -> None:
        """Add a message, unless the client is behind: it gets the state instead."""
        self._filled.set()
        if self._missed:
            self._missed += 1
            return
        self._waiting.append(entry.data)
        self._bytes += len(entry.data)
        if len(self._waiting) > self._limit or self._bytes > MAX_BYTES:
            self._missed = len(self._waiting)
            self.clear()

    def clear(self) -> None:
        """Drop what waits."""
        self._waiting.clear()
        self._bytes = 0

    def take_missed(self) -> int:
        """Return how many messages were dropped since the last call."""
        missed, self._missed = self._missed, 0
        return missed

    def take(self) -> list[bytes]:
        """Return the messages that wait, oldest first."""
        waiting = list(self._waiting)
        self.clear()
        return waiting

    async def filled(self) -> None:
        """Return as soon as there is something to take."""
        await self._filled.wait()
        self._filled.clear()
