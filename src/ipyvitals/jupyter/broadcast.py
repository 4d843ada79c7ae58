"""Sends the updates of one monitor to the Jupyter server, over the kernel's broadcast comm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ipyvitals.events.event_log import EventLog
from ipyvitals.schema import SECTIONS, Event, Snapshot
from ipyvitals.schema.protocol import Update, ended

__all__ = ["BroadcastSender"]

FULL_SECONDS = 30.0
"""Interval between full messages."""
FIRST_RETRY_SECONDS = 1.0
"""First interval between full messages while no server receives them; doubles up to 30 s."""
MIN_GAP_SECONDS = 0.9
"""Minimum interval between routine messages: slightly less than the interval of the metrics."""
ROUTINE_EVENTS = ("system_metrics", "model_metrics_update", "training_progress")


class BroadcastSender:
    """Sends changed sections and new events; sends a full update every 30 s, and on request.

    Each message takes time from the running cell, so progress and metrics are sent once a second
    at most; other events are sent at once. While no server receives the messages, only full
    updates are sent, for a server that may connect: after 1 s, then at doubling intervals up to
    30 s, since the first message of a kernel is easily missed.

    Parameters
    ----------
    send : callable
        Takes a message of plain dicts and lists.
    events : EventLog
        Source of the new events.
    interval : float or None
        Seconds between readings of the machine.
    has_server : callable
        Returns whether a Jupyter server receives the messages.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        events: EventLog,
        interval: float | None,
        has_server: Callable[[], bool],
    ) -> None:
        self._send = send
        self._events = events
        self._interval = interval
        self._has_server = has_server
        self._n = 0
        self._ended = False
        self._sent: Snapshot | None = None
        self._newest: Snapshot | None = None
        self._full_at = self._sent_at = 0.0
        self._retry_seconds = FIRST_RETRY_SECONDS

    def show(self, snapshot: Snapshot) -> None:
        """Send the changes since the last message, if there are any and one is due."""
        before, self._newest = self._sent, snapshot
        since = before.seq if before is not None else 0
        has_server = self._has_server()
        every = FULL_SECONDS if has_server else self._retry_seconds
        full = before is None or not 0 <= snapshot.at - self._full_at < every
        if not (full or has_server):
            return
        events = [one for one in self._events.get(since) if one.seq <= snapshot.seq]
        if not full and not self._is_due(snapshot.at, events):
            return
        changed = snapshot.changed(None if full else before, SECTIONS)
        if not changed and not events:
            return
        self._sent, self._sent_at = snapshot, snapshot.at
        if full:
            self._full_at = snapshot.at
            if not has_server and before is not None:
                self._retry_seconds = min(2 * self._retry_seconds, FULL_SECONDS)
        self._n += 1
        content = snapshot if full else snapshot.delta(before)
        update = self._update(content, changed, n=self._n, full=full, events=events)
        self._send(msgspec.to_builtins(update))

    def _is_due(self, at: float, events: list[Event]) -> bool:
        waited = not 0 <= at - self._sent_at < MIN_GAP_SECONDS
        return waited or any(one.type not in ROUTINE_EVENTS for one in events)

    def request_full(self) -> None:
        """Make the next message a full update."""
        self._full_at = -FULL_SECONDS

    def full(self, snapshot: Snapshot) -> Update:
        """Return a full update for a reply; does not count as a sent update."""
        self._newest = snapshot
        return self._update(snapshot, SECTIONS, n=self._n, full=True, events=[])

    def end(self) -> None:
        """Send the last state, marked as closed, unless that was done; its models are stopped.

        A monitor that was garbage-collected has no later state than the newest one shown.
        """
        if self._newest is not None and not self._ended:
            self._ended = True
            self._n += 1
            since = self._sent.seq if self._sent is not None else 0
            update = self._update(
                self._newest,
                SECTIONS,
                n=self._n,
                full=True,
                events=self._events.get(since),
            )
            self._send(msgspec.to_builtins(ended(update)))

    def _update(self, snapshot: Snapshot, sections: Any, **fields: Any) -> Update:
        return Update(
            monitor=snapshot.monitor,
            at=snapshot.at,
            seq=snapshot.seq,
            interval=self._interval,
            **{name: getattr(snapshot, name) for name in sections},
            **fields,
        )
