"""Number events, store the last ones, and deliver each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from ipyvitals.schema import Event
from ipyvitals.utils.locks import new_rlock

__all__ = ["EventLog"]

MAX_EVENTS = 1_000


class EventLog:
    """Number events from 1 without gaps, store the last 1,000, and deliver each in that order.

    Parameters
    ----------
    monitor : str
        Name of the monitor, a field of every event.
    time : callable
        Returns the Unix time in seconds.
    deliver : callable
        Called with each event; must not block.

    Examples
    --------
    >>> from ipyvitals.schema import ModelDeployed
    >>> log = EventLog("default", time=lambda: 12.0, deliver=lambda event: None)
    >>> log.emit(ModelDeployed, model_id="m", model_name="m", model_version=None,
    ...          deployment_timestamp=12.0)
    >>> [(event.seq, event.type) for event in log.get()]
    [(1, 'model_deployed')]
    """

    def __init__(
        self, monitor: str, time: Callable[[], float], deliver: Callable[[Event], None]
    ) -> None:
        self._monitor = monitor
        self._time = time
        self._deliver = deliver
        self._lock = new_rlock("event log")
        self._requests: deque[tuple[Callable[..., Event], dict[str, Any]]] = deque()
        self._emitting = False
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self.seq = 0
        """Number of the newest event; 0 before the first."""

    def emit(self, event_class: Callable[..., Event], **fields: Any) -> None:
        """Create an event and deliver it; a call from within `deliver` delivers it afterwards."""
        self._requests.append((event_class, fields))
        with self._lock:
            if self._emitting:
                return
            self._emitting = True
            try:
                while self._requests:
                    self._create(*self._requests.popleft())
            finally:
                self._emitting = False

    def get(self, since: int | None = None) -> list[Event]:
        """Return the stored events, newest last; only those after number `since` if given."""
        with self._lock:
            if since is None:
                return list(self._events)
            new = list(takewhile(lambda event: event.seq > since, reversed(self._events)))
        return new[::-1]

    def _create(self, event_class: Callable[..., Event], fields: dict[str, Any]) -> None:
        event = event_class(monitor=self._monitor, seq=self.seq + 1, at=self._time(), **fields)
        self.seq += 1
        self._events.append(event)
        self._deliver(event)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, in which no thread would ever release it."""
        self._lock = new_rlock("event log")
        self._emitting = False
