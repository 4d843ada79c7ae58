"""The traces of a figure of the history."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipyvitals.charts.lanes import ModelSeries
from ipyvitals.charts.palette import Palette
from ipyvitals.charts.rows import BAND, Line, Row, Scale
from ipyvitals.charts.tables import Table, plain
from ipyvitals.charts.times import Drawn, moments
from ipyvitals.render.formatting import UNKNOWN, count, ratio, status_word
from ipyvitals.stats.downsampling import Floats

__all__ = ["band_of", "basis", "line_of", "others_of"]

OTHERS = {"current_accuracy", "predictions_per_minute", "latency_p95_seconds", "mae"}
"""What is drawn of models beside the active one."""


def line_of(
    line: Line, row: Row, axis: str, table: Table, palette: Palette, latency: Scale
) -> dict[str, Any]:
    """Return one line."""
    factor, unit = latency if row.key == "latency" else (1.0, "")
    drawn = table.drawn(table.numbers(line.column) * factor)
    trace = _trace(line, axis, drawn, line.look(palette))
    if line.role == "limit":
        return {**trace, "hoverinfo": "skip"}
    hover = f"{row.hover} {unit}".rstrip()
    if line.column == "current_accuracy":
        hover += "%{customdata}"
        low, high, labels = (table.numbers(name) for name in (*BAND, "window_labelled"))
        statuses = table.texts("status")
        trace["customdata"] = [
            "" if place < 0 else basis(low[place], high[place], labels[place], statuses[place])
            for place in drawn.places.tolist()
        ]
    return {**trace, "hovertemplate": f"{hover}<extra>{line.name}</extra>"}


def others_of(
    row: Row, axis: str, lanes: ModelSeries, palette: Palette, latency: Scale
) -> list[dict[str, Any]]:
    """Return the same of the models beside the active one: thin, and named by their id."""
    traces = []
    factor, unit = latency if row.key == "latency" else (1.0, "")
    for line in row.lines:
        if line.column not in OTHERS:
            continue
        for table in lanes.others:
            drawn = table.drawn(table.numbers(line.column) * factor)
            name = str(table.texts("model_id")[0])
            look = {**line.look(palette), "color": palette.muted, "width": 1.0}
            hover = f"{row.hover} {unit}".rstrip()
            trace = _trace(line, axis, drawn, look)
            trace |= {"name": name, "opacity": 0.75, "meta": f"{name}:{line.column}"}
            traces.append({**trace, "hovertemplate": f"{hover}<extra>{plain(name)}</extra>"})
    return traces


def band_of(lanes: ModelSeries, axis: str, palette: Palette) -> dict[str, Any]:
    """Return the interval of the accuracy: a closed shape for each stretch without a gap."""
    low, high = (lanes.main.numbers(column) for column in BAND)
    x, y = lanes.main.outline(low, high)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "95 % interval",
        "x": moments(x),
        "y": y,
        "yaxis": axis,
        "fill": "toself",
        "fillcolor": palette.band,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "meta": "band",
    }


def basis(low: float, high: float, labels: float, status: str) -> str:
    """Return what an accuracy rests on, and how the model was then.

    Examples
    --------
    >>> basis(0.88, 0.973, 100.0, "active")
    ' (88.0–97.3 %, last 100) · Live'
    """
    text = ""
    if np.isfinite(low) and np.isfinite(high):
        text = f" ({ratio(low)}{UNKNOWN}{ratio(high)} %"
        text += f", last {count(labels)})" if np.isfinite(labels) else ")"
    return f"{text} · {status_word(status)}" if status else text  # type: ignore[arg-type]


def _trace(line: Line, axis: str, drawn: Drawn, look: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        # A point between two gaps would have no line.
        "mode": "lines+markers" if _lonely(drawn.values) else "lines",
        "marker": {"size": 4, "color": look["color"]},
        "name": line.name,
        "x": moments(drawn.at),
        "y": drawn.values,
        "yaxis": axis,
        "line": look,
        "connectgaps": False,
        "meta": line.column,
    }


def _lonely(values: Floats) -> bool:
    known = np.isfinite(values)
    before, after = np.append(False, known[:-1]), np.append(known[1:], False)
    alone = int((known & ~before & ~after).sum())
    return 0 < alone == int(known.sum())
