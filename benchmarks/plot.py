"""`Monitor.plot`: ninety days of history, as they are kept, from the file to the page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, time

from benchmarks.table import Row
from ipyvitals import FakeClock, Monitor

DAY = 86_400
DAYS, DAYS_OF_SECONDS = 90, 7
NOISE = {
    "current_accuracy": "0.93 + abs(random() % 1000) / 50000.0",
    "predictions_per_minute": "abs(random() % 240)",
    "latency_p95_seconds": "abs(random() % 1000) / 50000.0",
    "cpu_percent": "abs(random() % 1000) / 10.0",
}


def plot_rows(*, quick: bool) -> list[Row]:
    """Time the figure and its JSON, which is what a cell waits for."""
    rounds = 1 if quick else 5
    with monitor() as (opened, rows):
        whole = [_plot(opened) for _ in range(rounds)]
        since = opened.snapshot().at - DAY
        day = [_plot(opened, since=since) for _ in range(rounds)]
        start = perf_counter()
        for section in ("metrics", "system"):
            opened.history(section)
        read = perf_counter() - start
    seconds, size, points = min(whole)
    data = {"rows": rows, "points": points, "bytes": size, "history_seconds": read}
    return [
        Row(
            "`plot()` of 90 days, 7 of them by the second",
            seconds / read,
            "{:.2f} × reading them by `history()`",
            0.35,
            measured=f"{seconds:.1f} s, the last day {min(day)[0]:.2f} s; {rows:,} rows",
            data={**data, "seconds": [one[0] for one in whole], "day_seconds": min(day)[0]},
        ),
        Row(
            "what the page gets of them",
            size / 1e6,
            "{:.2f} MB",
            1.0,
            measured=f"{points:,} points: the lowest and the highest of each pixel",
            data=data,
        ),
    ]


def _plot(opened: Monitor, **when: float) -> tuple[float, int, int]:
    start = perf_counter()
    figure = opened.plot(**when, template="light")
    size = len(figure.to_json())
    return perf_counter() - start, size, sum(len(trace.x) for trace in figure.data)


@contextmanager
def monitor() -> Iterator[tuple[Monitor, int]]:
    """Return a monitor with 90 days behind it, and the number of their rows."""
    now = time()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        clock = FakeClock(time=now - DAYS * DAY)
        options = {"interval": None, "clock": clock, "store": path}
        with Monitor("bench", name="bench-plot", **options) as first:
            first.deploy("bench")
            for _ in range(2):
                first.record_batch([1] * 100, [1] * 95 + [0] * 5, latency=0.004)
                clock.advance(1)
                first.tick()
            first.flush()
        rows = _fill(path, now)
        clock.advance(now - clock.time() + 60)
        with Monitor("bench", name="bench-plot", **options) as opened:
            yield opened, rows


def _fill(path: Path, now: float) -> int:
    """Repeat one row of each kind: a minute apart, and of the last week a second."""
    written = 0
    with closing(sqlite3.connect(path)) as file, file:
        for table, source, step, begin, end in (
            ("metrics_minutes", "metrics", 60, -DAYS, -DAYS_OF_SECONDS),
            ("system_minutes", "system", 60, -DAYS, -DAYS_OF_SECONDS),
            ("metrics", "metrics", 1, -DAYS_OF_SECONDS, 0),
            ("system", "system", 5, -DAYS_OF_SECONDS, 0),
        ):
            columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
            known = {row[1] for row in file.execute(f"PRAGMA table_info({source})")}
            values = [
                f"? + i * {step}"
                if name == "at"
                else NOISE.get(name, name if name in known else str(step))
                for name in columns
            ]
            count = (end - begin) * DAY // step
            file.execute(
                f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) "
                "WITH RECURSIVE steps(i) AS "
                f"(SELECT 0 UNION ALL SELECT i + 1 FROM steps WHERE i < {count - 1}) "
                f"SELECT {', '.join(values)} FROM steps, "
                f"(SELECT * FROM {source} ORDER BY at DESC LIMIT 1)",
                [now + begin * DAY],
            )
            written += count
        file.execute("UPDATE sessions SET heartbeat_at = ?, ended_at = ?", [now, now])
    return written
