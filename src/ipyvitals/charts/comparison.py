"""Draw several training runs: one panel a metric, one line a run."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyvitals.charts.layout import heading, keys_of, small
from ipyvitals.charts.palette import Palette, palette_of, plotly_template
from ipyvitals.charts.run_lines import LineStyle, metric_traces
from ipyvitals.charts.run_table import add_table
from ipyvitals.charts.runs import By, RunCurves, check_by, runs_of
from ipyvitals.charts.tables import plain
from ipyvitals.charts.ticks import whole_step
from ipyvitals.errors import ArgumentValueError
from ipyvitals.storage.run_filter import Names, run_filter

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["compare"]

PANEL_PX, GAP_PX, TOP_PX, BOTTOM_PX, LEGEND_PX = 170, 58, 76, 44, 22
LEGEND_WIDTH_PX = 800
"""Of the cells of most notebooks; in a narrower one it moves the panels down."""
MOST_PANELS = 12
HALF_SHARE = 0.01
UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def compare(
    runs: Any,
    *,
    metrics: Sequence[str] | None = None,
    by: By = "step",
    template: str | None = None,
    name: Names = None,
    tag: Names = None,
    model: Names = None,
    since: Any = None,
    until: Any = None,
    smooth: bool = True,
    log: bool = False,
    table: bool = True,
) -> Figure:
    """Return a figure of training runs: one panel a metric, one line a run, and a table.

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
    name, tag, model : str or iterable of str, optional
        Only runs of any of these names, tags, and ids or names of models. A run without a name has
        its stage.
    since, until : datetime, str or float, optional
        Only runs that began at or after the first, and before the second.
    smooth : bool
        Draw lines that zigzag as the mean of what is near, with their values pale behind.
    log : bool
        A logarithmic axis for metrics whose values are all greater than 0.
    table : bool
        Show below what each run took, and its best and last values, where a source says it.

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
    wanted = run_filter(name=name, tag=tag, model=model, since=since, until=until)
    found = runs_of(runs, wanted)
    names = _metrics(found, metrics)
    columns = 1 if len(names) < 3 else 2
    unit = _unit(found)
    drawing = LineStyle(by, unit[0], _half(found, by) if smooth else None, palette)
    traces = []
    for row, metric in enumerate(names):
        curves = [
            (place, plain(run.name), run.curves[metric])
            for place, run in enumerate(found)
            if metric in run.curves
        ]
        traces += metric_traces(curves, row, drawing)
    # Each run is in the legend once, by the first of its lines.
    in_front = [trace for trace in traces if "opacity" not in trace]
    for first in {trace["legendgroup"]: trace for trace in reversed(in_front)}.values():
        first["showlegend"] = True
    layout = _layout(names, columns, [plain(run.name) for run in found], (by, unit), palette)
    _set_axes(layout, names, found, by, log=log)
    if table:
        add_table(traces, layout, found, names, palette)
    figure: Figure = RecordedFigure(traces, layout)
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


def _half(runs: list[RunCurves], by: By) -> float:
    """Return the distance at which a value counts half in a smoothed line: 1 % of the axis."""
    curves = [curve for run in runs for curve in run.curves.values()]
    x = [curve.steps if by == "step" else curve.seconds for curve in curves]
    known = [one[np.isfinite(one)] for one in x]
    known = [one for one in known if one.size]
    if not known:
        return 1.0
    span = max(float(one.max()) for one in known) - min(float(one.min()) for one in known)
    return span * HALF_SHARE or 1.0


def _set_axes(
    layout: dict[str, Any], names: list[str], runs: list[RunCurves], by: By, *, log: bool
) -> None:
    """Set ticks at whole steps, and logarithmic axes where all values are greater than 0."""
    if by == "step":
        steps = [curve.steps for run in runs for curve in run.curves.values()]
        known = np.concatenate([one[np.isfinite(one)] for one in steps] or [np.empty(0)])
        if known.size and np.all(known == np.floor(known)):
            ticks = whole_step(float(known.min()), float(known.max()))
            for axis in (name for name in layout if name.startswith("xaxis")):
                layout[axis] |= {"tickformat": ",d", **ticks}
    for place, name in enumerate(names if log else ()):
        curves = [run.curves[name] for run in runs if name in run.curves]
        values = np.concatenate([one.values if one.low is None else one.low for one in curves])
        known = values[np.isfinite(values)]
        if known.size and known.min() > 0:
            number = "" if place == 0 else str(place + 1)
            layout[f"yaxis{number}"] |= {"type": "log", "tickformat": "~g"}
        else:
            layout["annotations"][place]["text"] += "   linear: values at or below 0"


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
