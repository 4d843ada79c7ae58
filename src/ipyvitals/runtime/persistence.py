"""Stores what a monitor sees in a file, or in memory without one, and restores checkpoints."""

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
from ipyvitals.utils.threads import Worker

if TYPE_CHECKING:
    import pandas as pd

    from ipyvitals.storage.client import StorageClient
    from ipyvitals.storage.ownership import Session
    from ipyvitals.storage.queries import SelfFilter
    from ipyvitals.storage.reader import Reader
    from ipyvitals.storage.session_queue import RestoreRequest
    from ipyvitals.storage.summaries import StoredRun

__all__ = ["CLOSE_SECONDS", "Persistence"]

RESTORE_SECONDS = 1.0
"""How long `deploy` waits for the checkpoint of an earlier kernel; it may come later, too."""
BODY_BYTES_PER_SECOND = 100_000
"""Large windows are written less often than every second, at this average rate."""
MANY_ROWS = 2_000
"""Buffered rows from which the writer is woken even when no checkpoint is due."""
FLUSH_SECONDS = 5.0


class LastSaved(NamedTuple):
    """The newest rows and checkpoint that were stored of one model."""

    mark: tuple[Any, ...]
    has_recent_activity: bool
    dormant: bool
    row: tuple[str, MetricsSection]
    labels: tuple[int, int]
    """The state of the windows that were stored last."""
    body_due: float
    reference: bytes
    """The reference that was stored last."""
    unsaved: bool
    """Whether the newest checkpoint in the file is older than this."""


