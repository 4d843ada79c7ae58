"""Queues messages for one WebSocket client, with bounds that hold however slow the client is."""

from __future__ import annotations

import asyncio
from collections import deque

from ipyvitals.server.broadcast import EncodedMessage

__all__ = ["ClientQueue"]

MAX_BYTES = 4 * 1024 * 1024


class ClientQueue:
    """Holds messages in order; on overflow, drops and counts all of them.

    The queue overflows above `max_messages` messages or 4 MiB. After an overflow it drops and
    counts each further message until `take_missed` is called: the client then needs the whole
    state.

    Parameters
    ----------
    max_messages : int
        Maximum number of queued messages.

    Examples
    --------
    >>> queue = ClientQueue(max_messages=2)
    >>> for id in (1, 2, 3, 4):
    ...     queue.put(EncodedMessage(id, "update", "k", b"{}"))
    >>> queue.take_missed(), queue.take_all()
    (4, [])
    >>> queue.put(EncodedMessage(5, "update", "k", b"{}"))
    >>> queue.take_missed(), queue.take_all()
    (0, [b'{}'])
    """

    def __init__(self, max_messages: int) -> None:
        self._max_messages = max_messages
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._missed = 0
        self._filled = asyncio.Event()

    def put(self, message: EncodedMessage) -> None:
        """Append a message, or count it as missed after an overflow."""
        self._filled.set()
        if self._missed:
            self._missed += 1
            return
        self._messages.append(message.data)
        self._bytes += len(message.data)
        if len(self._messages) > self._max_messages or self._bytes > MAX_BYTES:
            self._missed = len(self._messages)
            self.clear()

    def clear(self) -> None:
        """Drop the queued messages."""
        self._messages.clear()
        self._bytes = 0

    def take_missed(self) -> int:
        """Return how many messages were dropped by overflow since the last call."""
        missed, self._missed = self._missed, 0
        return missed

    def take_all(self) -> list[bytes]:
        """Remove and return the queued messages, oldest first."""
        messages = list(self._messages)
        self.clear()
        return messages

    async def wait(self) -> None:
        """Return as soon as a message was put since the last call."""
        await self._filled.wait()
        self._filled.clear()
