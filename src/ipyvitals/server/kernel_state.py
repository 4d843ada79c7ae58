"""Tracks the state of one kernel and its monitors, within bounds on what a kernel may send."""

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
    merge_runs,
)
from ipyvitals.schema.protocol import Update

__all__ = ["KernelStateTracker", "MonitorStateTracker", "UpdateResult"]

MAX_MONITORS = 32
MAX_EVENT_BYTES = 16 * 1024
MAX_MODELS = 1_000


@dataclass(frozen=True)
class UpdateResult:
    """The changes that an update made to a monitor."""

    update: Update
    """The update without its events."""
    events: list[Event]
    """The events that are new."""
    incomplete: bool
    """Whether an update or a section is missing, so that the kernel must send everything."""


class MonitorStateTracker:
    """Merges the updates of one monitor into a full state, and collects the points of its charts.

    Parameters
    ----------
    max_points : int
        Maximum number of points; the oldest are dropped.
    """

    def __init__(self, max_points: int) -> None:
        self.latest: Update | None = None
        """All updates so far, merged; ``None`` before the first one."""
        self._model_at = 0.0
        self._seq = 0
        self._points: deque[Point] = deque(maxlen=max_points)
        self.has_kernel_history = False
        """Whether the points from before the first update are here too."""

    @property
    def is_complete(self) -> bool:
        """True when every section is known."""
        # A kernel of an earlier version knows no runs.
        return self.latest is not None and all(
            getattr(self.latest, name) is not UNSET for name in SECTIONS if name != "runs"
        )

    def apply(self, update: Update) -> UpdateResult:
        """Merge an update; of an update that arrives out of order, take only the new events."""
        before = self.latest
        if before is None:
            # A monitor whose very first update arrived here has no earlier points.
            self.has_kernel_history = update.full and update.n == 1
        if before is None or (update.full and (update.n == 1 or update.seq < self._seq)):
            self._seq = 0
        events = [event for event in update.events if event.seq > self._seq]
        self._seq = max([self._seq, *(event.seq for event in events)])
        late = before is not None and not update.full and update.n <= before.n
        gap = not update.full and (before is None or update.n > before.n + 1)
        sections = replace(update, events=[], history=UNSET, curves=UNSET)
        if not late:
            self.latest = sections if before is None or update.full else _merged(before, sections)
            if update.model is not UNSET:
                self._model_at = update.at
            self._add_points(update)
        replaced = late and update.seq < self._seq
        return UpdateResult(sections, events, incomplete=gap or replaced or not self.is_complete)

    def full_update(self, *, history: bool) -> Update:
        """Return the state as a full update, with the points of the charts if `history` is set.

        Raises
        ------
        ValueError
            When no update has arrived yet.
        """
        latest = self.latest
        if latest is None:
            raise ValueError("expected an update before it is asked for, got none")
        model = latest.model
        if model is not UNSET and model.uptime_seconds is not None:
            # Uptime grows with time, so an update does not repeat the model section for it.
            model = replace(model, uptime_seconds=model.uptime_seconds + latest.at - self._model_at)
        columns = self._columns() if history else UNSET
        return replace(latest, full=True, model=model, history=columns)

    def snapshot(self) -> Snapshot:
        """Return the state as a `Snapshot`; unknown sections have their default values."""
        full = self.full_update(history=False)
        known = {name: getattr(full, name) for name in SECTIONS}
        return Snapshot(
            monitor=full.monitor,
            seq=full.seq,
            at=full.at,
            **{name: value for name, value in known.items() if value is not UNSET},
        )

    def _add_points(self, update: Update) -> None:
        if update.history is not UNSET:
            self._prepend_points(update.history)
        if self.latest is None or (self._points and update.at <= self._points[-1].at):
            return
        metrics, system = self.latest.metrics, self.latest.system
        values: dict[str, Any] = {}
        if metrics is not UNSET:
            values |= {name: getattr(metrics, name) for name in POINTS_OF_METRICS}
        if system is not UNSET:
            values |= {name: getattr(system, name) for name in POINTS_OF_SYSTEM}
        self._points.append(Point(at=update.at, **values))

    def _prepend_points(self, columns: dict[str, list[Any]]) -> None:
        """Insert the points from the kernel's memory before the points collected here."""
        self.has_kernel_history = True
        oldest = self._points[0].at if self._points else float("inf")
        collected = list(self._points)
        try:
            # A kernel of another version may have other columns; only "at" is required.
            names = ["at", *(columns.keys() & set(Point.__struct_fields__) - {"at"})]
            rows = zip(*(columns[name] for name in names), strict=True)
            points = [msgspec.convert(dict(zip(names, row, strict=True)), Point) for row in rows]
        except (KeyError, ValueError, msgspec.ValidationError):
            return
        earlier = [point for point in points if isfinite(point.at) and point.at < oldest]
        self._points.clear()
        self._points.extend([*earlier, *collected])

    def _columns(self) -> dict[str, list[Any]]:
        return {
            name: [getattr(point, name) for point in self._points]
            for name in Point.__struct_fields__
        }


