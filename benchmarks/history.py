"""What it costs to keep a history, and to read it again."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.fresh import in_fresh_python
from benchmarks.table import Row
from ipyvitals import FakeClock, Monitor, open_store
from ipyvitals.storage.retention import Retention

DAY = 86_400
RAW_DAYS, DAYS = 7, 90
TICK_RECORDS = 10
MEBIBYTE = 2**20
START = """
import json, time
from ipyvitals import Monitor
from ipyvitals.runtime import persistence
persistence.RESTORE_SECONDS = 60.0
Monitor("other", store={other!r}).close()
start = time.perf_counter()
monitor = Monitor("bench", store={path!r})
seconds = time.perf_counter() - start
total = monitor.snapshot().metrics.total_predictions
monitor.close()
print(json.dumps([seconds, total]))
"""
"""Times the start alone: what it imports is there by then."""
LOG = """
import contextlib, io, json
from benchmarks.history import {peer}
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    found = {peer}({ticks})
print(json.dumps(found))
"""


def history_rows(*, quick: bool) -> list[Row]:
    """Keep ticks, a day, and 90 days; then read them."""
    with TemporaryDirectory(prefix="ipyvitals-bench-") as name:
        folder = Path(name)
        rows = _tick_rows(folder, 200 if quick else 1_000)
        day = folder / "day.sqlite"
        # In a quick run an hour stands for the day.
        hours = 1 if quick else 24
        empty = keep_hours(folder / "empty.sqlite", 0)
        size = (keep_hours(day, hours) - empty) * 24 // hours
        minutes = (compacted(day, folder / "minutes.sqlite") - empty) * 24 // hours
        rows += _size_rows(size, minutes, hours)
        long = folder / "long.sqlite"
        kept = repeat_day(day, long, hours)
        rows += _read_rows(long, kept, ("1min",) if quick else ("1h", "1min", None))
        rows += _start_rows(folder, long, *((0.25, 3) if quick else (1.0, 7)))
    return rows


def _tick_rows(folder: Path, ticks: int) -> list[Row]:
    ours = keep_ticks(folder / "ticks.sqlite", ticks)
    rows = [
        Row(
            "history: handed over by the ticker, a tick",
            1e3 * ours["scheduler"],
            "{:.2f} ms CPU",
            measured=f"one model and one event, {ticks:,} ticks",
            data=ours,
        ),
        Row(
            "history: written by its thread, a tick",
            1e3 * ours["writer"],
            "{:.2f} ms CPU",
            measured=f"{ours['bytes'] / 1e3:.1f} kB a tick with all that is kept to go on from",
        ),
    ]
    whole, beside = ours["scheduler"] + ours["writer"], {}
    for peer in ("trackio", "mlflow"):
        theirs = in_fresh_python(LOG.format(peer=f"log_to_{peer}", ticks=ticks // 4))
        beside[peer] = whole / theirs["seconds"]
        rows.append(
            Row(
                f"the same figures by {peer}, a tick",
                1e3 * theirs["seconds"],
                "{:.2f} ms CPU",
                measured=f"{theirs['caller'] * 1e3:.2f} ms of them in the caller's thread, "
                f"{theirs['bytes'] / 1e3:.1f} kB",
                data=theirs,
            )
        )
    rows.append(
        Row(
            "history: a tick kept, both threads",
            beside["mlflow"],
            "{:.2f} × MLflow on SQLite",
            0.2,
            measured=f"{beside['trackio']:.1f} × trackio, which keeps the figures alone",
            data=beside,
        )
    )
    return rows


def keep_ticks(path: Path, ticks: int) -> dict[str, float]:
    """Return the CPU seconds a tick of both threads, and the bytes a tick."""
    clock = FakeClock()
    with Monitor("bench", interval=None, clock=clock, store=path) as monitor:
        keep, persistence = monitor._engine.keep, monitor._engine.persistence
        monitor.flush()
        scheduler, whole, size = 0.0, 0.0, path.stat().st_size
        for _ in range(ticks):
            clock.advance(1.0)
            for _ in range(TICK_RECORDS):
                monitor.record(1, 1, latency=0.004)
            monitor._engine._publish_metrics()
            begun, all_begun = time.thread_time(), time.process_time()
            keep()
            scheduler += time.thread_time() - begun
            persistence.flush(10.0)
            whole += time.process_time() - all_begun
    return {
        "scheduler": scheduler / ticks,
        "writer": (whole - scheduler) / ticks,
        "bytes": (path.stat().st_size - size) / ticks,
    }


def log_to_trackio(ticks: int) -> dict[str, float]:
    """Return what trackio takes for the same figures; offline, as it is without a space."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    with TemporaryDirectory() as folder:
        os.environ["TRACKIO_DIR"] = folder
        import trackio

        trackio.init(project="bench", name="bench", embed=False)
        found = _time_logs(trackio.log, ticks, trackio.finish)
        found["bytes"] = _bytes_in(folder) / ticks
    return found


