"""Build the traces of a figure of the history."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np

from ipyvitals.charts.model_series import ModelSeries
from ipyvitals.charts.palette import Palette
from ipyvitals.charts.rows import BAND, Line, Row, Scale
from ipyvitals.charts.tables import HistoryTable, plain
from ipyvitals.charts.times import DrawnLine, moments
from ipyvitals.render.formatting import UNKNOWN, count, ratio, ratio_text, status_word
from ipyvitals.stats.downsampling import Floats

__all__ = ["band_of", "basis", "line_of", "others_of"]

OTHERS = {"current_accuracy", "predictions_per_minute", "latency_p95_seconds", "mae"}
"""The columns that are drawn of models beside the active one."""


def line_of(
    line: Line, row: Row, axis: str, table: HistoryTable, palette: Palette, latency: Scale
) -> dict[str, Any]:
    """Return one line."""
    factor, unit = latency if row.key == "latency" else (1.0, "")
    drawn = table.drawn(table.numbers(line.column) * factor)
    trace = _trace(line, axis, drawn, line.look(palette))
    if line.role == "limit":
        return {**trace, "hoverinfo": "skip"}
    hover = f"{row.hover} {unit}".rstrip()
    if row.write is not None:
        hover = "%{customdata}"
        trace["customdata"] = [row.write(one) for one in drawn.values.tolist()]
    if line.column == "current_accuracy":
        known = (table.numbers(name) for name in (line.column, *BAND, "window_labelled"))
        columns = [column.tolist() for column in known] + [table.texts("status").tolist()]
        trace["customdata"] = [
            "" if place < 0 else basis(*(column[place] for column in columns))
            for place in drawn.places.tolist()
        ]
    return {**trace, "hovertemplate": f"{hover}<extra>{line.name}</extra>"}


def others_of(
    row: Row, axis: str, series: ModelSeries, palette: Palette, latency: Scale
) -> list[dict[str, Any]]:
    """Return one row's lines of the models beside the active one: thin, named by model id."""
    traces = []
    factor, unit = latency if row.key == "latency" else (1.0, "")
    for line in row.lines:
        if line.column not in OTHERS:
            continue
        for table in series.others:
            drawn = table.drawn(table.numbers(line.column) * factor)
            name = str(table.texts("model_id")[0])
            look = {**line.look(palette), "color": palette.muted, "width": 1.0}
            hover = f"{row.hover} {unit}".rstrip()
            trace = _trace(line, axis, drawn, look)
            if row.write is not None:
                hover = "%{customdata}"
                trace["customdata"] = [row.write(one) for one in drawn.values.tolist()]
            trace |= {"name": name, "opacity": 0.75, "meta": f"{name}:{line.column}"}
            traces.append({**trace, "hovertemplate": f"{hover}<extra>{plain(name)}</extra>"})
    return traces


def band_of(series: ModelSeries, axis: str, palette: Palette) -> dict[str, Any]:
    """Return the interval of the accuracy: a closed shape for each span without a gap."""
    low, high = (series.main.numbers(column) for column in BAND)
    x, y = series.main.outline(low, high)
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


@lru_cache(maxsize=4096)
def basis(accuracy: float, low: float, high: float, labels: float, status: str) -> str:
    """Return an accuracy with its interval, the labels it rests on and the status of its model.

    Examples
    --------
    >>> basis(0.942, 0.88, 0.973, 100.0, "active")
    '94.2 % (88.0–97.3 %, last 100) · Live'
    """
    text = ratio_text(accuracy)
    if isfinite(low) and isfinite(high):
        text += f" ({ratio(low)}{UNKNOWN}{ratio_text(high)}"
        text += f", last {count(labels)})" if isfinite(labels) else ")"
    return f"{text} · {status_word(status)}" if status else text  # type: ignore[arg-type]


def _trace(line: Line, axis: str, drawn: DrawnLine, look: dict[str, Any]) -> dict[str, Any]:
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
