"""Draw one metric of several training runs, so that none hides another."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from ipyvitals.charts.palette import Palette
from ipyvitals.charts.runs import By, MetricCurve
from ipyvitals.render.formatting import count, metric
from ipyvitals.schema import format_uptime
from ipyvitals.stats.downsampling import Floats, downsample
from ipyvitals.stats.smoothing import near_mean, without_spikes, zigzags

__all__ = ["LineStyle", "metric_traces"]

PIXELS = 400
BUCKETS = 2_048
"""Most points of a line that are smoothed; more of them are averaged."""
DASHES = ("solid", "dash", "dot", "dashdot")
WIDTH_PX, WIDER_PX = 1.8, 1.6
PALE = 0.35
SAME = 1e-3
"""Lines that differ by less than this share of their range hide each other."""

Named = tuple[int, str, MetricCurve]
"""Place of a run, its name, and one of its curves."""


class LineStyle(NamedTuple):
    """Says how to draw lines: their axis, smoothing and colours."""

    by: By
    unit_seconds: float
    half: float | None
    """Distance at which a value counts half in a smoothed line; ``None`` smooths nothing."""
    palette: Palette


def metric_traces(curves: Sequence[Named], row: int, style: LineStyle) -> list[dict[str, Any]]:
    """Return the lines of one panel; of lines in one place the first is wide, the next dashed."""
    traces: list[dict[str, Any]] = []
    drawn: list[tuple[Floats, Floats, dict[str, Any]]] = []
    for place, name, curve in curves:
        x, y, at = _points(curve, style.by)
        line = _line(place, style.palette)
        hidden = [one for one in drawn if _is_same(one[:2], (x, y))]
        if hidden:
            line["dash"] = DASHES[1 + (len(hidden) - 1) % (len(DASHES) - 1)]
            for _, _, below in hidden:
                below["width"] += WIDER_PX
        drawn.append((x, y, line))
        axis = "" if row == 0 else str(row + 1)
        shown = downsample(x, y, PIXELS)
        common = {
            "type": "scatter",
            "name": name,
            "legendgroup": str(place),
            "xaxis": f"x{axis}",
            "yaxis": f"y{axis}",
            "line": line,
            "showlegend": False,
        }
        values = {
            **common,
            "mode": "lines" if len(shown) > 1 else "markers",
            "x": x[shown] / _unit(style),
            "y": y[shown],
            "customdata": _hover_texts(curve, at[shown], y[shown], style.by),
            "hovertemplate": "%{customdata}",
        }
        smooth = _smoothed(curve, style)
        if smooth is not None:
            values |= {"opacity": PALE, "line": {**line, "width": 1.0}}
        traces.append(values)
        if smooth is not None:
            # Every number that is shown is a true value.
            extra = {"x": smooth[0] / _unit(style), "y": smooth[1], "hoverinfo": "skip"}
            traces.append({**common, "mode": "lines", **extra})
    return traces


def _unit(style: LineStyle) -> float:
    return style.unit_seconds if style.by == "time" else 1.0


def _line(place: int, palette: Palette) -> dict[str, Any]:
    colours = len(palette.runs)
    return {
        "color": palette.runs[place % colours],
        "width": WIDTH_PX,
        "dash": DASHES[place // colours % len(DASHES)],
    }


def _points(curve: MetricCurve, by: By) -> tuple[Floats, Floats, Any]:
    """Return x and y in the order of x, and the place of each in the curve.

    Of a thinned curve each bucket is its lowest and its highest value.
    """
    x = curve.steps if by == "step" else curve.seconds
    order = np.argsort(x, kind="stable")
    order = order[np.isfinite(x[order])]
    if curve.low is None or curve.high is None:
        return x[order], curve.values[order], order
    both = np.repeat(order, 2)
    y = np.where(np.arange(len(both)) % 2 == 0, curve.low[both], curve.high[both])
    flat = curve.low[both] == curve.high[both]
    shown = ~(flat & (np.arange(len(both)) % 2 == 1))
    return x[both][shown], y[shown], both[shown]


def _is_same(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> bool:
    """Return whether one line would be drawn upon the other."""
    if len(one[0]) != len(other[0]) or not len(one[0]):
        return False
    for mine, its in zip(one, other, strict=True):
        known = mine[np.isfinite(mine)]
        room = (float(np.ptp(known)) if known.size else 0.0) * SAME
        if not np.allclose(mine, its, rtol=1e-9, atol=room, equal_nan=True):
            return False
    return True


def _smoothed(curve: MetricCurve, style: LineStyle) -> tuple[Floats, Floats] | None:
    """Return the smoothed line of a curve that zigzags; ``None`` of any other."""
    if style.half is None or not zigzags(curve.values):
        return None
    x = curve.steps if style.by == "step" else curve.seconds
    order = np.argsort(x, kind="stable")
    order = order[np.isfinite(x[order]) & np.isfinite(curve.values[order])]
    if len(order) < 2:
        return None
    x, y = x[order], curve.values[order]
    weights = np.ones(len(y)) if curve.counts is None else curve.counts[order]
    y = without_spikes(y)
    size = -(-len(y) // BUCKETS)
    starts = np.arange(0, len(y), size)
    whole = np.add.reduceat(weights, starts)
    y = np.add.reduceat(y * weights, starts) / whole
    x = np.maximum.reduceat(x, starts)
    line = near_mean(x, y, whole, style.half)
    shown = downsample(x, line, PIXELS)
    return x[shown], line[shown]


def _hover_texts(curve: MetricCurve, at: Any, values: Floats, by: By) -> list[str]:
    """Return, for each point, its value and the time or the step that is not on the axis."""
    beside = (curve.steps if by == "time" else curve.seconds)[at].tolist()
    texts = [metric(value) for value in values.tolist()]
    if by == "time":
        notes = [f" · step {count(step)}" if isfinite(step) else "" for step in beside]
    else:
        notes = [f" · after {format_uptime(one)}" if isfinite(one) else "" for one in beside]
    return [text + note for text, note in zip(texts, notes, strict=True)]
