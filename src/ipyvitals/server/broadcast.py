"""Numbers all messages of the server in one stream and delivers them to its subscribers."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

__all__ = ["Broadcaster", "EncodedMessage", "StreamSubscriber"]

MAX_BUFFER_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EncodedMessage:
    """One message of the stream, encoded once for all subscribers."""

    id: int
    type: str
    kernel_id: str
    data: bytes


class StreamSubscriber(Protocol):
    """A receiver of the stream, such as a WebSocket client."""

    visible: bool
    """Whether somebody looks at the client."""

    def wants_kernel(self, kernel_id: str) -> bool:
        """Return whether the client receives messages of this kernel."""
        ...

    def deliver(self, message: EncodedMessage) -> None:
        """Accept a message; must not block."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        ...


class Broadcaster:
    """Numbers messages from 1, delivers them, and buffers the last ones for clients that resume.

    The buffer holds at most `max_messages` messages and 8 MiB.

    Parameters
    ----------
    max_messages : int
        Maximum number of buffered messages.

    Examples
    --------
    >>> broadcaster = Broadcaster(max_messages=2)
    >>> for n in range(3):
    ...     broadcaster.publish("update", "k", lambda id: {"id": id})
    >>> broadcaster.last_id
    3
    >>> [message.data for message in broadcaster.messages_since(1)]
    [b'{"id":2}', b'{"id":3}']
    >>> print(broadcaster.messages_since(0))
    None
    """

    def __init__(self, max_messages: int) -> None:
        self.stream_id = secrets.token_hex(8)
        """Differs from one run of the server to the next."""
        self.last_id = 0
        """Id of the newest message."""
        self.subscribers: set[StreamSubscriber] = set()
        self._max_messages = max_messages
        self._buffer: deque[EncodedMessage] = deque()
        self._buffer_bytes = 0

    def publish(self, type: str, kernel_id: str, make: Callable[..., Any]) -> None:
        """Deliver the message that `make` returns when it is called with its new `id`."""
        self.last_id += 1
        data = msgspec.json.encode(make(id=self.last_id))
        message = EncodedMessage(self.last_id, type, kernel_id, data)
        self._buffer.append(message)
        self._buffer_bytes += len(data)
        while len(self._buffer) > self._max_messages or self._buffer_bytes > MAX_BUFFER_BYTES:
            self._buffer_bytes -= len(self._buffer.popleft().data)
        for subscriber in tuple(self.subscribers):
            subscriber.deliver(message)

    def messages_since(self, id: int) -> list[EncodedMessage] | None:
        """Return the messages after `id`; ``None`` when the buffer lacks one of them."""
        oldest = self._buffer[0].id if self._buffer else self.last_id + 1
        if not oldest - 1 <= id <= self.last_id:
            return None
        return [message for message in self._buffer if message.id > id]

    def count_viewers(self, kernel_id: str) -> int:
        """Return how many visible subscribers receive messages of this kernel."""
        return sum(one.visible and one.wants_kernel(kernel_id) for one in self.subscribers)