def log_to_mlflow(ticks: int) -> dict[str, float]:
    """Return what MLflow takes for the same figures, in an SQLite file of its own."""
    with TemporaryDirectory() as folder:
        import mlflow
        from mlflow.entities import Metric

        client = mlflow.MlflowClient(f"sqlite:///{folder}/bench.db")
        run = client.create_run(client.create_experiment("bench", folder)).info.run_id

        def log(figures: dict[str, float]) -> None:
            at = int(1e3 * time.time())
            client.log_batch(run, [Metric(name, value, at, 0) for name, value in figures.items()])

        before = _bytes_in(folder)
        found = _time_logs(log, ticks, lambda: None)
        found["bytes"] = (_bytes_in(folder) - before) / ticks
    return found


def _time_logs(
    log: Callable[[dict[str, float]], Any], ticks: int, finish: Callable[[], Any]
) -> dict[str, float]:
    with Monitor("bench", interval=None) as monitor:
        monitor.record(1, 1, latency=0.004)
        told = monitor.snapshot().metrics.to_dict()
    figures = {name: float(one) for name, one in told.items() if isinstance(one, (int, float))}
    caller, whole = time.thread_time(), time.process_time()
    for tick in range(ticks):
        log({**figures, "total_predictions": float(tick)})
    caller = time.thread_time() - caller
    finish()
    return {"seconds": (time.process_time() - whole) / ticks, "caller": caller / ticks}


