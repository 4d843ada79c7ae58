"""Tells what is new, and only that: events to the log, snapshots to the view."""

from __future__ import annotations

import threading
from functools import cache
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from ipyvitals.events.event_log import EventLog
from ipyvitals.schema import (
    MetricsSection,
    ModelMetricsUpdate,
    Snapshot,
    SystemMetrics,
    SystemSection,
    TrainingCompleted,
    TrainingProgress,
    TrainingSection,
)
from ipyvitals.utils.notices import Notices

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
        self._progress: tuple[Any, ...] | None = None
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
        told = _WHAT_MOVES(section)
        if told == self._progress:
            return False
        self._progress = told
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
                gone = [view for view in self._views if not self._shows(view, snapshot)]
                if gone:
                    self._views = [view for view in self._views if view not in gone]

    def end(self) -> None:
        """Tell the views that nothing more will come."""
        with self._lock:
            for view in self._views:
                try:
                    view.end()
                except Exception as error:
                    self._note(error)

    def _shows(self, view: View, snapshot: Snapshot) -> bool:
        """Show a snapshot in a view; return whether there is one still."""
        try:
            return view.show(snapshot) is not False
        except Exception as error:
            self._note(error)
            return True

    def _note(self, error: Exception) -> None:
        self._notices.add("views.failed", f"{type(error).__name__}: {error}")

    def after_fork(self) -> None:
        """Show nothing in a forked child: the wires are the parent's."""
        self._lock = threading.RLock()
        self._views = []


def _fields(event: type[msgspec.Struct], section: msgspec.Struct) -> dict[str, Any]:
    names, pick = _shared(event, type(section))
    return dict(zip(names, pick(section), strict=True))


@cache
def _shared(
    event: type[msgspec.Struct], section: type[msgspec.Struct]
) -> tuple[list[str], attrgetter[tuple[Any, ...]]]:
    """Return the names of the fields that both have, and what reads them."""
    names = [name for name in section.__struct_fields__ if name in event.__struct_fields__]
    return names, attrgetter(*names)


_BY_ITSELF = ("elapsed_seconds", "eta_seconds", "rate_per_second")
_WHAT_MOVES = attrgetter(*(set(TrainingSection.__struct_fields__) - set(_BY_ITSELF)))
"""Reads what of a training changes only when it goes on."""