@dataclass
class KernelStateTracker:
    """Applies the updates of one kernel to its monitors, and collects its events.

    At most 32 monitors are tracked; a new one replaces a closed one, or is dropped.
    """

    kernel_id: str
    max_points: int = 600
    """Maximum number of points per monitor."""
    max_events: int = 200
    monitors: dict[str, MonitorStateTracker] = field(default_factory=dict)
    """Monitors by name."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Number of dropped or lost messages by reason."""
    last_seen: float | None = None
    """Unix time of the last update."""
    resync_requested_at: float = float("-inf")
    """Monotonic time of the last request for missing state."""
    has_ipyvitals: bool = False
    """Whether an update of this kernel has arrived."""

    def __post_init__(self) -> None:
        self._active_at = time.monotonic()
        self.events: deque[Event] = deque(maxlen=self.max_events)

    def apply(self, update: Update, now: float) -> UpdateResult | None:
        """Apply an update that arrived at the Unix time `now`.

        Returns
        -------
        UpdateResult or None
            None when the update was dropped, since no further monitor can be tracked.
        """
        monitor = self.monitors.get(update.monitor)
        if monitor is None:
            if not self._make_room():
                self.dropped["monitors"] += 1
                return None
            monitor = self.monitors[update.monitor] = MonitorStateTracker(self.max_points)
        self.has_ipyvitals = True
        self.last_seen = now
        self.mark_active()
        result = monitor.apply(update)
        small = [event for event in result.events if _size(event) <= MAX_EVENT_BYTES]
        if len(small) < len(result.events):
            self.dropped["oversized"] += len(result.events) - len(small)
        self.events.extend(small)
        return UpdateResult(result.update, small, result.incomplete)

    @property
    def has_history(self) -> bool:
        """True when the charts of all monitors include the points from the kernel's memory."""
        return bool(self.monitors) and all(one.has_kernel_history for one in self.monitors.values())

    @property
    def is_empty(self) -> bool:
        """True when no update has arrived since the kernel started."""
        return self.last_seen is None

    def mark_active(self) -> None:
        """Restart the measurement of silence: a message arrived, or the connection is new."""
        self._active_at = time.monotonic()

    def silence_seconds(self) -> float:
        """Return the seconds since the last message or connection."""
        return time.monotonic() - self._active_at

    def clear(self) -> None:
        """Drop the state of all monitors: the kernel restarted."""
        self.monitors.clear()
        self.events.clear()
        self.has_ipyvitals = False
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
    if update.runs is not UNSET and before.runs is not UNSET:
        known["runs"] = merge_runs(before.runs, update.runs)
    return replace(update, **known)


def _size(event: Event) -> int:
    return len(msgspec.json.encode(event))
