"""What is kept of a monitor: handed to a file where there is one, else to memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ipyvitals.errors import StoreError
from ipyvitals.models.checkpoint import Checkpoint, checkpoint_of, summary_of, windows_of
from ipyvitals.models.model_state import ModelState
from ipyvitals.runtime.aggregator import ModelAggregator
from ipyvitals.runtime.prediction_log import PredictionLog
from ipyvitals.runtime.shutdown import CLOSE_SECONDS, finish_at_exit
from ipyvitals.runtime.training_log import TrainingLog
from ipyvitals.schema import Event, MetricsSection, SystemSection
from ipyvitals.storage.buffer import IN_MEMORY, WriteBuffer
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.storage.rows import DeploymentRow, MetricsRow, StateRow, SystemRow
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.notices import Notices

if TYPE_CHECKING:
    import pandas as pd

    from ipyvitals.storage.client import StorageClient
    from ipyvitals.storage.session_queue import RestoreRequest

__all__ = ["CLOSE_SECONDS", "Persistence"]

RECALL_SECONDS = 1.0
"""For so long `deploy` waits for what an earlier kernel left; it may come later, too."""
BODY_BYTES_PER_SECOND = 100_000
"""Windows of very many labels are written less often than every second."""
MANY_ROWS = 2_000
"""So many are written even when nothing else is."""
FLUSH_SECONDS = 5.0


class LastSaved(NamedTuple):
    """What was handed over last of one model."""

    mark: tuple[Any, ...]
    has_recent_activity: bool
    dormant: bool
    told: tuple[str, MetricsSection]
    labels: tuple[int, int]
    """Of the windows that were handed over last."""
    body_due: float
    reference: bytes
    """That was handed over last."""
    unsaved: bool
    """Whether a new kernel would not go on from here yet."""


class Persistence:
    """Hands over what changed.

    Its owner holds a lock around every call that hands over, and around none that waits.

    Parameters
    ----------
    monitor : str
        Its name.
    clock : Clock
        Where all times come from.
    notices : Notices
        Where what cannot be read is counted.
    path : Path, optional
        The file. Without one, the last rows are kept in memory.
    """

    def __init__(
        self, monitor: str, clock: Clock, notices: Notices, path: Path | None = None
    ) -> None:
        self._monitor = monitor
        self._clock = clock
        self._notices = notices
        self._path = path
        self._started_at = clock.time()
        self._sink = None if path is None else _sink(path, monitor, clock, notices)
        self._backlog = WriteBuffer(IN_MEMORY) if self._sink is None else self._sink.backlog
        self.runs = TrainingLog(clock, self._backlog)
        self.predictions = PredictionLog(clock, self._backlog)
        self._kept: dict[str, LastSaved] = {}
        self._recalled: set[str] = set()
        self._late: dict[str, tuple[RestoreRequest, dict[str, Any]]] = {}

    # What happened

    def event(self, event: Event) -> None:
        """Keep an event; takes no lock but that of the rows."""
        self._backlog.put(event)

    def system(self, reading: SystemSection) -> None:
        """Keep a reading of the machine."""
        self._backlog.put(SystemRow(self._clock.time(), reading))

    def deployed(self, model: ModelState) -> None:
        """Keep a deployment."""
        self._backlog.put(
            DeploymentRow(
                self._clock.time(),
                model.model_id,
                model.name,
                model.version,
                model.trained_at,
                model.deployed_at,
                model.baseline_accuracy,
            )
        )

    def keep(
        self,
        figures: ModelAggregator,
        history: RecentPoints,
        *,
        save: bool = True,
        all: bool = False,
    ) -> None:
        """Keep the figures of all models that changed, and what a new kernel goes on from.

        Parameters
        ----------
        figures : ModelAggregator
            Just folded.
        history : RecentPoints
            Gets the points of an earlier kernel, once they are there.
        save : bool
            Whether a new kernel goes on from how things stand now, and all is written soon.
        all : bool
            Whether large windows are due, too.
        """
        self._resume_late(figures, history)
        now = self._clock.monotonic()
        kept: dict[str, LastSaved] = {}
        for model in figures.registry:
            before = self._kept.get(model.model_id)
            if before is not None and before.dormant and model.dormant:
                kept[model.model_id] = before
            elif model.known:
                kept[model.model_id] = self._keep_model(
                    figures, model, before, now, save=save, all=all
                )
        self._kept = kept
        if self._sink is not None and (save or len(self._backlog) > MANY_ROWS):
            self._sink.wake()

    def _keep_model(
        self,
        figures: ModelAggregator,
        model: ModelState,
        before: LastSaved | None,
        now: float,
        *,
        save: bool,
        all: bool,
    ) -> LastSaved:
        mark = _mark_of(model, figures.pending(model))
        has_recent_activity = bool(model.calls.get(now) or model.errors.get(now))
        labels = (model.total_labelled, model.deployment)
        still = (
            before is not None
            and before.mark == mark
            and not (has_recent_activity or before.has_recent_activity)
        )
        if before is not None and still:
            due = (save and before.unsaved) or (all and before.labels != labels)
            if not due:
                return before._replace(dormant=model.dormant)
        at = self._clock.time()
        metrics = msgspec.structs.replace(figures.metrics(model), segments=[])
        told = (model.status, metrics)
        if before is None or before.told != told:
            self._backlog.put(MetricsRow(at, model.model_id, *told))
        # Labels that are in no file yet are so since the last time, or since ever.
        written, body_due, known = (-1, -1), now, b""
        if before is not None:
            written, body_due, known = before.labels, before.body_due, before.reference
        # A nameless model is another one in each notebook; of one whose past may still come,
        # what is in the file is not to be written over.
        resumable = self._sink is not None and bool(model.name)
        unsaved = resumable and not (save and model.model_id not in self._late)
        if self._sink is not None and resumable and not unsaved:
            body = windows_of(model) if labels != written and (all or now >= body_due) else None
            if body is not None:
                written, body_due = labels, now + len(body) / BODY_BYTES_PER_SECOND
            reference = model.watch.reference if model.watch is not None else b""
            changed = before is None or reference != known
            known = reference
            self._sink.save(
                StateRow(
                    at,
                    model.model_id,
                    model.name,
                    model.version,
                    model.trained_at,
                    model.deployed_at,
                    model.status,
                    model.total_predictions,
                    metrics.current_accuracy,
                    summary_of(model, now),
                    body,
                    reference if changed else None,
                )
            )
        return LastSaved(
            mark, has_recent_activity, model.dormant, told, written, body_due, known, unsaved
        )

    # What an earlier kernel left

    def restore(
        self, model_id: str, told: dict[str, Any], history: RecentPoints, *, known: bool
    ) -> Checkpoint | None:
        """Return what an earlier kernel left of a model; waits a little, and holds no lock.

        Parameters
        ----------
        model_id : str
        told : dict
            What the user says of the model.
        history : RecentPoints
            Gets the points behind the charts.
        known : bool
            Whether the model is here already; once here, it goes on by itself.
        """
        if self._sink is None or (known and model_id in self._recalled):
            return None
        self._recalled.add(model_id)
        recall = self._sink.restore(model_id)
        if recall.wait(RECALL_SECONDS):
            return self._past(recall, history)
        self._late[model_id] = (recall, told)
        return None

    def wait_for_late(self, seconds: float) -> None:
        """Wait a while for what earlier kernels left: before, no state of a model is kept."""
        end = time.monotonic() + seconds
        for recall, _ in list(self._late.values()):
            recall.wait(max(0.0, end - time.monotonic()))

    def _resume_late(self, figures: ModelAggregator, history: RecentPoints) -> None:
        for model_id, (recall, told) in list(self._late.items()):
            if recall.done:
                del self._late[model_id]
                checkpoint = self._past(recall, history)
                if checkpoint is not None:
                    figures.resume(model_id, checkpoint, told)

    def _past(self, recall: RestoreRequest, history: RecentPoints) -> Checkpoint | None:
        if recall.found is None:
            return None
        history.prepend(recall.found.points)
        try:
            return checkpoint_of(*recall.found[:3])
        except ValueError as error:
            self._notices.add("store.state", model=repr(recall.model_id), error=str(error))
            return None

    def flush(self, timeout: float) -> bool:
        """Wait until all is on the disk; false when it is not."""
        return self._sink is None or self._sink.flush(timeout)

    def close(self) -> None:
        """Keep nothing more, and let others go on with the models."""
        if self._sink is not None:
            self._sink.close(CLOSE_SECONDS)

    def history(self, section: str, **asked: Any) -> pd.DataFrame:
        """Return a section of what is kept; from memory, where it is in no file."""
        from ipyvitals.storage.ownership import Session
        from ipyvitals.storage.queries import SelfFilter
        from ipyvitals.storage.reader import Reader

        session = self._sink.session if self._sink else Session.here(self._monitor, 0.0)
        own = SelfFilter(session.token, self._started_at)
        kept = self._sink is not None and self._sink.flush(FLUSH_SECONDS)
        rows = [] if kept else self._backlog.rows()
        try:
            reader = Reader(self._path)
        except StoreError:
            reader = Reader()
        with reader:
            if rows:
                reader.add(session, rows)
            return reader.history(section, monitor=self._monitor, own=own, **asked)

    def after_fork(self) -> None:
        """Keep nothing in a forked child: the file is the parent's."""
        self._sink = None
        self._backlog.after_fork()
        self.runs.after_fork()


def _sink(path: Path, monitor: str, clock: Clock, notices: Notices) -> StorageClient | None:
    # SQLite takes some milliseconds to import.
    from ipyvitals.storage.client import StorageClient
    from ipyvitals.storage.connections import has_inherited
    from ipyvitals.storage.writer import finish

    finish_at_exit(finish)
    if not has_inherited():
        return StorageClient(path, monitor, notices, clock.time)
    notices.add("store.forked")
    return None


def _mark_of(model: ModelState, pending: int) -> tuple[Any, ...]:
    """Return what tells whether anything changed beside the rates of the last minute."""
    return (
        *(model.total_predictions, model.total_labelled, model.total_errors, pending),
        *(model.status, model.status_since, model.message, model.acknowledged_at),
        *(model.name, model.version, model.trained_at, model.deployed_at, model.deployment),
        *(model.baseline_accuracy, model.lifecycle),
        b"" if model.watch is None else model.watch.reference,
    )
