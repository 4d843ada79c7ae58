"""Draw several training runs: one panel a metric, one line a run."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyvitals.charts.layout import heading, keys_of, small
from ipyvitals.charts.palette import Palette, palette_of, plotly_template
from ipyvitals.charts.runs import By, MetricCurve, RunCurves, check_by, runs_of
from ipyvitals.charts.tables import plain
from ipyvitals.errors import ArgumentValueError
from ipyvitals.render.formatting import count, metric
from ipyvitals.schema import format_uptime
from ipyvitals.stats.downsampling import downsample

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["compare"]

PIXELS = 400
PANEL_PX, GAP_PX, TOP_PX, BOTTOM_PX, LEGEND_PX = 170, 58, 76, 44, 22
LEGEND_WIDTH_PX = 800
"""Of the cells of most notebooks; in a narrower one it moves the panels down."""
MOST_PANELS = 12
DASHES = ("solid", "dash", "dot", "dashdot")
UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def compare(
    runs: Any,
    *,
    metrics: Sequence[str] | None = None,
    by: By = "step",
    template: str | None = None,
) -> Figure:
    """Return a figure of training runs: one panel a metric, one line a run.

    Parameters
    ----------
    runs : Store, Monitor, DataFrame, list or dict
        What has runs: a history, tables of it as ``history("training")`` returns them, or several
        of these. A dict names its runs; its tables may also have one column a metric, indexed by
        step or by time.
    metrics : sequence of str, optional
        Which ones; all of them by default, in the order in which they came.
    by : {"step", "time"}
        Over the steps, or over the time since each run began.
    template : {"light", "dark"}, optional
        By default what goes with plotly's own default.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ArgumentValueError, ArgumentTypeError
        When an argument makes no sense, or no run has a metric of that name.

    Examples
    --------
    >>> import pandas as pd
    >>> from ipyvitals import compare
    >>> figure = compare(
    ...     {
    ...         "slow": pd.DataFrame({"loss": [0.9, 0.7, 0.6]}),
    ...         "fast": pd.DataFrame({"loss": [0.8, 0.4, 0.3]}),
    ...     }
    ... )
    >>> [trace.name for trace in figure.data]
    ['slow', 'fast']
    """
    from ipyvitals.charts.shown import RecordedFigure

    palette, by = palette_of(template), check_by(by)
    found = runs_of(runs)
    names = _metrics(found, metrics)
    columns = 1 if len(names) < 3 else 2
    unit = _unit(found)
    traces = [
        _trace(place, run, row, curve, (by, unit), palette)
        for row, name in enumerate(names)
        for place, run in enumerate(found)
        if (curve := run.curves.get(name)) is not None
    ]
    # Each run is in the legend once, by the first of its lines.
    for first in {trace["legendgroup"]: trace for trace in reversed(traces)}.values():
        first["showlegend"] = True
    figure: Figure = RecordedFigure(
        traces, _layout(names, columns, [plain(run.name) for run in found], (by, unit), palette)
    )
    if not found:
        figure.layout.title.text = small("No run has metrics yet.", palette)
        figure.update_xaxes(visible=False).update_yaxes(visible=False)
    return figure


def _metrics(runs: list[RunCurves], wanted: Sequence[str] | None) -> list[str]:
    there = list(dict.fromkeys(name for run in runs for name in run.curves))
    if wanted is None:
        return there[:MOST_PANELS]
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    unknown = [name for name in names if name not in there]
    if unknown:
        raise ArgumentValueError(
            f"compare(metrics={names!r}): no run has {', '.join(map(repr, unknown))}; "
            f"there are {', '.join(map(repr, there)) or 'none'}."
        )
    return names


def _unit(runs: list[RunCurves]) -> tuple[float, str]:
    """Return the unit of time that suits the longest run."""
    ends = [
        float(np.nanmax(curve.seconds))
        for run in runs
        for curve in run.curves.values()
        if np.isfinite(curve.seconds).any()
    ]
    longest = max(ends, default=0.0)
    return next((one for one in UNITS if longest >= 3 * one[0]), UNITS[-1])


def _trace(
    place: int,
    run: RunCurves,
    row: int,
    curve: MetricCurve,
    over: tuple[By, tuple[float, str]],
    palette: Palette,
) -> dict[str, Any]:
    by, (size, _) = over
    x = curve.steps if by == "step" else curve.seconds
    order = np.argsort(x, kind="stable")
    order = order[np.isfinite(x[order])]
    shown = order[downsample(x[order], curve.values[order], PIXELS)]
    colours = len(palette.runs)
    axis = "" if row == 0 else str(row + 1)
    return {
        "type": "scatter",
        "mode": "lines" if len(shown) > 1 else "markers",
        "name": plain(run.name),
        "legendgroup": str(place),
        "x": x[shown] / (size if by == "time" else 1.0),
        "y": curve.values[shown],
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "line": {
            "color": palette.runs[place % colours],
            "width": 1.8,
            "dash": DASHES[place // colours % len(DASHES)],
        },
        "customdata": _hover_texts(curve, shown, by),
        "hovertemplate": "%{customdata}",
        "showlegend": False,
    }


def _hover_texts(curve: MetricCurve, shown: Any, by: By) -> list[str]:
    """Return, for each point, its value and the time or the step that is not on the axis."""
    beside = (curve.steps if by == "time" else curve.seconds)[shown].tolist()
    values = [metric(value) for value in curve.values[shown].tolist()]
    if by == "time":
        notes = [f" · step {count(step)}" if isfinite(step) else "" for step in beside]
    else:
        notes = [f" · after {format_uptime(at)}" if isfinite(at) else "" for at in beside]
    return [value + note for value, note in zip(values, notes, strict=True)]


def _layout(
    names: list[str],
    columns: int,
    runs: Sequence[str],
    over: tuple[By, tuple[float, str]],
    palette: Palette,
) -> dict[str, Any]:
    by, (_, unit) = over
    rows = max(1, ceil(len(names) / columns))
    whole = rows * PANEL_PX + (rows - 1) * GAP_PX
    keys = keys_of(runs, LEGEND_WIDTH_PX)
    top = TOP_PX + LEGEND_PX * (keys[-1][1] if keys else 0)
    layout: dict[str, Any] = {
        "template": plotly_template(palette),
        "height": top + whole + BOTTOM_PX,
        "margin": {"l": 52, "r": 16, "t": top, "b": BOTTOM_PX},
        "legend": {"yref": "container", "y": 1, "yanchor": "top"},
        "annotations": [],
    }
    unit_text = "steps" if by == "step" else f"{unit} since the run began"
    width = 1.0 if columns == 1 else 0.46
    for place, name in enumerate(names):
        row, column = divmod(place, columns)
        high = (whole - row * (PANEL_PX + GAP_PX)) / whole
        number = "" if place == 0 else str(place + 1)
        left = column * (1.0 - width)
        layout[f"xaxis{number}"] = {
            "anchor": f"y{number}",
            "domain": (left, left + width),
            "hoverformat": ".4~f",
        }
        if place:
            layout[f"xaxis{number}"]["matches"] = "x"
        layout[f"yaxis{number}"] = {
            "anchor": f"x{number}",
            "domain": (max(0.0, high - PANEL_PX / whole), high),
        }
        text = f"<b>{plain(name)}</b>   {small(unit_text, palette)}"
        layout["annotations"].append(heading(text, high, palette) | {"x": left})
    return layout
