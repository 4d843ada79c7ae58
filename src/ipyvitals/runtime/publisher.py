"""Publishes changes: events to the event log, snapshots to the views."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from math import inf
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from ipyvitals.events.event_log import EventLog
from ipyvitals.schema import (
    MetricsSection,
    ModelMetricsUpdate,
    RunInfo,
    Snapshot,
    SystemMetrics,
    SystemSection,
    TrainingCompleted,
    TrainingProgress,
    TrainingSection,
)
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.notices import Notices

__all__ = ["Publisher", "View"]


class View(Protocol):
    """A receiver of snapshots, such as the panel."""

    def show(self, snapshot: Snapshot) -> bool | None:
        """Show a snapshot; called by one thread at a time. False when the view is closed."""
        ...

    def end(self) -> None:
        """Mark the view as closed: no snapshot will follow."""
        ...


class Publisher:
    """Compares each state with the one published last, and publishes it when it changed.

    Snapshots reach the views in the order in which they were taken, and only while there is a
    view and somebody watches. The publisher has a lock that guards the views; the lock of the
    engine may be taken before that lock, never after it.

    Parameters
    ----------
    events : EventLog
        Receives the events.
    notices : Notices
        Counts views that fail.
    clock : Clock
        Source of all times.
    pause : callable
        Returns the minimum seconds between two snapshots; 0 while somebody watches.
    """

    def __init__(
        self, events: EventLog, notices: Notices, clock: Clock, pause: Callable[[], float]
    ) -> None:
        self._events = events
        self._notices = notices
        self._clock = clock
        self._pause = pause
        self.due = False
        """True when a new snapshot is to be shown."""
        self.progress_due = False
        """True when new progress of a training run is to be shown."""
        self.training = TrainingSection()
        """Newest progress of a training run."""
        self._metrics: dict[str, Any] | None = None
        self._progress: tuple[Any, ...] | None = None
        self._views: list[View] = []
        self._shown: Snapshot | None = None
        self._shown_at = -inf
        self._number = self._last_number = 0
        self._lock = threading.RLock()

    def system(self, reading: SystemSection) -> None:
        """Emit the event for a reading of the machine."""
        self._events.emit(SystemMetrics, **_fields(SystemMetrics, reading))

    def metrics(self, model_id: str, metrics: MetricsSection) -> None:
        """Emit the event for the metrics of the active model, if one of them changed."""
        update = {"model_id": model_id, **_fields(ModelMetricsUpdate, metrics)}
        if update != self._metrics:
            self._metrics = update
            self._events.emit(ModelMetricsUpdate, **update)

    def progress(self, section: TrainingSection) -> bool:
        """Emit the event for the progress of training if it changed; return whether it did."""
        progress = _progress_of(section)
        if progress == self._progress:
            return False
        self._progress = progress
        self._events.emit(TrainingProgress, **_fields(TrainingProgress, section))
        return True

    def completed(self, section: TrainingSection) -> None:
        """Emit the event for the end of a training run."""
        self._progress = None
        self._events.emit(TrainingCompleted, **_fields(TrainingCompleted, section))

    def watch(self, view: View) -> None:
        """Show snapshots in `view` from now on."""
        with self._lock:
            self._views = [*self._views, view]

    @property
    def watched(self) -> bool:
        """True while there is a view to show snapshots in."""
        return bool(self._views)

    def show(
        self,
        snapshot: Callable[[], Snapshot],
        runs: Callable[[], list[RunInfo]],
        seq: Callable[[], int],
        lock: AbstractContextManager[object],
        *,
        closed: bool,
    ) -> None:
        """Show what is due: a new snapshot, or the last one with newer progress.

        Parameters
        ----------
        snapshot : callable
            Takes a snapshot; called under `lock`.
        runs : callable
            Returns the training runs, which move with the progress.
        seq : callable
            Returns the number of the newest event.
        lock : context manager
            Guards the state while a snapshot is taken; released before the views are called.
        closed : bool
            True for the last snapshot, which is shown in any case.
        """
        whole, self.due, self.progress_due = self.due or closed, False, False
        now = self._clock.monotonic()
        too_early = now - self._shown_at < self._pause() and not closed
        if too_early or not self.watched:
            return
        self._shown_at = now
        with lock:
            self._number += 1
            if whole or self._shown is None:
                shown = snapshot()
            else:
                # Progress is shown ten times a second; the other sections keep their interval.
                shown = msgspec.structs.replace(
                    self._shown,
                    at=self._clock.time(),
                    seq=seq(),
                    training=self.training,
                    runs=runs(),
                )
            number, self._shown = self._number, shown
        self._show_in_views(shown, number)

    def end(self) -> None:
        """Mark all views as closed."""
        with self._lock:
            for view in self._views:
                try:
                    view.end()
                except Exception as error:
                    self._note(error)

    def _show_in_views(self, snapshot: Snapshot, number: int) -> None:
        """Show a snapshot, unless another thread has shown a newer one."""
        with self._lock:
            if number > self._last_number:
                self._last_number = number
                closed = [view for view in self._views if not self._shows(view, snapshot)]
                if closed:
                    self._views = [view for view in self._views if view not in closed]

    def _shows(self, view: View, snapshot: Snapshot) -> bool:
        """Show a snapshot in a view; return whether the view is still open."""
        try:
            return view.show(snapshot) is not False
        except Exception as error:
            self._note(error)
            return True

    def _note(self, error: Exception) -> None:
        self._notices.add("views.failed", f"{type(error).__name__}: {error}")

    def after_fork(self) -> None:
        """Drop the views in a forked child: their sockets belong to the parent."""
        self._lock = threading.RLock()
        self._views = []


def _fields(event: type[msgspec.Struct], section: msgspec.Struct) -> dict[str, Any]:
    names, pick = _shared(event, type(section))
    return dict(zip(names, pick(section), strict=True))


@cache
def _shared(
    event: type[msgspec.Struct], section: type[msgspec.Struct]
) -> tuple[list[str], attrgetter[tuple[Any, ...]]]:
    """Return the names of the common fields, and a function that reads them from a section."""
    names = [name for name in section.__struct_fields__ if name in event.__struct_fields__]
    return names, attrgetter(*names)


_TIME_DEPENDENT = ("elapsed_seconds", "eta_seconds", "rate_per_second")
_progress_of = attrgetter(*(set(TrainingSection.__struct_fields__) - set(_TIME_DEPENDENT)))
"""Reads the fields that change only when a training run makes progress."""