class Persistence:
    """Stores changes of the models, events, readings of the machine and training runs.

    The engine calls under its lock what stores, and without its lock what waits.

    Parameters
    ----------
    monitor : str
        Name of the monitor.
    clock : Clock
        Source of all times.
    notices : Notices
        Counts checkpoints that cannot be read.
    path : Path, optional
        The file. Without one, the last rows stay in memory.
    """

    def __init__(
        self, monitor: str, clock: Clock, notices: Notices, path: Path | None = None
    ) -> None:
        self._monitor = monitor
        self._clock = clock
        self._notices = notices
        self._path = path
        self._started_at = clock.time()
        self._client = None if path is None else _open_client(path, monitor, clock, notices)
        self._buffer = WriteBuffer(IN_MEMORY) if self._client is None else self._client.buffer
        self._session: Session | None = None
        """The session of the rows, once it is asked for."""
        self.runs = TrainingLog(clock, self._buffer)
        self.predictions = PredictionLog(clock, self._buffer)
        self._last_saved: dict[str, LastSaved] = {}
        self._restored: set[str] = set()
        self._restoring: set[str] = set()
        self._pending_restores: dict[str, tuple[RestoreRequest, dict[str, Any]]] = {}

    # Storing

    def event(self, event: Event) -> None:
        """Store an event; takes no lock but that of the buffer."""
        self._buffer.put(event)

    def system(self, reading: SystemSection) -> None:
        """Store a reading of the machine."""
        self._buffer.put(SystemRow(self._clock.time(), reading))

    def deployed(self, model: ModelState) -> None:
        """Store a deployment."""
        self._buffer.put(
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
        aggregator: ModelAggregator,
        history: RecentPoints,
        *,
        save: bool = True,
        all: bool = False,
    ) -> None:
        """Store the metrics and checkpoints of all models that changed.

        Parameters
        ----------
        aggregator : ModelAggregator
            Has just processed all records.
        history : RecentPoints
            Receives the points of an earlier kernel once they are restored.
        save : bool
            Whether checkpoints are due, and the writer is woken.
        all : bool
            Whether large windows are due, too.
        """
        self._resume_restored(aggregator, history)
        now = self._clock.monotonic()
        saved: dict[str, LastSaved] = {}
        for model in aggregator.registry:
            before = self._last_saved.get(model.model_id)
            if before is not None and before.dormant and model.dormant:
                saved[model.model_id] = before
            elif model.known:
                saved[model.model_id] = self._keep_model(
                    aggregator, model, before, now, save=save, all=all
                )
        self._last_saved = saved
        if self._client is not None and (save or len(self._buffer) > MANY_ROWS):
            self._client.wake()

    def _keep_model(
        self,
        aggregator: ModelAggregator,
        model: ModelState,
        before: LastSaved | None,
        now: float,
        *,
        save: bool,
        all: bool,
    ) -> LastSaved:
        mark = _mark_of(model, aggregator.pending(model))
        has_recent_activity = bool(model.calls.get(now) or model.errors.get(now))
        labels = (model.total_labelled, model.deployment)
        unchanged = (
            before is not None
            and before.mark == mark
            and not (has_recent_activity or before.has_recent_activity)
        )
        if before is not None and unchanged:
            due = (save and before.unsaved) or (all and before.labels != labels)
            if not due:
                return before._replace(dormant=model.dormant)
        at = self._clock.time()
        metrics = msgspec.structs.replace(aggregator.metrics(model), segments=[])
        row = (model.status, metrics)
        if before is None or before.row != row:
            self._buffer.put(MetricsRow(at, model.model_id, *row))
        # Without an earlier row, nothing of the model is in the file yet.
        written, body_due, known = (-1, -1), now, b""
        if before is not None:
            written, body_due, known = before.labels, before.body_due, before.reference
        # A model without a name is another one in each notebook. While a checkpoint may still be
        # restored, the one in the file must not be overwritten.
        resumable = self._client is not None and bool(model.name)
        unsaved = resumable and not (save and model.model_id not in self._pending_restores)
        if self._client is not None and resumable and not unsaved:
            body = windows_of(model) if labels != written and (all or now >= body_due) else None
            if body is not None:
                written, body_due = labels, now + len(body) / BODY_BYTES_PER_SECOND
            reference = model.watch.reference if model.watch is not None else b""
            changed = before is None or reference != known
            known = reference
            self._client.save(
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
            mark, has_recent_activity, model.dormant, row, written, body_due, known, unsaved
        )

    # Restoring

    def claim_restore(self, model_id: str, *, known: bool) -> bool:
        """Return whether the caller is to restore a model; then it calls `end_restore` at last.

        The caller has the engine's lock, so that of two deployments at once only one restores.

        Parameters
        ----------
        model_id : str
        known : bool
            Whether this process has the model already; then it goes on from its own state.
        """
        if (
            self._client is None
            or model_id in self._restoring
            or (known and model_id in self._restored)
        ):
            return False
        self._restoring.add(model_id)
        return True

    def end_restore(self, model_id: str, *, restored: bool) -> None:
        """End what `claim_restore` began; only then a checkpoint that came late is used."""
        self._restoring.discard(model_id)
        if restored:
            self._restored.add(model_id)

    def restore(
        self, model_id: str, facts: dict[str, Any], history: RecentPoints
    ) -> Checkpoint | None:
        """Return the checkpoint that an earlier kernel stored of a model, after a short wait.

        Parameters
        ----------
        model_id : str
            Id of a model that `claim_restore` gave to the caller.
        facts : dict
            The user's arguments about the model.
        history : RecentPoints
            Receives the points of the charts.
        """
        if self._client is None:
            return None
        request = self._client.restore(model_id)
        if request.wait(RESTORE_SECONDS):
            return self._checkpoint(request, history)
        self._pending_restores[model_id] = (request, facts)
        return None

    def wait_for_restores(self, seconds: float) -> None:
        """Wait for pending checkpoints; no checkpoint of these models is stored before."""
        end = time.monotonic() + seconds
        for request, _ in list(self._pending_restores.values()):
            request.wait(max(0.0, end - time.monotonic()))

    def _resume_restored(self, aggregator: ModelAggregator, history: RecentPoints) -> None:
        for model_id, (request, facts) in list(self._pending_restores.items()):
            if request.done and model_id not in self._restoring:
                del self._pending_restores[model_id]
                checkpoint = self._checkpoint(request, history)
                if checkpoint is not None:
                    aggregator.resume(model_id, checkpoint, facts)

    def _checkpoint(self, request: RestoreRequest, history: RecentPoints) -> Checkpoint | None:
        if request.found is None:
            return None
        history.prepend(request.found.points)
        try:
            checkpoint = checkpoint_of(*request.found[:3])
            return msgspec.structs.replace(checkpoint, saved_at=request.found.saved_at)
        except ValueError as error:
            self._notices.add("store.state", model=repr(request.model_id), error=str(error))
            return None

    @property
    def worker(self) -> Worker | None:
        """The thread that writes the file; ``None`` without a file."""
        return None if self._client is None else self._client.worker

    # Waiting and reading

    def flush(self, timeout: float) -> bool:
        """Wait until all rows are on the disk; return whether they are."""
        return self._client is None or self._client.flush(timeout)

    def close(self) -> None:
        """Write for the last time, and let other kernels go on with the models."""
        if self._client is not None:
            self._client.close(CLOSE_SECONDS)

    def history(self, section: str, **query: Any) -> pd.DataFrame:
        """Return a section of the history, with buffered rows that are in no file."""
        reader, own = self._reader()
        return reader.history(section, monitor=self._monitor, own=own, **query)

    def stored_runs(self) -> list[StoredRun]:
        """Return the training runs of this monitor and of earlier ones of its name."""
        from ipyvitals.storage.summaries import with_source

        reader, own = self._reader()
        return with_source(reader.runs(self._monitor, own=own), self)

    def curves(self, run_id: str | None) -> pd.DataFrame:
        """Return the thinned curves of runs that have ended."""
        return self._reader()[0].curves(run_id, monitor=self._monitor)

    def delete_run(self, run_id: str) -> None:
        """Delete a training run that has ended from the file, or from memory without one."""
        from ipyvitals.storage.deletion import delete_stored_run, find_run

        found = find_run(self.stored_runs(), run_id)
        if self._path is None:
            self._buffer.remove_run(int(found.run.rpartition("-")[2]))
        else:
            delete_stored_run(self._path, found)

    def session_token(self) -> str:
        """Return what identifies this monitor in the history; the ids of runs begin with it."""
        return self._own_session().token

    def session(self) -> Session:
        """Return what identifies this monitor and its process."""
        return self._own_session()

    def _own_session(self) -> Session:
        from ipyvitals.storage.ownership import Session

        if self._session is None:
            client = self._client
            self._session = client.session if client else Session.here(self._monitor, 0.0)
        return self._session

    def _reader(self) -> tuple[Reader, SelfFilter]:
        """Return what reads the history, and the filter of what belongs to this monitor."""
        from ipyvitals.storage.queries import SelfFilter
        from ipyvitals.storage.reader import Reader

        session = self._own_session()
        own = SelfFilter(session.token, self._started_at)
        all_written = self._client is not None and self._client.flush(FLUSH_SECONDS)
        buffered = () if all_written else (session, self._buffer.rows())
        try:
            return Reader(self._path, *buffered), own
        except StoreError:
            return Reader(None, *buffered), own

    def after_fork(self) -> None:
        """Store nothing in a forked child: the rows belong to the parent."""
        self._client = self._session = None
        self._buffer.after_fork()
        self.runs.after_fork()


def _open_client(path: Path, monitor: str, clock: Clock, notices: Notices) -> StorageClient | None:
    # SQLite takes some milliseconds to import.
    from ipyvitals.storage.client import StorageClient
    from ipyvitals.storage.connections import forked_while_open
    from ipyvitals.storage.writers import finish

    finish_at_exit(finish)
    if not forked_while_open():
        return StorageClient(path, monitor, notices, clock.time)
    notices.add("store.forked")
    return None


def _mark_of(model: ModelState, pending: int) -> tuple[Any, ...]:
    """Return a value that changes with anything but the rates of the last minute."""
    return (
        *(model.total_predictions, model.total_labelled, model.total_errors, pending),
        *(model.status, model.status_since, model.message, model.acknowledged_at),
        *(model.name, model.version, model.trained_at, model.deployed_at, model.deployment),
        *(model.baseline_accuracy, model.lifecycle),
        b"" if model.watch is None else model.watch.reference,
    )
