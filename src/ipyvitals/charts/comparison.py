"""Draw several training runs: one panel a metric, one line a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, overload

import numpy as np

from ipyvitals.charts.comparison_axes import set_axes
from ipyvitals.charts.layout import heading, keys_of, small
from ipyvitals.charts.palette import Palette, palette_of, plotly_template
from ipyvitals.charts.run_lines import LineStyle, metric_traces
from ipyvitals.charts.run_table import add_table
from ipyvitals.charts.runs import By, RunCurves, check_by, check_flag, runs_of
from ipyvitals.charts.tables import plain
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.storage.run_filter import Names, RunFilter, run_filter

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, FigureWidget

__all__ = ["Comparison", "compare"]

Trace: TypeAlias = dict[str, Any]

PANEL_PX, GAP_PX, TOP_PX, BOTTOM_PX, LEGEND_PX = 170, 58, 76, 44, 22
LEGEND_WIDTH_PX = 800
"""Of the cells of most notebooks; in a narrower one it moves the panels down."""
MOST_PANELS = 12
HALF_SHARE = 0.01
UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


@overload
def compare(
    runs: Any,
    *,
    metrics: Sequence[str] | None = ...,
    by: By = ...,
    template: str | None = ...,
    name: Names = ...,
    tag: Names = ...,
    model: Names = ...,
    since: Any = ...,
    until: Any = ...,
    smooth: bool = ...,
    log: bool = ...,
    table: bool = ...,
    live: Literal[False] = ...,
) -> Figure: ...


@overload
def compare(
    runs: Any,
    *,
    metrics: Sequence[str] | None = ...,
    by: By = ...,
    template: str | None = ...,
    name: Names = ...,
    tag: Names = ...,
    model: Names = ...,
    since: Any = ...,
    until: Any = ...,
    smooth: bool = ...,
    log: bool = ...,
    table: bool = ...,
    live: Literal[True],
) -> FigureWidget: ...


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
    live: bool = False,
) -> Figure | FigureWidget:
    """Return a figure of training runs: one panel a metric, one line a run, and a table.

    Parameters
    ----------
    runs : Store, Monitor, StoredRun, TrainingRun, DataFrame, list or dict
        What has runs: a history, runs that its ``runs()`` returned, a handle of a run, tables as
        ``history("training")`` returns them, or several of these. A dict names its runs; its tables
        may also have one column a metric, indexed by step or by time.
    metrics : sequence of str, optional
        Which ones; all of them by default, in the order in which they came.
    by : {"step", "time"}
        Over the steps, or over the time since each run began.
    template : {"light", "dark"}, optional
        By default the theme of JupyterLab, or that of plotly's own default where it was changed.
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
    live : bool
        Return a `FigureWidget` that is redrawn, at most once a second, until it is closed. It needs
        a `Monitor`, whose new runs it shows too.

    Returns
    -------
    plotly.graph_objects.Figure or plotly.graph_objects.FigureWidget

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

    for flag, value in {"smooth": smooth, "log": log, "table": table, "live": live}.items():
        check_flag(flag, value)
    wanted = run_filter(name=name, tag=tag, model=model, since=since, until=until)
    palette = palette_of(template)
    drawing = Comparison(_names(metrics), check_by(by), palette, wanted, smooth, log, table)
    if live:
        from ipyvitals.charts.live_comparison import live_comparison

        return live_comparison(runs, drawing)
    return RecordedFigure(*drawing.draw(runs))


class Comparison(NamedTuple):
    """Draws runs with the arguments of `compare`."""

    metrics: list[str] | None
    by: By
    palette: Palette
    wanted: RunFilter
    smooth: bool = True
    log: bool = False
    table: bool = True

    def draw(self, runs: Any, *, live: bool = False) -> tuple[list[Trace], dict[str, Any]]:
        """Return the traces and the layout of a figure.

        With `live`, metrics that no run has yet have no panel, instead of raising an error.
        """
        by, palette = self.by, self.palette
        found = runs_of(runs, self.wanted)
        names = _metrics(found, self.metrics, live=live)
        columns = 1 if len(names) < 3 else 2
        unit = _unit(found)
        style = LineStyle(by, unit[0], _half(found, by) if self.smooth else None, palette)
        traces: list[Trace] = []
        for row, metric in enumerate(names):
            curves = [
                (place, plain(run.name), run.curves[metric])
                for place, run in enumerate(found)
                if metric in run.curves
            ]
            traces += metric_traces(curves, row, style)
        # Each run is in the legend once, by the first of its lines.
        in_front = [trace for trace in traces if "opacity" not in trace]
        for first in {trace["legendgroup"]: trace for trace in reversed(in_front)}.values():
            first["showlegend"] = True
        layout = _layout(names, columns, [plain(run.name) for run in found], (by, unit), palette)
        set_axes(layout, names, found, by, log=self.log)
        if self.table:
            add_table(traces, layout, found, names, palette)
        if not found:
            text = "No run meets the conditions." if self.wanted else "No run has metrics yet."
            layout["title"] = {"text": small(text, palette)}
            for axis in ("xaxis", "yaxis"):
                layout.setdefault(axis, {})["visible"] = False
        return traces, layout


def _names(metrics: Any) -> list[str] | None:
    """Return the names of metrics as a list."""
    if metrics is None or isinstance(metrics, str):
        return metrics if metrics is None else [metrics]
    names = list(metrics) if isinstance(metrics, Iterable) else [metrics]
    if not all(isinstance(name, str) for name in names):
        raise ArgumentTypeError(f"compare(metrics={metrics!r:.80}): expected names of metrics.")
    return names


def _metrics(runs: list[RunCurves], wanted: list[str] | None, *, live: bool) -> list[str]:
    there = list(dict.fromkeys(name for run in runs for name in run.curves))
    if wanted is None:
        return there[:MOST_PANELS]
    unknown = [name for name in wanted if name not in there]
    if unknown and not live:
        raise ArgumentValueError(
            f"compare(metrics={wanted!r}): no run has {', '.join(map(repr, unknown))}; "
            f"there are {', '.join(map(repr, there)) or 'none'}."
        )
    return [name for name in wanted if name in there]


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
