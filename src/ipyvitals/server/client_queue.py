"""Queues messages for one WebSocket client, with bounds that hold however slow the client is."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from ipyvitals.server.broadcast import EncodedMessage

__all__ = ["ClientQueue"]

MAX_BYTES = 4 * 1024 * 1024
MAX_BURST_BYTES = 16 * 1024 * 1024
"""Bound on what may wait for a client that is not slow."""
SLOW_SECONDS = 5.0
"""A client that took no message for longer than this is slow."""


class ClientQueue:
    """Holds messages in order; when a slow client overflows it, drops and counts all of them.

    The queue of a slow client overflows above `max_messages` messages or 4 MiB, and that of any
    client above 16 MiB. A burst that a reading client is about to receive is no overflow. After an
    overflow the queue drops and counts each further message until `take_missed` is called: the
    client then needs the whole state. The first message is subject to no bound.

    Parameters
    ----------
    max_messages : int
        Maximum number of queued messages.
    monotonic : callable
        Returns seconds.

    Examples
    --------
    >>> seconds = iter([0.0, 0.0, 1.0, 7.0])
    >>> queue = ClientQueue(max_messages=2, monotonic=lambda: next(seconds))
    >>> for id in (1, 2):
    ...     queue.put(EncodedMessage(id, "update", "k", b"{}"))
    >>> queue.put(EncodedMessage(3, "update", "k", b"{}"))
    >>> queue.take_missed(), queue.take_all()
    (3, [])
    """

    def __init__(self, max_messages: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._max_messages = max_messages
        self._monotonic = monotonic
        self._first: bytes | None = None
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._missed = 0
        self._taken_at = monotonic()
        self._filled = asyncio.Event()

    def put_first(self, data: bytes) -> None:
        """Put a message before all others, of any size; it survives an overflow."""
        self._filled.set()
        self._first = data

    def put(self, message: EncodedMessage) -> None:
        """Append a message, or count it as missed after an overflow."""
        self._filled.set()
        if self._missed:
            self._missed += 1
            return
        now = self._monotonic()
        if not self._messages:
            self._taken_at = now
        self._messages.append(message.data)
        self._bytes += len(message.data)
        full = len(self._messages) > self._max_messages or self._bytes > MAX_BYTES
        slow = now - self._taken_at > SLOW_SECONDS
        if (full and slow) or self._bytes > MAX_BURST_BYTES:
            self._missed = len(self._messages)
            self._clear_messages()

    def clear(self) -> None:
        """Drop the queued messages, the first one included."""
        self._first = None
        self._clear_messages()

    def take_first(self) -> bytes | None:
        """Remove and return the message that comes before all others."""
        first, self._first = self._first, None
        return first

    def take_missed(self) -> int:
        """Return how many messages were dropped by overflow since the last call."""
        missed, self._missed = self._missed, 0
        return missed

    def take_all(self) -> list[bytes]:
        """Remove and return the queued messages, oldest first."""
        messages = list(self._messages)
        self._clear_messages()
        return messages

    def note_written(self) -> None:
        """Note that the client took a message."""
        self._taken_at = self._monotonic()

    async def wait(self) -> None:
        """Return as soon as a message was put since the last call."""
        await self._filled.wait()
        self._filled.clear()

    def _clear_messages(self) -> None:
        self._messages.clear()
        self._bytes = 0
