"""What of very many figures is seen in a drawing: of each pixel the lowest and the highest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import inf
from typing import Any, TypeAlias

from ipyvitals.storage.columns import COLUMNS
from ipyvitals.storage.dataframes import Columns
from ipyvitals.storage.queries import HistoryQuery, rows_of

__all__ = ["extremes"]

Fetch: TypeAlias = Callable[[str, list[Any]], list[tuple[Any, ...]]]

FEW_ROWS_A_PIXEL = 4
WORST_FIRST = ("failed", "unhealthy", "degraded", "training", "stopped", "idle", "active")
BOTH, LOWEST, HIGHEST = ("min", "max"), ("min",), ("max",)
DRAWN: dict[str, dict[str, tuple[str, ...]]] = {
    "metrics": {
        "current_accuracy": BOTH,
        # The edges of a band, which is to hold all of it.
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
"""What of each column is seen."""
SINCE, UNTIL = object(), object()
"""Stand for the two ends of a pixel."""


def extremes(
    fetch: Fetch,
    connection: sqlite3.Connection,
    schemas: Sequence[str],
    section: str,
    asked: HistoryQuery,
    pixels: int,
) -> Columns | None:
    """Return at most two rows a pixel and model, as columns of the section; unseen is NULL.

    The first has the lowest value of each column, the second the highest, both the worst status.
    SQLite looks at all rows, pixel by pixel along its index; to read them would take ten times as
    long.

    Returns
    -------
    mapping or None
        ``None`` where there are so few rows that all of them may be read.
    """
    rows, values = rows_of(connection, schemas, section, asked)
    if not rows:
        return None
    few = FEW_ROWS_A_PIXEL * pixels
    ((count,),) = fetch(f"SELECT count(*) FROM (SELECT 1 FROM ({rows}) LIMIT {few + 1})", values)
    if count <= few:
        return None
    ((first, last),) = fetch(f"SELECT min(at), max(at) FROM ({rows})", values)
    of_pixel = asked._replace(since=SINCE, until=UNTIL)  # type: ignore[arg-type]
    rows, values = rows_of(connection, schemas, section, of_pixel)
    query = _query(section, rows)
    edges = [first + (last - first) * place / pixels for place in range(pixels)]
    found: list[tuple[Any, ...]] = []
    for begin, end in pairwise([*edges, inf]):
        ends = {id(SINCE): begin, id(UNTIL): end}
        of_models = fetch(query, [ends.get(id(value), value) for value in values])
        found += sorted((row for one in of_models for row in _two(one, section)), key=_time)
    names = ["time", *(column.name for column in COLUMNS[section])]
    return dict(zip(names, zip(*found, strict=True), strict=True))


def _query(section: str, rows: str) -> str:
    seen = [f"{side}({name})" for name, sides in DRAWN[section].items() for side in sides]
    if section == "system":
        return f"SELECT min(at), max(at), {', '.join(seen)} FROM ({rows}) HAVING count(*)"
    ranks = " ".join(f"WHEN '{status}' THEN {rank}" for rank, status in enumerate(WORST_FIRST))
    worst = f"min(CASE status {ranks} ELSE {len(WORST_FIRST)} END)"
    return (
        f"SELECT min(at), max(at), {', '.join(seen)}, model_id, {worst} FROM ({rows}) "
        "GROUP BY model_id, slot"
    )


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


def _time(row: Sequence[Any]) -> float:
    return float(row[0])
