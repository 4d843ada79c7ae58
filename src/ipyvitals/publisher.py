"""Tells what is new, and only that: events to the log, snapshots to the view."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from ipyvitals.notices import Notices
from ipyvitals.sinks.events import EventLog
from ipyvitals.snapshot import (
    MetricsSection,
    ModelMetricsUpdate,
    Snapshot,
    SystemMetrics,
    SystemSection,
    TrainingCompleted,
    TrainingProgress,
    TrainingSection,
)

__all__ = ["Publisher", "View"]


class View(Protocol):
    """What shows snapshots as they come, such as the panel."""

    def show(self, snapshot: Snapshot) -> bool | None:
        """Show a snapshot; called from one thread at a time. False: there is no view any more."""
        ...

    def end(self) -> None:
        """Say that nothing more will come."""
        ...


class Publisher:
    """Compares with what was told before.

    Parameters
    ----------
    events : EventLog
        Takes the events.
    notices : Notices
        Where a view that fails is counted.
    """

    def __init__(self, events: EventLog, notices: Notices) -> None:
        self._events = events
        self._notices = notices
        self._metrics: dict[str, Any] | None = None
        self._progress: TrainingSection | None = None
        self._views: list[View] = []
        self._turn = 0
        self._lock = threading.RLock()

    def system(self, reading: SystemSection) -> None:
        """Tell a reading of the machine."""
        self._events.emit(SystemMetrics, **_fields(SystemMetrics, reading))

    def metrics(self, model_id: str, metrics: MetricsSection) -> None:
        """Tell the figures of the active model if one of them changed."""
        update = {"model_id": model_id, **_fields(ModelMetricsUpdate, metrics)}
        if update != self._metrics:
            self._metrics = update
            self._events.emit(ModelMetricsUpdate, **update)

    def progress(self, section: TrainingSection) -> bool:
        """Tell how training moved; return whether it did."""
        if self._progress is not None and _at_rest(section) == _at_rest(self._progress):
            return False
        self._progress = section
        self._events.emit(TrainingProgress, **_fields(TrainingProgress, section))
        return True

    def completed(self, section: TrainingSection) -> None:
        """Tell that a run ended."""
        self._progress = None
        self._events.emit(TrainingCompleted, **_fields(TrainingCompleted, section))

    def watch(self, view: View) -> None:
        """Show snapshots in `view` from here on."""
        with self._lock:
            self._views = [*self._views, view]

    @property
    def watched(self) -> bool:
        """Whether anything shows snapshots."""
        return bool(self._views)

    def show(self, snapshot: Snapshot, turn: int) -> None:
        """Show a snapshot, unless one of a later `turn` was shown by another thread."""
        with self._lock:
            if turn > self._turn:
                self._turn = turn
                gone = [view for view in self._views if self._try(view.show, snapshot) is False]
                if gone:
                    self._views = [view for view in self._views if view not in gone]

    def end(self) -> None:
        """Tell the views that nothing more will come."""
        with self._lock:
            for view in self._views:
                self._try(view.end)

    def _try(self, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return call(*args)
        except Exception as error:
            self._notices.add("views.failed", f"{type(error).__name__}: {error}")
            return None

    def after_fork(self) -> None:
        """Show nothing in a forked child: the wires are the parent's."""
        self._lock = threading.RLock()
        self._views = []


def _fields(event: type[msgspec.Struct], section: msgspec.Struct) -> dict[str, Any]:
    wanted = event.__struct_fields__
    return {name: getattr(section, name) for name in section.__struct_fields__ if name in wanted}


def _at_rest(section: TrainingSection) -> TrainingSection:
    """Return the section without what moves by itself."""
    return msgspec.structs.replace(
        section, elapsed_seconds=None, eta_seconds=None, rate_per_second=None
    )
