"""Reduces many samples to the lowest and the highest value of each pixel of a plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from ipyvitals.storage.columns import COLUMNS, METRICS, SYSTEM
from ipyvitals.storage.database import HistoryDatabase
from ipyvitals.storage.queries import (
    HistoryQuery,
    SampleTable,
    SqlQuery,
    sample_query,
    sample_tables,
    union_all,
)

__all__ = ["DRAWN", "WORST_FIRST", "min_max_per_pixel"]

MIN_ROWS_PER_PIXEL = 4
"""With fewer rows than these, all are read."""
WORST_FIRST = ("failed", "unhealthy", "degraded", "training", "stopped", "idle", "active")
BOTH, LOWEST, HIGHEST = ("min", "max"), ("min",), ("max",)
DRAWN: dict[str, dict[str, tuple[str, ...]]] = {
    "metrics": {
        "current_accuracy": BOTH,
        # The band between these two covers all intervals of the pixel.
        "accuracy_low": LOWEST,
        "accuracy_high": HIGHEST,
        "accuracy_threshold": HIGHEST,
        "window_labelled": HIGHEST,
        "total_predictions": HIGHEST,
        "predictions_per_minute": BOTH,
        "latency_p50_seconds": BOTH,
        "latency_p95_seconds": BOTH,
        "latency_p99_seconds": BOTH,
        "mae": HIGHEST,
        "rmse": HIGHEST,
    },
    "system": dict.fromkeys(("cpu_percent", "memory_percent", "disk_percent"), BOTH),
}
"""The aggregates of each column that a plot shows."""
BY_NAME = {column.name: column for column in (*METRICS, *SYSTEM)}


def min_max_per_pixel(
    database: HistoryDatabase, section: str, query: HistoryQuery, pixels: int
) -> tuple[list[str], list[tuple[Any, ...]]] | None:
    """Return at most two rows a pixel and model; columns that no plot shows are ``None``.

    The first row has the lowest value of each column, the second row the highest, and both have
    the worst status.

    Returns
    -------
    names, rows
        ``None`` where so few rows match that all of them can be read.
    """
    rows, values = sample_query(database, section, query, None)
    ((count, first, last),) = database.fetch(
        f"SELECT count(*), min(time), max(time) FROM ({rows})", values
    )
    if count <= MIN_ROWS_PER_PIXEL * pixels:
        return None
    width = (last - first) / pixels
    edges = [first + width * pixel for pixel in range(pixels)]
    ends = [*edges[1:], inf if query.until is None else query.until]
    database.connection.execute(
        "CREATE TEMP TABLE pixels (pixel INTEGER PRIMARY KEY, start REAL, stop REAL)"
    )
    database.connection.executemany(
        "INSERT INTO temp.pixels VALUES (?, ?, ?)", zip(range(pixels), edges, ends, strict=True)
    )
    whole = query._replace(since=None, until=None)
    parts = union_all(
        _minima_and_maxima(table, section, whole) for table in sample_tables(database, section)
    )
    names = ["time", *(column.name for column in COLUMNS[section])]
    found = [
        row for pixel in database.fetch(*_merged(section, *parts)) for row in _two(pixel, section)
    ]
    return names, found


def _minima_and_maxima(table: SampleTable, section: str, query: HistoryQuery) -> SqlQuery:
    """Return the query for one row a pixel and model of one table.

    SQLite takes the pixels in turn, each from a range of the table's key, and sorts nothing.
    """
    shown = [
        f"{side}({table.value(BY_NAME[name])}) AS {side}_{name}"
        for name, sides in DRAWN[section].items()
        for side in sides
    ]
    keys = "pixel"
    if section == "metrics":
        ranks = " ".join(f"WHEN '{status}' THEN {rank}" for rank, status in enumerate(WORST_FIRST))
        shown.append(f"min(CASE x.status {ranks} ELSE {len(WORST_FIRST)} END) AS status_rank")
        keys = "pixel, model_id, slot"
    source, values = table.source(
        query, before="temp.pixels CROSS JOIN", on="AND x.at >= start AND x.at < stop"
    )
    shown = ["min(x.at) AS first_at", "max(x.at) AS last_at", keys, *shown]
    return f"SELECT {', '.join(shown)} {source} GROUP BY {keys}", values


def _merged(section: str, rows: str, values: list[Any]) -> SqlQuery:
    """Return the query that merges the rows that several tables have of a pixel."""
    shown = [f"{side}({side}_{name})" for name, sides in DRAWN[section].items() for side in sides]
    keys = "pixel"
    if section == "metrics":
        shown += ["model_id", "min(status_rank)"]
        keys = "pixel, model_id, slot"
    text = (
        f"SELECT min(first_at) AS first_at, max(last_at), {', '.join(shown)} FROM ({rows}) "
        f"GROUP BY {keys} ORDER BY first_at"
    )
    return text, values


def _two(found: Sequence[Any], section: str) -> Iterable[tuple[Any, ...]]:
    """Return the rows of one pixel of one model: the lowest values, then the highest."""
    first, last, *seen = found
    lowest: dict[str, Any] = {}
    highest: dict[str, Any] = {}
    if section == "metrics":
        *seen, model_id, rank = seen
        status = WORST_FIRST[rank] if rank < len(WORST_FIRST) else "registered"
        lowest = {"model_id": model_id, "status": status}
        highest = dict(lowest)
    values = iter(seen)
    for name, sides in DRAWN[section].items():
        lowest[name] = next(values)
        highest[name] = next(values) if sides is BOTH else lowest[name]
    shown = [(first, lowest), (last, highest)] if last > first else [(first, lowest)]
    for at, row in shown:
        yield (at, *(row.get(column.name) for column in COLUMNS[section]))
