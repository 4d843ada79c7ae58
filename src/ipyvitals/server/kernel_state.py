"""What the server remembers of one kernel: bounded, whatever the kernel sends."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from ipyvitals.schema import (
    POINTS_OF_METRICS,
    POINTS_OF_SYSTEM,
    SECTIONS,
    Event,
    Point,
    Snapshot,
)
from ipyvitals.schema.protocol import Update

__all__ = ["Applied", "KernelRecord", "MonitorRecord"]

MAX_MONITORS = 32
MAX_EVENT_BYTES = 16 * 1024
MAX_MODELS = 1_000


@dataclass(frozen=True)
class Applied:
    """What an update changed."""

    update: Update
    """Without its events."""
    events: list[Event]
    """Those that were not known yet."""
    incomplete: bool
    """Whether something is missing, so that the kernel must be asked for everything."""


class MonitorRecord:
    """One monitor: its newest update in full, and the points behind its charts."""

    def __init__(self, points: int) -> None:
        self.latest: Update | None = None
        self._model_at = 0.0
        self._seq = 0
        self._points: deque[Point] = deque(maxlen=points)
        self.seeded = False
        """Whether the points from before it was met are here too."""

    @property
    def complete(self) -> bool:
        """Whether every section is known."""
        return self.latest is not None and all(
            getattr(self.latest, name) is not UNSET for name in SECTIONS
        )

    def apply(self, update: Update) -> Applied:
        """Take an update over; one that came late only for its events."""
        before = self.latest
        if before is None:
            # A monitor that was met at its very first update has no points of an earlier time.
            self.seeded = update.full and update.n == 1
        if before is None or (update.full and (update.n == 1 or update.seq < self._seq)):
            self._seq = 0
        events = [event for event in update.events if event.seq > self._seq]
        self._seq = max([self._seq, *(event.seq for event in events)])
        late = before is not None and not update.full and update.n <= before.n
        gap = not update.full and (before is None or update.n > before.n + 1)
        told = replace(update, events=[], history=UNSET)
        if not late:
            self.latest = told if before is None or update.full else _merged(before, told)
            if update.model is not UNSET:
                self._model_at = update.at
            self._add_points(update)
        replaced = late and update.seq < self._seq
        return Applied(told, events, incomplete=gap or replaced or not self.complete)

    def full(self, *, history: bool) -> Update:
        """Return everything, as of the newest update."""
        latest = self.latest
        if latest is None:
            raise ValueError("expected an update before it is asked for, got none")
        model = latest.model
        if model is not UNSET and model.uptime_seconds is not None:
            # It moves by itself, so it is not sent anew.
            model = replace(model, uptime_seconds=model.uptime_seconds + latest.at - self._model_at)
        columns = self._columns() if history else UNSET
        return replace(latest, full=True, model=model, history=columns)

    def snapshot(self) -> Snapshot:
        """Return everything in the shape of the contract; what is not known is left out."""
        full = self.full(history=False)
        known = {name: getattr(full, name) for name in SECTIONS}
        return Snapshot(
            monitor=full.monitor,
            seq=full.seq,
            at=full.at,
            **{name: value for name, value in known.items() if value is not UNSET},
        )

    def _add_points(self, update: Update) -> None:
        if update.history is not UNSET:
            self._seed(update.history)
        if self.latest is None or (self._points and update.at <= self._points[-1].at):
            return
        metrics, system = self.latest.metrics, self.latest.system
        values: dict[str, Any] = {}
        if metrics is not UNSET:
            values |= {name: getattr(metrics, name) for name in POINTS_OF_METRICS}
        if system is not UNSET:
            values |= {name: getattr(system, name) for name in POINTS_OF_SYSTEM}
        self._points.append(Point(at=update.at, **values))

    def _seed(self, columns: dict[str, list[Any]]) -> None:
        """Put the kernel's own points before those that were heard here."""
        self.seeded = True
        oldest = self._points[0].at if self._points else float("inf")
        heard = list(self._points)
        try:
            # A kernel of another version may have other columns; only the moments are needed.
            names = ["at", *(columns.keys() & set(Point.__struct_fields__) - {"at"})]
            rows = zip(*(columns[name] for name in names), strict=True)
            points = [msgspec.convert(dict(zip(names, row, strict=True)), Point) for row in rows]
        except (KeyError, ValueError, msgspec.ValidationError):
            return
        earlier = [point for point in points if isfinite(point.at) and point.at < oldest]
        self._points.clear()
        self._points.extend([*earlier, *heard])

    def _columns(self) -> dict[str, list[Any]]:
        return {
            name: [getattr(point, name) for point in self._points]
            for name in Point.__struct_fields__
        }


@dataclass
class KernelRecord:
    """One kernel and its monitors."""

    kernel_id: str
    points: int = 600
    kept_events: int = 200
    monitors: dict[str, MonitorRecord] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    """Messages that were not taken, by reason."""
    last_seen: float | None = None
    """Unix time of the last update."""
    asked_at: float = float("-inf")
    """When it was last asked for what is missing, on the monotonic clock."""
    answers: bool = False
    """Whether it is known to have ipyvitals."""

    def __post_init__(self) -> None:
        self._heard_at = time.monotonic()
        self.events: deque[Event] = deque(maxlen=self.kept_events)

    def apply(self, update: Update, now: float) -> Applied | None:
        """Take an update over; ``None`` when there is no room for its monitor."""
        monitor = self.monitors.get(update.monitor)
        if monitor is None:
            if not self._make_room():
                self.dropped["monitors"] += 1
                return None
            monitor = self.monitors[update.monitor] = MonitorRecord(self.points)
        self.answers = True
        self.last_seen = now
        self.heard()
        applied = monitor.apply(update)
        small = [event for event in applied.events if _size(event) <= MAX_EVENT_BYTES]
        if len(small) < len(applied.events):
            self.dropped["oversized"] += len(applied.events) - len(small)
        self.events.extend(small)
        return Applied(applied.update, small, applied.incomplete)

    @property
    def has_history(self) -> bool:
        """Whether the points behind the charts begin with those of the kernel's own memory."""
        return bool(self.monitors) and all(one.seeded for one in self.monitors.values())

    @property
    def blank(self) -> bool:
        """Whether nothing is known of it."""
        return self.last_seen is None

    def heard(self) -> None:
        """Note that something was heard of it, or that it is listened to anew."""
        self._heard_at = time.monotonic()

    def silent_for(self) -> float:
        """Return the seconds since something was heard of it."""
        return time.monotonic() - self._heard_at

    def forget(self) -> None:
        """Drop everything: the kernel begins anew."""
        self.monitors.clear()
        self.events.clear()
        self.answers = False
        self.last_seen = None

    def _make_room(self) -> bool:
        if len(self.monitors) < MAX_MONITORS:
            return True
        for name, monitor in self.monitors.items():
            if monitor.latest is not None and monitor.latest.closed:
                del self.monitors[name]
                return True
        return False


def _merged(before: Update, update: Update) -> Update:
    known = {name: getattr(before, name) for name in SECTIONS if getattr(update, name) is UNSET}
    if update.models is not UNSET and before.models is not UNSET:
        rows = {row.model_id: row for row in (*before.models, *update.models)}
        known["models"] = list(rows.values())[-MAX_MODELS:]
    return replace(update, **known)


def _size(event: Event) -> int:
    return len(msgspec.json.encode(event))
