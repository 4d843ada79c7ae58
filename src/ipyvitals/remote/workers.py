"""The rows of ``snapshot().workers``: who reports, when last, and what it does."""

from __future__ import annotations

from itertools import islice

from msgspec.structs import replace

from ipyvitals.remote.report import WriterIdentity
from ipyvitals.remote.report_reader import MAX_WRITERS, ReportReader, WorkerState
from ipyvitals.schema import LabelsSection, RunInfo, SystemSection, TrainingSection, WorkerInfo
from ipyvitals.schema.workers import MAX_WORKERS, WorkerCondition
from ipyvitals.storage.ownership import SessionOwner, alive

__all__ = ["Workers", "writer_name"]

LATE_SECONDS = 3.0
"""Silence of a process that is busy, beyond the time between two reports."""
GONE_SECONDS = 30.0
"""Silence of a process of another machine from which it counts as gone."""
SECTION_OF_RUN = tuple(
    name for name in TrainingSection.__struct_fields__ if name in RunInfo.__struct_fields__
)
MAX_RUNS = 100
"""Most runs of all workers together that a snapshot has."""
ROW_SECONDS = 600.0
"""Age of the last report of a worker that has ended, from which it has no row any more."""
FORGET_SECONDS = 86_400.0
"""Age from which a worker of another machine counts as one that never reports again."""
SILENT_SECONDS = 10.0
HERE_LOOK_SECONDS = 2.0


class Workers:
    """Judges which workers are alive, late or gone.

    Parameters
    ----------
    reader : ReportReader
        Has the newest report of each.
    """

    def __init__(self, reader: ReportReader) -> None:
        self._reader = reader

    @property
    def known(self) -> bool:
        """True once a worker reported."""
        return bool(self._reader.workers or self._reader.silent or self._reader.forgotten_labels)

    def look(self, now: float, wall: float) -> list[tuple[str, float]]:
        """Notice workers whose process has ended without a last report.

        Returns
        -------
        list of tuple
            Name, and age of the last report in seconds, of each that was noticed now.
        """
        lost = []
        for state in list(self._reader.workers.values()):
            silent = now - state.heard
            if state.gone or silent < HERE_LOOK_SECONDS:
                continue
            if not _runs(state, silent, wall):
                state.gone = True
                lost.append((name_of(state), silent))
        return lost

    def silence(self, now: float) -> None:
        """Take away the rows of workers that ended and were last heard a while ago."""
        for token, state in list(self._reader.workers.items()):
            if state.gone and now - state.heard > ROW_SECONDS:
                self._reader.silence(token)

    def over(self, now: float, wall: float) -> list[str]:
        """Return the tokens of silent workers whose reports cannot come again.

        Of a process of this machine that is known. One of another machine may go on: after a
        break of the network, a pause of the machine, or as a cluster is attached again.
        """
        silent = list(self._reader.silent.items())
        too_many = max(0, len(silent) - MAX_WRITERS)
        return [
            token
            for place, (token, state) in enumerate(silent)
            if place < too_many or now - state.heard > FORGET_SECONDS or not _runs(state, 0.0, wall)
        ]

    def rows(self, now: float) -> list[WorkerInfo]:
        """Return a row a worker: those that are alive first, the one heard first in front."""
        states = sorted(self._reader.workers.values(), key=lambda one: one.gone)
        return [_row(one, now) for one in states[:MAX_WORKERS]]

    @property
    def training_now(self) -> bool:
        """True while a worker that was not lost has an open run."""
        return any(
            run.ended_at is None
            for state in list(self._reader.workers.values())
            if not state.gone
            for run in state.report.runs
        )

    def labels(self, own: LabelsSection) -> LabelsSection:
        """Return the counts of this process with those of all workers."""
        states = [*self._reader.workers.values(), *self._reader.silent.values()]
        if not states and not self._reader.forgotten_labels:
            return own
        totals = dict(self._reader.forgotten_labels)
        for state in states:
            for name, count in state.report.lost_labels.items():
                if name != "pending" or not state.gone:
                    totals[name] = totals.get(name, 0) + count
        known = {name: count for name, count in totals.items() if hasattr(own, name)}
        return replace(own, **{name: getattr(own, name) + n for name, n in known.items()})

    def runs(self) -> list[RunInfo]:
        """Return the runs of all workers, those of rank 0 first; each names its worker."""
        states = sorted(self._reader.workers.values(), key=lambda one: one.report.writer.rank or 0)
        runs = (_named(run, one) for one in states for run in one.report.runs)
        return list(islice(runs, MAX_RUNS))

    def training(self, own: TrainingSection, own_runs: list[RunInfo]) -> TrainingSection:
        """Return the section of the run in front: an open one of this process comes first.

        Without an open run, the run in front is the one that ended last.
        """
        tops = [run for run in self.runs() if run.parent_id is None]
        front = next((run for run in tops if run.ended_at is None), None)
        if own.state == "running" or not tops:
            return own
        if front is None:
            front = max(tops, key=lambda run: run.ended_at or 0.0)
            if any((run.ended_at or 0.0) >= (front.ended_at or 0.0) for run in own_runs):
                return own
        return TrainingSection(**{name: getattr(front, name) for name in SECTION_OF_RUN})


def name_of(state: WorkerState) -> str:
    """Return how a worker is called: its label, or host and process."""
    return writer_name(state.report.writer)


def writer_name(writer: WriterIdentity) -> str:
    """Return how the process of a report is called."""
    return writer.label or f"{writer.host}:{writer.pid}"


def _named(run: RunInfo, state: WorkerState) -> RunInfo:
    """Return a run as one of its worker; one that was open when the worker was lost is lost."""
    run = replace(run, worker=state.report.writer.token)
    if state.gone and run.ended_at is None:
        ended_at = run.started_at + run.elapsed_seconds
        run = replace(run, state="lost", ended_at=ended_at, eta_seconds=None, alert=None)
    if run.parent_id is not None:
        return run
    writer = state.report.writer
    name = writer.label or f"pid {writer.pid}"
    if run.name is None:
        return replace(run, name=name)
    return replace(run, details=f"{name}, {run.details}" if run.details else name)


def _runs(state: WorkerState, silent: float, wall: float) -> bool:
    writer = state.report.writer
    return alive(
        SessionOwner(
            writer.token, wall - silent, None, writer.pid, writer.host_id, writer.process_start
        ),
        wall,
    )


def _row(state: WorkerState, now: float) -> WorkerInfo:
    report = state.report
    silent = max(0.0, now - state.heard)
    late = silent > SILENT_SECONDS + LATE_SECONDS
    condition: WorkerCondition = "late" if late else "alive"
    if state.gone:
        condition = "ended" if report.final else "gone"
    system = report.system or SystemSection()
    run = next(iter(report.runs), None)
    return WorkerInfo(
        worker=report.writer.token,
        name=name_of(state),
        host=report.writer.host,
        pid=report.writer.pid,
        rank=report.writer.rank,
        state=condition,
        last_heard_seconds=silent,
        total_predictions=sum(one.predictions for one in report.models),
        total_errors=sum(one.errors for one in report.models),
        stage=None if run is None else run.stage,
        current=None if run is None else run.current,
        total=None if run is None else run.total,
        rate_per_second=None if run is None else run.rate_per_second,
        memory_bytes=system.process_memory_bytes,
        cpu_percent=system.process_cpu_percent,
    )
