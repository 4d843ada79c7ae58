"""Lists what training runs took, and their best and last values, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import compress
from typing import TYPE_CHECKING, Any

from ipyvitals.charts.tables import plain
from ipyvitals.render import formatting as fmt
from ipyvitals.render.formatting import UNKNOWN
from ipyvitals.schema import format_uptime
from ipyvitals.storage.summaries import StoredRun

if TYPE_CHECKING:
    import pandas as pd

    from ipyvitals.charts.palette import Palette
    from ipyvitals.charts.runs import RunCurves

__all__ = ["LINE_PX", "RunTable", "add_table", "cells_of", "table_columns"]

MOST_METRICS = 3
"""Metrics of which a table shows best and last values."""
MOST_ROWS = 200
MOST_LETTERS = 24
"""By which a column of a figure is at most as wide."""
LINE_PX, WRAPPED_PX, GAP_PX, MOST_LINES = 24, 16, 40, 12
"""Height of a row in a figure and of each further line in it, room above the table, and rows before
the table scrolls."""
TABLE_PX, LETTER_PX, EDGE_PX = 800, 6.0, 18
"""Width of a table in the cells of most notebooks, of a letter, and of both edges of a cell."""
LOOK = "font-size:12px;border-collapse:collapse"
CELL = "padding:4px 12px 4px 0;text-align:left;vertical-align:top;white-space:nowrap"


class RunTable(list[StoredRun]):
    """Training runs in a list, which a notebook shows as a table."""

    def to_frame(self) -> pd.DataFrame:
        """Return one row a run, in base units; an unknown value is missing."""
        import pandas as pd

        return pd.DataFrame([_facts(run) for run in self])

    def _repr_html_(self) -> str:
        shown = self[-MOST_ROWS:]
        metrics = _metrics(shown)
        lines = [cells_of(run, metrics) for run in shown]
        # What no run knows says nothing.
        known = [
            any(line[place] != UNKNOWN for line in lines)
            for place in range(len(table_columns(metrics)))
        ]
        head = _row(compress(table_columns(metrics), known), "th")
        rows = "".join(_row(compress(line, known), "td") for line in lines)
        more = len(self) - len(shown)
        note = f"<p>and {fmt.count(more)} before</p>" if more else ""
        return (
            f'<div style="overflow-x:auto"><table style="{LOOK}"><thead>{head}</thead>'
            f"<tbody>{rows}</tbody></table></div>{note}"
        )


def _row(cells: Iterable[str], tag: str) -> str:
    html = "".join(f'<{tag} style="{CELL}">{escape(one)}</{tag}>' for one in cells)
    return f"<tr>{html}</tr>"


def _metrics(runs: Iterable[StoredRun]) -> list[str]:
    """Return the metrics of a table: those with a best value first."""
    names = list(dict.fromkeys(name for run in runs for name in run.metrics))
    best = {name for run in runs if run.info is not None for name in run.info.best}
    return sorted(names, key=lambda name: name not in best)[:MOST_METRICS]


def table_columns(metrics: Sequence[str]) -> list[str]:
    """Return the heads of the columns."""
    return [
        *("Run", "State", "Began", "Duration", "Steps", "Data wait"),
        *("Peak memory", "GPU", "Energy"),
        *(text for name in metrics for text in (f"best {name}", f"last {name}")),
    ]


def cells_of(run: StoredRun, metrics: Sequence[str], name: str = "") -> list[str]:
    """Return the cells of one run, in the order of `table_columns`."""
    facts = _facts(run)
    duration, waited = facts["duration_seconds"], facts["data_wait_ratio"]
    memory, energy = facts["peak_memory_bytes"], facts["energy_wh"]
    cells = [
        name or facts["name"] or run.stage,
        run.state,
        fmt.moment(run.started_at, seconds=False),
        UNKNOWN if duration is None else format_uptime(duration),
        fmt.count(facts["steps"]),
        fmt.ratio_whole(waited),
        UNKNOWN if memory is None else fmt.bytes_text(memory),
        fmt.percent(facts["gpu_utilization_percent"]),
        UNKNOWN if energy is None else f"{fmt.metric(energy)} Wh",
    ]
    for metric in metrics:
        best = run.info.best.get(metric) if run.info is not None else None
        text = UNKNOWN if best is None else fmt.metric(best.value)
        if best is not None and best.step is not None:
            text += f" at step {fmt.count(best.step)}"
        cells += [text, fmt.metric(run.metrics.get(metric))]
    return cells


def _facts(run: StoredRun) -> dict[str, Any]:
    info = run.info
    cost = info.cost if info is not None else None
    steps = info.steps if info is not None else run.step
    ended = run.ended_at if run.ended_at is not None else run.last_at
    facts: dict[str, Any] = {
        "run": run.run,
        "monitor": run.monitor,
        "name": info.name if info is not None else None,
        "stage": run.stage,
        "state": run.state,
        "started_at": run.started_at,
        "duration_seconds": cost.duration_seconds if cost is not None else _since(run, ended),
        "steps": cost.steps if cost is not None else steps,
        "data_wait_ratio": info.data_wait_ratio_total if info is not None else None,
        "peak_memory_bytes": cost.peak_memory_bytes if cost is not None else None,
        "gpu_utilization_percent": cost.gpu_utilization_percent if cost is not None else None,
        "energy_wh": cost.energy_wh if cost is not None else None,
    }
    for metric, last in run.metrics.items():
        best = info.best.get(metric) if info is not None else None
        facts[f"best {metric}"] = best.value if best is not None else None
        facts[f"best step {metric}"] = best.step if best is not None else None
        facts[f"last {metric}"] = last
    return facts


def _since(run: StoredRun, ended: float | None) -> float | None:
    return None if ended is None else max(0.0, ended - run.started_at)


def add_table(
    traces: list[dict[str, Any]],
    layout: dict[str, Any],
    runs: Sequence[RunCurves],
    metrics: Sequence[str],
    palette: Palette,
) -> None:
    """Add a table of the runs below the panels of a figure, where summaries are known."""
    known = [(run.name, run.stored) for run in runs if run.stored is not None][-MOST_ROWS:]
    if not known:
        return
    shown = metrics[:MOST_METRICS]
    rows = [cells_of(stored, shown, name) for name, stored in known]
    columns = [
        (head, *cells)
        for head, *cells in zip(table_columns(shown), *rows, strict=True)
        # A figure has little room: the lines say when, and what no run knows says nothing.
        if head != "Began" and set(cells) != {UNKNOWN}
    ]
    widths = [min(MOST_LETTERS, max(map(len, one))) + 3 for one in columns]
    heights = _heights(columns, widths)
    table_px = sum(heights[: MOST_LINES + 1]) + 1.5 * LINE_PX
    inner = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    whole = inner + GAP_PX + table_px
    share = inner / whole
    for name, axis in layout.items():
        if name.startswith("yaxis"):
            low, high = axis["domain"]
            axis["domain"] = (1 - share * (1 - low), 1 - share * (1 - high))
    for note in layout["annotations"]:
        note["y"] = 1 - share * (1 - note["y"])
    layout["height"] += GAP_PX + table_px
    look = {"align": "left", "height": LINE_PX, "line": {"color": palette.faint, "width": 1}}
    traces.append(
        {
            "type": "table",
            "name": "What the runs took",
            "domain": {"x": (0, 1), "y": (0, table_px / whole)},
            "columnwidth": widths,
            "header": {
                "values": [plain(head) for head, *_ in columns],
                "fill": {"color": palette.ground},
                "font": {"color": palette.muted, "size": 11},
                **look,
            },
            "cells": {
                "values": [[plain(cell) for cell in cells] for _, *cells in columns],
                "fill": {"color": palette.ground},
                "font": {"color": palette.ink, "size": 11},
                **look,
            },
        }
    )


def _heights(columns: Sequence[Sequence[str]], widths: Sequence[float]) -> list[float]:
    """Return the height of each row, about: a text that is wider than its column wraps."""
    rooms = [
        max(1, int((TABLE_PX * width / sum(widths) - EDGE_PX) / LETTER_PX)) for width in widths
    ]
    return [
        LINE_PX
        + WRAPPED_PX
        * max(-(-len(cell) // room) - 1 for cell, room in zip(cells, rooms, strict=True))
        for cells in zip(*columns, strict=True)
    ]
