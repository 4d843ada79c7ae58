"""Draw a history: accuracy, predictions, latency and the machine over one axis of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyvitals.charts.layout import axis_of, height_px, small, stacked
from ipyvitals.charts.marks import DeploymentMark, bands_of, deployments_of, marks
from ipyvitals.charts.model_series import split_active_model
from ipyvitals.charts.palette import Palette, palette_of
from ipyvitals.charts.rows import ROWS, Row, Scale, latency_scale
from ipyvitals.charts.tables import HistoryTable, plain
from ipyvitals.charts.times import moments
from ipyvitals.charts.traces import band_of, line_of, others_of
from ipyvitals.render.formatting import moment

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["Timeline", "timeline"]

NOTHING = "Nothing was recorded in this time."


@dataclass(frozen=True)
class Timeline:
    """A figure, the tables that it shows, and how it shows them."""

    figure: Figure
    metrics: HistoryTable
    system: HistoryTable
    deployments: list[DeploymentMark]
    renderer: TimelineRenderer


@dataclass(frozen=True)
class TimelineRenderer:
    """Turns tables of a history into traces and marks."""

    title: str
    model_id: str | None
    palette: Palette
    latency: Scale
    rows: tuple[Row, ...]

    def draw(
        self, metrics: HistoryTable, system: HistoryTable, deployments: list[DeploymentMark]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the traces, shapes and annotations of a figure; the last two without headings."""
        series = split_active_model(metrics, system, deployments, self.model_id)
        tables = {"metrics": series.main, "system": system}
        traces = []
        for place, row in enumerate(self.rows):
            axis = axis_of(place)
            if row.key == "accuracy":
                traces.append(band_of(series, axis, self.palette))
            traces += others_of(row, axis, series, self.palette, self.latency)
            traces += [
                line_of(line, row, axis, tables[line.section], self.palette, self.latency)
                for line in row.lines
            ]
        span = span_of(series.main, system)
        if span is None:
            return traces, [], []
        bands = bands_of(series.main, series.main.texts("status"))
        height = height_px(self.rows)
        return traces, *marks(bands, deployments, span, self.palette, height)

    def titled(self, note: str) -> str:
        """Return the title with a note beside it."""
        note = small(note, self.palette)
        return f"{plain(self.title)}   {note}" if self.title else note


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
    deployments = [one for one in deployments_of(models) if model_id in (None, one.model_id)]
    figures, machine = HistoryTable(metrics), HistoryTable(system)
    main = split_active_model(figures, machine, deployments, model_id).main
    latency = latency_scale(main.numbers("latency_p95_seconds"))
    renderer = TimelineRenderer(title, model_id, palette, latency, _rows(main))
    traces, shapes, notes = renderer.draw(figures, machine, deployments)
    figure = RecordedFigure(traces, stacked(renderer.rows, palette, latency))
    layout, span = figure.layout, span_of(main, machine)
    layout.title.text = renderer.titled(NOTHING if span is None else _period(*span))
    if span is None:
        # Without anything to measure, plotly would write numbers of its own.
        figure.update_xaxes(visible=False).update_yaxes(visible=False)
    else:
        layout.shapes, layout.annotations = shapes, (*layout.annotations, *notes)
        layout.xaxis.range = moments(np.array(span)).tolist()
    return Timeline(figure, figures, machine, deployments, renderer)


def span_of(*tables: HistoryTable) -> tuple[float, float] | None:
    """Return the first and last time of some tables; ``None`` when all are empty."""
    known = [table.at for table in tables if len(table)]
    if not known:
        return None
    first, last = min(at[0] for at in known), max(at[-1] for at in known)
    return float(first), float(max(last, first + 1.0))


def _rows(metrics: HistoryTable) -> tuple[Row, ...]:
    """Return the rows that have values: errors have a size only in a regression."""
    sized = bool(np.isfinite(metrics.numbers("mae")).any())
    return tuple(row for row in ROWS if row.key != "error" or sized)


def _period(first: float, last: float) -> str:
    begin, end = moment(first, seconds=False), moment(last, seconds=False)
    if begin == end:
        return end
    day = f"{begin.partition(',')[0]}, "
    return f"{begin.removesuffix(' UTC')} to {end.removeprefix(day)}"
