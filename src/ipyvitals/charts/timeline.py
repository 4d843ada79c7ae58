"""The figure of a history: accuracy, predictions, latency and the machine over one time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ipyvitals.charts.lanes import split_active_model
from ipyvitals.charts.layout import axis_of, height_px, small, stacked
from ipyvitals.charts.marks import Band, Deployment, bands_of, deployments_of, marks
from ipyvitals.charts.palette import Palette, palette_of
from ipyvitals.charts.rows import BAND, ROWS, Row, Scale, latency_scale
from ipyvitals.charts.tables import Table, plain
from ipyvitals.charts.times import moments
from ipyvitals.charts.traces import band_of, line_of, others_of
from ipyvitals.render.formatting import moment
from ipyvitals.stats.downsampling import Floats

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["Timeline", "timeline"]

NOTHING = "Nothing was recorded in this time."


@dataclass(frozen=True)
class Timeline:
    """A figure, and what is needed to go on with it."""

    figure: Figure
    title: str
    rows: tuple[Row, ...]
    latency: Scale
    palette: Palette
    bands: list[Band]
    deployments: list[Deployment]
    interval: tuple[Floats, Floats, Floats]
    """Times and both edges of the interval of the accuracy."""


def timeline(
    metrics: pd.DataFrame,
    system: pd.DataFrame,
    models: pd.DataFrame,
    *,
    model_id: str | None = None,
    template: str | None = None,
    title: str = "",
) -> Timeline:
    """Return the figure of one monitor's history.

    Parameters
    ----------
    metrics, system, models : DataFrame
        Sections as ``history()`` returns them: indexed by time, the models one row a deployment.
    model_id : str, optional
        The model to show; by default at each moment the one that was active, and the others
        beside it.
    template : {"light", "dark"}, optional
        By default what goes with plotly's own default.
    title : str
        What is written above.

    Raises
    ------
    ArgumentValueError, ArgumentTypeError
        When `template` is no template, or a table is not indexed by time.
    """
    from ipyvitals.charts.shown import RecordedFigure

    palette = palette_of(template)
    deployments = [one for one in deployments_of(Table(models)) if model_id in (None, one.model_id)]
    machine = Table(system)
    lanes = split_active_model(Table(metrics), machine, deployments, model_id)
    tables = {"metrics": lanes.main, "system": machine}
    latency = latency_scale(lanes.main.numbers("latency_p95_seconds"))
    rows = _rows(lanes.main)
    traces = []
    for place, row in enumerate(rows):
        axis = axis_of(place)
        if row.key == "accuracy":
            traces.append(band_of(lanes, axis, palette))
        traces += others_of(row, axis, lanes, palette, latency)
        traces += [
            line_of(line, row, axis, tables[line.section], palette, latency) for line in row.lines
        ]
    made = Timeline(
        figure=RecordedFigure(traces, stacked(rows, palette, latency)),
        title=title,
        rows=rows,
        latency=latency,
        palette=palette,
        bands=bands_of(lanes.main, lanes.main.texts("status")),
        deployments=deployments,
        interval=(lanes.main.at, lanes.main.numbers(BAND[0]), lanes.main.numbers(BAND[1])),
    )
    span = _span([table.at for table in tables.values()])
    layout = made.figure.layout
    layout.title.text = _titled(title, NOTHING if span is None else _period(*span), palette)
    if span is None:
        # Without anything to measure, plotly would write numbers of its own.
        made.figure.update_xaxes(visible=False).update_yaxes(visible=False)
    else:
        shapes, notes = marks(made.bands, deployments, span, palette, height_px(rows))
        layout.shapes, layout.annotations = shapes, (*layout.annotations, *notes)
        layout.xaxis.range = moments(np.array(span)).tolist()
    return made


def _rows(metrics: Table) -> tuple[Row, ...]:
    """Return the rows that say something: errors have a size only in a regression."""
    sized = bool(np.isfinite(metrics.numbers("mae")).any())
    return tuple(row for row in ROWS if row.key != "error" or sized)


def _span(times: list[Floats]) -> tuple[float, float] | None:
    known = [one for one in times if len(one)]
    if not known:
        return None
    first, last = min(one[0] for one in known), max(one[-1] for one in known)
    return float(first), float(max(last, first + 1.0))


def _period(first: float, last: float) -> str:
    begin, end = moment(first, seconds=False), moment(last, seconds=False)
    if begin == end:
        return end
    day = f"{begin.partition(',')[0]}, "
    return f"{begin.removesuffix(' UTC')} to {end.removeprefix(day)}"


def _titled(title: str, beside: str, palette: Palette) -> str:
    return f"{plain(title)}   {small(beside, palette)}" if title else small(beside, palette)
