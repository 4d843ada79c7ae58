"""Tracks the state of one kernel and its monitors, within bounds on what a kernel may send."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from ipyvitals.schema import (
    POINTS_OF_METRICS,
    POINTS_OF_SYSTEM,
    SECTIONS,
    Event,
    ModelInfo,
    Point,
    Snapshot,
    merge_runs,
)
from ipyvitals.schema.decoding import InvalidValueError, LenientDecoder
from ipyvitals.schema.protocol import Update, ended
from ipyvitals.schema.workers import MAX_WORKERS, aged
from ipyvitals.server.schema import KernelEnd

__all__ = ["KernelStateTracker", "MonitorStateTracker", "UpdateResult"]

MAX_MONITORS = 32
MAX_EVENT_BYTES = 16 * 1024
MAX_MODELS = 1_000
MAX_MODEL_BYTES = 4 * 1024
"""A larger row of a model is dropped, so that the rows of all updates together are bounded too."""

NEW_SECTIONS = ("runs", "workers")
"""Sections that a kernel of an earlier version does not send."""

_point_decoder = LenientDecoder(Point)


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
        self._merged: _Merged | None = None
        self._seq = 0
        self._points: deque[Point] = deque(maxlen=max_points)
        self.has_kernel_history = False
        """Whether the points from before the first update are here too."""

    @property
    def latest(self) -> Update | None:
        """All updates so far, merged; ``None`` before the first one."""
        return self._merged.update if self._merged is not None else None

    @property
    def is_complete(self) -> bool:
        """True when every section is known."""
        return self.latest is not None and all(
            getattr(self.latest, name) is not UNSET for name in SECTIONS if name not in NEW_SECTIONS
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
            self._merged = _merged(self._merged, sections)
            self._add_points(update)
        replaced = late and update.seq < self._seq
        return UpdateResult(sections, events, incomplete=gap or replaced or not self.is_complete)

    def full_update(self, *, history: bool) -> Update:
        """Return the state as a full update, with the points of the charts if `history` is set.

        Any thread may call it, except with `history`: it reads the state once.

        Raises
        ------
        ValueError
            When no update has arrived yet.
        """
        merged = self._merged
        if merged is None:
            raise ValueError("expected an update before it is asked for, got none")
        latest, model = merged.update, merged.update.model
        if model is not UNSET and model.uptime_seconds is not None:
            # Uptime grows with time, so an update does not repeat the model section for it.
            passed = max(0.0, latest.at - merged.model_at)
            model = replace(model, uptime_seconds=model.uptime_seconds + passed)
        workers = latest.workers
        if workers:
            workers = aged(workers, max(0.0, latest.at - merged.workers_at))
        columns = self._columns() if history else UNSET
        return replace(latest, full=True, model=model, workers=workers, history=columns)

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
        latest = self.latest
        if latest is None or (self._points and update.at == self._points[-1].at):
            return
        # A kernel whose clock was set back goes on from there: what lies ahead is from before.
        while self._points and update.at < self._points[-1].at:
            self._points.pop()
        metrics, system = latest.metrics, latest.system
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
            rows = list(zip(*(columns[name] for name in names), strict=True))
        except (KeyError, ValueError):
            return
        earlier: list[Point] = []
        for row in rows:
            try:
                point = _point_decoder.decode(dict(zip(names, row, strict=True))).value
            except InvalidValueError:
                continue
            while earlier and earlier[-1].at >= point.at:
                earlier.pop()
            if point.at < oldest:
                earlier.append(point)
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
    ended: KernelEnd | None = None
    """How the process before this one ended."""
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
        update = self._without_large_rows(update)
        if update.workers is not UNSET and len(update.workers) > MAX_WORKERS:
            self.dropped["oversized"] += len(update.workers) - MAX_WORKERS
            update = replace(update, workers=update.workers[:MAX_WORKERS])
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

    def end_missing(self, names: list[str], before: dict[str, Update | None]) -> list[Update]:
        """End the monitors that the kernel does not list; return their last updates.

        Parameters
        ----------
        names : list of str
            The monitors that the kernel has.
        before : dict
            The latest update of each monitor when the kernel was asked: one that has sent
            something since is not ended.
        """
        last = []
        for name in before.keys() - set(names):
            monitor = self.monitors.get(name)
            latest = monitor.latest if monitor is not None else None
            if monitor is None or latest is None or latest.closed or latest is not before[name]:
                continue
            update = ended(monitor.full_update(history=False))
            monitor.apply(update)
            last.append(update)
        return last

    def latest_updates(self) -> dict[str, Update | None]:
        """Return the latest update of each monitor."""
        return {name: monitor.latest for name, monitor in self.monitors.items()}

    def _without_large_rows(self, update: Update) -> Update:
        if update.models is UNSET:
            return update
        rows = [one for row in update.models if (one := _bounded_row(row)) is not None]
        if len(rows) < len(update.models):
            self.dropped["oversized"] += len(update.models) - len(rows)
        return replace(update, models=rows)

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

    def clear(self, *, keep_events: bool = False) -> None:
        """Drop the state of all monitors: the kernel restarted."""
        self.monitors.clear()
        if not keep_events:
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


@dataclass(frozen=True)
class _Merged:
    """All updates so far; replaced as a whole, so that any thread reads one state."""

    update: Update
    model_at: float
    """Time of the newest model section."""
    workers_at: float
    """Time of the newest rows of workers."""


def _merged(merged: _Merged | None, update: Update) -> _Merged:
    model_at = update.at if update.model is not UNSET or merged is None else merged.model_at
    workers_at = update.at
    if update.workers is UNSET and merged is not None:
        workers_at = merged.workers_at
    if merged is None or update.full:
        return _Merged(update, model_at, workers_at)
    before = merged.update
    known = {name: getattr(before, name) for name in SECTIONS if getattr(update, name) is UNSET}
    if update.models is not UNSET and before.models is not UNSET:
        rows = {row.model_id: row for row in (*before.models, *update.models)}
        known["models"] = list(rows.values())[-MAX_MODELS:]
    if update.runs is not UNSET and before.runs is not UNSET:
        known["runs"] = merge_runs(before.runs, update.runs)
    return _Merged(replace(update, **known), model_at, workers_at)


def _bounded_row(row: ModelInfo) -> ModelInfo | None:
    """Return a row, without its reason where that makes it too large; ``None`` if it stays so."""
    if _size(row) > MAX_MODEL_BYTES:
        # The section of the active model has the whole reason, such as the text of an exception.
        row = replace(row, reason=None, reason_code=None, reason_args={})
    return row if _size(row) <= MAX_MODEL_BYTES else None


def _size(part: Event | ModelInfo) -> int:
    return len(msgspec.json.encode(part))
