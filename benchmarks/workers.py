"""Workers: what reporting costs in a worker, and what reports cost at home."""

from __future__ import annotations

import secrets
from itertools import repeat
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, thread_time
from typing import Any

from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio
from ipyvitals import Monitor
from ipyvitals.remote.address import Place
from ipyvitals.remote.folder import ReportFolder
from ipyvitals.remote.inbox import ReportInbox
from ipyvitals.remote.report import WriterIdentity, encode_report
from ipyvitals.remote.report_builder import ReportBuilder

CALLS = 10_000
"""Fewer than fill the inbox, so that none of the timed calls folds."""
FILES = 64
WORKERS = 1_000
EVENTS_A_SECOND = 100
PREDICTIONS_A_SECOND = 50


def worker_rows(*, quick: bool) -> list[Row]:
    """Measure one worker, a folder of many, and the events of a large cluster."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        return [
            _call_row(path / "calls", 20 if quick else 200),
            *_reporting_rows(path / "reports", 30 if quick else 120),
            _folder_row(path / "files", 10 if quick else 40),
            _events_row(path / "events", 20 if quick else 60),
        ]


def _call_row(path: Path, rounds: int) -> Row:
    options: dict[str, Any] = {"store": None, "git": False, "terminal": False}
    kernel = Monitor("bench", name="bench-kernel", reports=False, **options)
    worker = Monitor("bench", name="bench-worker", reports=Place(folder=str(path)), **options)

    def time_calls(monitor: Monitor) -> float:
        record = monitor.record
        start = perf_counter()
        for _ in repeat(None, CALLS):
            record(1, 1, latency=0.004)
        seconds = perf_counter() - start
        monitor.flush()
        return seconds

    with kernel, worker:
        times = interleaved(
            {"kernel": lambda: time_calls(kernel), "worker": lambda: time_calls(worker)}, rounds
        )
    ns = {name: 1e9 * min(seconds) / CALLS for name, seconds in times.items()}
    return Row(
        "`record` in a worker",
        ratio(times, "worker", "kernel"),
        "{:.2f} × in the kernel",
        1.1,
        measured=f"{ns['worker']:.0f} ns; in the kernel {ns['kernel']:.0f} ns",
        data=ns,
    )


def _reporting_rows(path: Path, reports: int) -> list[Row]:
    """Report after the predictions of a second, again and again."""
    place = Place(folder=str(path))
    seconds, sizes = [], []
    with Monitor("bench", name="bench-worker", interval=None, store=None, reports=place) as worker:
        sender = worker._engine.sender
        assert sender is not None
        for _ in range(reports):
            for number in range(PREDICTIONS_A_SECOND):
                worker.record(number % 2, 1, latency=0.004)
            worker._engine.drain_queue()
            start = thread_time()
            sender.report()
            seconds.append(thread_time() - start)
            sizes.extend(file.stat().st_size for file in path.glob("*/*.vitals"))
            sizes.extend(file.stat().st_size for file in path.glob("*.vitals"))
    what = f"one report a second, {PREDICTIONS_A_SECOND} labelled predictions between"
    return [
        Row(
            "reporting, in a worker", 100 * mean(seconds), "{:.2f} % of a core", 0.3, measured=what
        ),
        Row("the same, in bytes", mean(sizes) / 1e3, "{:.1f} kB/s", 4.0, measured=what),
    ]


class _Worker:
    """Builds the reports of one of many workers from the state of a shared monitor."""

    def __init__(self, name: str) -> None:
        self.token = secrets.token_hex(6)
        self._builder = ReportBuilder(name, WriterIdentity(token=self.token, host="bench", pid=1))

    def report(self, source: Monitor) -> bytes:
        engine = source._engine
        return encode_report(
            self._builder.build(
                monotonic(), engine.aggregator.registry, engine.aggregator.labels, [],
                engine.shown_system(),
            )
        )  # fmt: skip


def _source(path: Path) -> Monitor:
    place = Place(folder=str(path / "source"))
    return Monitor("bench", name="bench-source", interval=None, store=None, reports=place)


def _folder_row(path: Path, seconds: int) -> Row:
    taken = []
    with (
        _source(path) as source,
        Monitor("bench", name="bench-home", interval=None, store=None, reports=path) as home,
    ):
        receiver = home._engine.receiver
        assert receiver is not None
        folder = ReportFolder(path / "bench-home")
        workers = [_Worker("bench-home") for _ in range(FILES)]
        for _ in range(seconds):
            _record(source)
            for worker in workers:
                folder.write(worker.token, worker.report(source))
            start = thread_time()
            receiver.read()
            taken.append(thread_time() - start)
    # In the first second all workers are new.
    return Row(
        f"home: {FILES} files, each new once a second",
        100 * mean(taken[1:]),
        "{:.1f} % of a core",
        2.0,
        measured=f"{1e6 * mean(taken[1:]) / FILES:.0f} µs a report",
    )


def _events_row(path: Path, seconds: int) -> Row:
    taken = []
    with (
        _source(path) as source,
        Monitor("bench", name="bench-home", interval=None, store=None, reports=path) as home,
    ):
        receiver = home._engine.receiver
        assert receiver is not None
        inbox = ReportInbox(monotonic)
        receiver.add_source(inbox.take)
        workers = [_Worker("bench-home") for _ in range(WORKERS)]
        for second in range(seconds):
            _record(source)
            first = second * EVENTS_A_SECOND % WORKERS
            messages = [
                (worker.token, worker.report(source))
                for worker in workers[first : first + EVENTS_A_SECOND]
            ]
            start = thread_time()
            for message in messages:
                inbox.put(message)
            receiver.read()
            taken.append(thread_time() - start)
    return Row(
        f"home: {WORKERS:,} workers of Dask, {EVENTS_A_SECOND} events a second",
        100 * mean(taken),
        "{:.1f} % of a core",
        5.0,
        measured=f"{1e6 * mean(taken) / EVENTS_A_SECOND:.0f} µs an event",
    )


def _record(source: Monitor) -> None:
    for number in range(PREDICTIONS_A_SECOND):
        source.record(number % 2, 1, latency=0.004)
    source._engine.drain_queue()
