"""Sends the reports of a worker, and receives those of all workers at home."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import proxy

from ipyvitals.models.journal import ModelJournal
from ipyvitals.models.model_state import ModelState
from ipyvitals.remote.address import Place
from ipyvitals.remote.folder import ReportFolder
from ipyvitals.remote.report import (
    MAX_LABELS,
    ModelReport,
    NewerReportError,
    ReportError,
    WriterIdentity,
    decode_report,
    encode_report,
)
from ipyvitals.remote.report_builder import ReportBuilder
from ipyvitals.remote.report_reader import Arrival, ReportReader
from ipyvitals.remote.routes import Sink
from ipyvitals.remote.workers import Workers, writer_name
from ipyvitals.storage.ownership import Session
from ipyvitals.utils.timers import IntervalTimer
from ipyvitals.utils.user_code import error_text, is_interrupt
from ipyvitals.utils.weak_callbacks import weak_callback, weak_result

if TYPE_CHECKING:
    from ipyvitals.runtime.engine import Engine

__all__ = ["ReportReceiver", "ReportSender", "Source", "writer_here"]

Source = Callable[[], Iterable[tuple[bytes, float]]]
"""Returns the reports since its last call, each with the seconds since it was sent."""

REPORT_SECONDS = 1.0
SILENT_SECONDS = 10.0
"""A worker in which nothing changes reports as often as this."""


def writer_here(session: Session, home: Place | None) -> WriterIdentity:
    """Return what identifies this process in its reports."""
    rank = _rank()
    return WriterIdentity(
        token=session.token,
        host=platform.node(),
        pid=session.pid,
        host_id=session.host_id,
        process_start=session.process_start,
        home=home,
        rank=rank,
        label=None if rank is None else f"rank {rank}",
    )


def _rank() -> int | None:
    for name in ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK"):
        value = os.environ.get(name, "")
        if value.isdecimal():
            return int(value)
    return None


class ReportSender:
    """Reports the state of an engine, once a second while anything changes.

    Parameters
    ----------
    engine : Engine
        That of a worker.
    writer : WriterIdentity
        Identifies this process.
    send : Sink
    """

    def __init__(self, engine: Engine, writer: WriterIdentity, send: Sink) -> None:
        self._engine: Engine = proxy(engine)
        self._builder = ReportBuilder(engine.settings.name, writer)
        self._send = send
        now = engine.clock.monotonic()
        self._timer = IntervalTimer(REPORT_SECONDS, now + REPORT_SECONDS)
        self._sent_at = -inf
        self._mark: Any = None
        self._ended = False
        size = min(MAX_LABELS, engine.settings.accuracy_window)
        # Imported late: only workers need it.
        from multiprocessing.util import Finalize

        # Children of multiprocessing that were forked run no `atexit`.
        Finalize(self, weak_callback(self, ReportSender._report_last), exitpriority=10)
        engine.aggregator.journal = partial(ModelJournal, engine.clock.monotonic, size)

    def run_due(self) -> float:
        """Report if that is due; return the seconds until the next report."""
        now = self._engine.clock.monotonic()
        if self._ended:
            return inf
        if self._timer.poll(now):
            self.report()
        return max(0.0, self._timer.next - self._engine.clock.monotonic())

    def resume(self) -> None:
        """Go on after the last report, where a cluster is attached again."""
        self._ended = False
        self._timer.bring_forward(self._engine.clock.monotonic())

    def _report_last(self) -> None:
        self._engine.training.close()
        self.report(final=True)

    def report(self, *, final: bool = False) -> None:
        """Report now, if anything changed or the last report is old; never raises."""
        if self._ended:
            return
        self._ended = final
        engine = self._engine
        try:
            engine.drain_queue(REPORT_SECONDS, quiet=True)
            now = engine.clock.monotonic()
            with engine.lock:
                mark = self._current_mark()
                if mark == self._mark and now - self._sent_at < SILENT_SECONDS and not final:
                    return
                report = self._builder.build(
                    now,
                    engine.aggregator.registry,
                    engine.aggregator.labels,
                    engine.training.runs(read=False),
                    engine.shown_system(),
                    final=final,
                )
            self._send(report.writer.token, encode_report(report))
            self._mark, self._sent_at = mark, now
        except BaseException as error:
            if is_interrupt(error):
                raise
            engine.notices.add("workers.unsent", error=error_text(error))

    def _current_mark(self) -> Any:
        engine = self._engine
        return (
            [
                (one.model_id, one.total_predictions, one.total_errors, one.total_labelled)
                for one in engine.aggregator.registry
            ],
            engine.training.version,
            engine.aggregator.labels,
        )


class ReportReceiver:
    """Adds the reports of workers to an engine; every second from a folder.

    Parameters
    ----------
    engine : Engine
        That of the home.
    path : Path
        The folder; it may not exist yet.
    session : Session
        That of this home.
    """

    def __init__(self, engine: Engine, path: Path, session: Session) -> None:
        self._engine: Engine = proxy(engine)
        self._folder = ReportFolder(path)
        self._token = session.token
        self._process = session.pid, session.host_id, session.process_start
        self.reader = ReportReader(engine.notices)
        self.workers = Workers(self.reader)
        self._timer = IntervalTimer(REPORT_SECONDS, engine.clock.monotonic())
        self._sources: tuple[Source, ...] = (weak_result(self, ReportReceiver._new_in_folder, ()),)

    def add_source(self, source: Source) -> None:
        """Ask `source` for reports too, once a second; it may raise."""
        self._sources = (*self._sources, source)

    def remove_source(self, source: Source) -> None:
        """Ask `source` no longer."""
        self._sources = tuple(one for one in self._sources if one is not source)

    def run_due(self) -> float:
        """Read the folder if that is due; return the seconds until the next time."""
        now = self._engine.clock.monotonic()
        if self._engine.closed:
            return inf
        if self._timer.poll(now):
            self.read()
        return max(0.0, self._timer.next - self._engine.clock.monotonic())

    def read(self) -> None:
        """Add the reports that are new in the folder and in the other sources; never raises."""
        for source in self._sources:
            self._guard(partial(self._take_from, source))
        self._guard(self._end_workers)
        self._engine.notices.log_new()

    def _guard(self, call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            if is_interrupt(error):
                raise
            self._engine.notices.add("workers.folder", error=error_text(error))

    def _take_from(self, source: Source) -> None:
        self.take(source())

    def _new_in_folder(self) -> Iterable[tuple[bytes, float]]:
        wall = self._engine.clock.time()
        return [
            (file.data, max(0.0, wall - file.written_at)) for file in self._folder.new_reports()
        ]

    def take(self, messages: Iterable[tuple[bytes, float]]) -> None:
        """Add reports, each with the seconds since it was sent."""
        arrivals = [one for data, age in messages if (one := self._arrival(data, age)) is not None]
        if not arrivals:
            return
        engine = self._engine
        with engine.lock:
            if engine.closed:
                return
            now = engine.clock.monotonic()
            self.reader.add(arrivals, now, engine.aggregator.registry, self._model)
            self._note_drift(arrivals)
            engine.aggregator.update_status()
        engine.request_show()

    def _note_drift(self, arrivals: Iterable[Arrival]) -> None:
        """Say once that what workers record has no part in the drift of a model."""
        notices = self._engine.notices
        if self._engine.settings.drift is None or notices.count("workers.drift"):
            return
        for arrival in arrivals:
            if any(model.predictions for model in arrival.report.models):
                notices.add("workers.drift", worker=writer_name(arrival.report.writer))
                return

    def former_homes(self) -> set[str]:
        """Return the tokens of other homes whose workers count here."""
        homes = [one.report.writer.home for one in list(self.reader.workers.values())]
        return {one.token for one in homes if one is not None and one.token} - {self._token}

    def _arrival(self, data: bytes, age: float) -> Arrival | None:
        try:
            report = decode_report(data)
        except NewerReportError as error:
            self._engine.notices.add("workers.newer", error=str(error))
            return None
        except ReportError as error:
            self._engine.notices.add("workers.refused", error=str(error))
            return None
        home = report.writer.home
        if report.monitor != self._engine.settings.name or (
            # Workers of an earlier monitor of this process, or of a kernel that ended, go on here.
            home is not None and home.process != self._process and home.is_alive(self._wall())
        ):
            return None
        return Arrival(report, age)

    def _wall(self) -> float:
        return self._engine.clock.time()

    def _model(self, report: ModelReport) -> ModelState:
        """Return the model that a worker's model counts for."""
        aggregator = self._engine.aggregator
        if report.model_id is None:
            return aggregator.active
        return aggregator.reported(report.model_id, report.name, report.version)

    def _end_workers(self) -> None:
        """Notice the workers whose process has ended, and remove what they left."""
        engine = self._engine
        now, wall = engine.clock.monotonic(), engine.clock.time()
        lost = self.workers.look(now, wall)
        for name, seconds in lost:
            engine.notices.add("workers.lost", worker=name, seconds=round(seconds))
        with engine.lock:
            self.workers.silence(now)
        over = self.workers.over(now, wall)
        # What a removed file said must be on the disk before: a new kernel finds it nowhere else.
        if over and engine.persistence.flush(REPORT_SECONDS):
            for token in over:
                self._folder.remove(token)
            with engine.lock:
                self.reader.forget(over, engine.aggregator.registry)
