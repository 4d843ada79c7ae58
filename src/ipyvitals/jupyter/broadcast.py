"""One monitor's updates for the Jupyter server, over the kernel's one broadcast comm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ipyvitals.events.event_log import EventLog
from ipyvitals.schema import SECTIONS, Event, Snapshot
from ipyvitals.schema.protocol import Update

__all__ = ["Broadcast"]

FULL_SECONDS = 30.0
FIRST_CALL_SECONDS = 1.0
GAP_SECONDS = 0.9
"""A little under the second after which figures are looked at."""
ROUTINE = ("system_metrics", "model_metrics_update", "training_progress")


class Broadcast:
    """Sends what changed, with the events since; everything every 30 s, and when asked.

    Progress and figures travel once a second, since each message takes time from the cell that
    runs; what happened to a model travels at once. Where no server listens, only full messages
    are sent, for one that may come, and soon again: the first of a kernel is easily missed.

    Parameters
    ----------
    send : callable
        Takes a message made of plain dicts and lists.
    events : EventLog
        Whose new events travel along.
    interval : float or None
        Seconds between readings of the machine.
    served : callable
        Whether a server listens.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        events: EventLog,
        interval: float | None,
        served: Callable[[], bool],
    ) -> None:
        self._send = send
        self._events = events
        self._interval = interval
        self._served = served
        self._n = 0
        self._shown: Snapshot | None = None
        self._newest: Snapshot | None = None
        self._full_at = self._sent_at = 0.0
        self._call_seconds = FIRST_CALL_SECONDS

    def show(self, snapshot: Snapshot) -> None:
        """Send what changed since the last call; nothing, when nothing did."""
        before, self._newest = self._shown, snapshot
        since = before.seq if before is not None else 0
        served = self._served()
        every = FULL_SECONDS if served else self._call_seconds
        full = before is None or not 0 <= snapshot.at - self._full_at < every
        if not (full or served):
            return
        events = [one for one in self._events.get(since) if one.seq <= snapshot.seq]
        if not full and not self._due(snapshot.at, events):
            return
        changed = snapshot.changed(None if full else before, SECTIONS)
        if not changed and not events:
            return
        self._shown, self._sent_at = snapshot, snapshot.at
        if full:
            self._full_at = snapshot.at
            if not served and before is not None:
                self._call_seconds = min(2 * self._call_seconds, FULL_SECONDS)
        self._n += 1
        content = snapshot if full else snapshot.delta(before)
        update = self._update(content, changed, n=self._n, full=full, events=events)
        self._send(msgspec.to_builtins(update))

    def _due(self, at: float, events: list[Event]) -> bool:
        waited = not 0 <= at - self._sent_at < GAP_SECONDS
        return waited or any(one.type not in ROUTINE for one in events)

    def ask_full(self) -> None:
        """Send everything the next time."""
        self._full_at = -FULL_SECONDS

    def full(self, snapshot: Snapshot) -> Update:
        """Return everything, for an answer; the count of updates stays as it is."""
        return self._update(snapshot, SECTIONS, n=self._n, full=True, events=[])

    def end(self) -> None:
        """Say that nothing more will come."""
        if self._newest is not None:
            self._n += 1
            since = self._shown.seq if self._shown is not None else 0
            update = self._update(
                self._newest,
                SECTIONS,
                n=self._n,
                full=True,
                events=self._events.get(since),
                closed=True,
            )
            self._send(msgspec.to_builtins(update))

    def _update(self, snapshot: Snapshot, sections: Any, **fields: Any) -> Update:
        return Update(
            monitor=snapshot.monitor,
            at=snapshot.at,
            seq=snapshot.seq,
            interval=self._interval,
            **{name: getattr(snapshot, name) for name in sections},
            **fields,
        )