def _bytes_in(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def keep_hours(path: Path, hours: int) -> int:
    """Let a monitor serve for so long, by a clock that runs fast; return the bytes of the file."""
    clock = FakeClock(time=time.time() // DAY * DAY - RAW_DAYS * DAY)
    with Monitor("bench", interval=None, clock=clock, store=path) as monitor:
        engine = monitor._engine
        for second in range(hours * 3_600):
            clock.advance(1.0)
            for call in range(TICK_RECORDS):
                monitor.record(1, call % 9 and 1, latency=0.001 * (1 + (second + call) % 7))
            engine._publish_metrics()
            if second % 5 == 0:
                # The machine is not read: that would take most of the time, and no more space.
                reading = engine._system.section
                engine._publisher.system(reading)
                engine.persistence.system(reading)
            engine.keep()
            if second % 1_000 == 0:
                engine.persistence.flush(60.0)
        monitor.flush(60.0)
    return _settled(path)


def compacted(path: Path, target: Path) -> int:
    """Return the bytes of a copy in which all figures are minutes, and routine events are gone."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        retention, now = Retention(), 0.0
        at = time.time() + 2 * RAW_DAYS * DAY
        retention.step(connection, at, now)
        while True:
            now += 60.0
            if retention.step(connection, at, now) > 60.0:
                break
    return _settled(target)


def _settled(path: Path) -> int:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def repeat_day(path: Path, target: Path, hours: int) -> dict[str, int]:
    """Make 90 days of the hours in a file: seconds of the last 7, minutes of those before."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        names = [row[1] for row in connection.execute("PRAGMA table_info(metrics)")]
        others = ", ".join(name for name in names if name not in ("model", "at"))
        connection.execute("BEGIN")
        first, model = connection.execute("SELECT min(at), model FROM metrics").fetchone()
        for hour in range(hours, RAW_DAYS * 24, hours):
            connection.execute(
                f"INSERT OR IGNORE INTO metrics (model, at, {others}) SELECT model, at + ?, "
                f"{others} FROM metrics WHERE model = ? AND at < ?",
                (hour * 3_600, model, first + hours * 3_600),
            )
        columns = f"model, at, n, {others}"
        for day in range(1, DAYS - RAW_DAYS + 1):
            connection.execute(
                f"INSERT OR IGNORE INTO metrics_minutes ({columns}) SELECT model, "
                f"CAST(at / 60 AS INTEGER) * 60 - ?, count(*), {others} FROM metrics "
                "WHERE model = ? AND at < ? GROUP BY CAST(at / 60 AS INTEGER)",
                (day * DAY, model, first + DAY),
            )
        connection.execute("COMMIT")
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("metrics", "metrics_minutes")
        }


def _size_rows(day: int, minutes: int, hours: int) -> list[Row]:
    whole = RAW_DAYS * day + (DAYS - RAW_DAYS) * minutes
    measured = "a model that serves all the time, and the machine; with all events"
    if hours < 24:
        measured += f"; from {hours} h"
    return [
        Row("history: a day of seconds", day / MEBIBYTE, "{:.1f} MiB", measured=measured),
        Row(
            "history: 90 days",
            whole / MEBIBYTE,
            "{:.0f} MiB",
            measured=f"7 such days, and 83 of minutes: {minutes / MEBIBYTE:.2f} MiB each",
            data={"day_bytes": day, "day_of_minutes_bytes": minutes},
        ),
    ]


def _read_rows(path: Path, kept: dict[str, int], freqs: Sequence[str | None]) -> list[Row]:
    import pandas as pd

    assert pd is not None  # imported before the clock runs
    rows = []
    with open_store(path) as store:
        for freq in freqs:
            begun, used = time.perf_counter(), time.process_time()
            found = store.history(freq=freq)
            seconds, used = time.perf_counter() - begun, time.process_time() - used
            what = "every row" if freq is None else f'freq="{freq}"'
            rows.append(
                Row(
                    f"`history()` of 90 days, {what}",
                    seconds,
                    "{:.2f} s",
                    measured=f"{len(found):,} rows of {found.shape[1]} columns, from "
                    f"{kept['metrics']:,} seconds and {kept['metrics_minutes']:,} minutes; "
                    f"{used:.1f} s CPU",
                    data={"rows": len(found), "cpu_seconds": used, **kept},
                )
            )
    return rows


def _start_rows(folder: Path, path: Path, gibibytes: float, starts: int) -> list[Row]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (session,) = connection.execute("SELECT max(session) FROM events").fetchone()
        # Events that nobody looks at when a kernel starts, as most of a file is.
        rows = connection.execute("SELECT count(*) FROM events").fetchone()[0]
        turn = 0
        while path.stat().st_size < gibibytes * 2**30:
            turn += 1
            connection.execute(
                "INSERT INTO events SELECT session, at + ?, seq, type, model_id, data "
                "FROM events WHERE session = ? LIMIT ?",
                (turn * 365 * DAY, session, rows),
            )
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    code = START.format(path=str(path), other=str(folder / "other.sqlite"))
    found = [in_fresh_python(code) for _ in range(starts)]
    assert all(total for _, total in found)
    seconds = median(one for one, _ in found)
    return [
        Row(
            "a kernel starts and goes on with its model",
            1e3 * seconds,
            "{:.0f} ms",
            200.0,
            measured=f"from a file of {size / 2**30:.2f} GiB; worst of {starts} "
            f"{1e3 * max(one for one, _ in found):.0f} ms",
            data={"seconds": [one for one, _ in found], "bytes": size},
        )
    ]
