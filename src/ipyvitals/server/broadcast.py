"""One numbered stream of everything that happens, for all clients."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

__all__ = ["Broadcaster", "Entry", "Subscriber"]

RESUME_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One message, encoded once for all who want it."""

    id: int
    type: str
    kernel_id: str
    data: bytes


class Subscriber(Protocol):
    """Somebody who hears the stream."""

    visible: bool
    """Whether somebody looks at it."""

    def wants_kernel(self, kernel_id: str) -> bool:
        """Return whether it hears of this kernel."""
        ...

    def take(self, entry: Entry) -> None:
        """Take a message; must not block."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Hang up."""
        ...


class Broadcaster:
    """Numbers messages from 1, hands them on, and keeps the last ones for those who come back.

    Parameters
    ----------
    keep : int
        How many messages to keep.

    Examples
    --------
    >>> feed = Broadcaster(keep=2)
    >>> for n in range(3):
    ...     feed.publish("update", "k", lambda id: {"id": id})
    >>> feed.number, [entry.data for entry in feed.since(1)], feed.since(0)
    (3, [b'{"id":2}', b'{"id":3}'], None)
    """

    def __init__(self, keep: int) -> None:
        self.name = secrets.token_hex(8)
        """Differs from one run of the server to the next."""
        self.number = 0
        """Of the newest message."""
        self.subscribers: set[Subscriber] = set()
        self._keep = keep
        self._kept: deque[Entry] = deque()
        self._kept_bytes = 0

    def publish(self, type: str, kernel_id: str, make: Callable[..., Any]) -> None:
        """Send what `make` returns for the number that it is given as `id`."""
        self.number += 1
        data = msgspec.json.encode(make(id=self.number))
        entry = Entry(self.number, type, kernel_id, data)
        self._kept.append(entry)
        self._kept_bytes += len(data)
        while len(self._kept) > self._keep or self._kept_bytes > RESUME_BYTES:
            self._kept_bytes -= len(self._kept.popleft().data)
        for subscriber in tuple(self.subscribers):
            subscriber.take(entry)

    def since(self, number: int) -> list[Entry] | None:
        """Return the messages after `number`; ``None`` when they are not all there any more."""
        oldest = self._kept[0].id if self._kept else self.number + 1
        if not oldest - 1 <= number <= self.number:
            return None
        return [entry for entry in self._kept if entry.id > number]

    def watching(self, kernel_id: str) -> int:
        """Return how many look at this kernel."""
        return sum(one.visible and one.wants_kernel(kernel_id) for one in self.subscribers)
