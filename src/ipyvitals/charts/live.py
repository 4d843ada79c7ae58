"""Redraw a figure as snapshots come."""

from __future__ import annotations

import weakref
from array import array
from time import thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyvitals.charts.marks import deployment
from ipyvitals.charts.rows import BAND
from ipyvitals.charts.tables import HistoryTable
from ipyvitals.charts.timeline import Timeline
from ipyvitals.schema import ModelSection, Snapshot

if TYPE_CHECKING:
    from plotly.graph_objects import FigureWidget

__all__ = ["LiveTimeline", "live_timeline"]

BATCH_SECONDS = 1.0
"""The figure is redrawn at most once in this time."""
LARGEST_SHARE = 0.05
"""The share of a core that drawing may take; a long history is redrawn less often."""
MOST_ROWS = 20_000
"""At one row a second 5.5 hours; after that the oldest rows leave."""
BESIDE, TEXTS = (*BAND, "window_labelled", "total_predictions"), ("model_id", "status")
"""Columns that are no lines: of numbers, and of texts."""


def live_timeline(timeline: Timeline, snapshot: Snapshot) -> tuple[FigureWidget, LiveTimeline]:
    """Return a widget of a figure, and the view that redraws it.

    Parameters
    ----------
    timeline : Timeline
        The history so far.
    snapshot : Snapshot
        The status now.
    """
    from ipyvitals.charts.shown import RecordedFigureWidget

    figure = RecordedFigureWidget(timeline.figure.data, timeline.figure.layout)
    figure.update_traces(mode="lines").update_xaxes(visible=True).update_yaxes(visible=True)
    figure.layout.xaxis.range = None
    # A widget is 700 px wide at first; with the first batch it takes the width that there is.
    figure.layout.autosize = True
    figure.layout.title.text = timeline.renderer.titled("live")
    live = LiveTimeline(figure, timeline, snapshot)
    live.show(snapshot)
    return figure, live


class LiveTimeline:
    """Appends snapshots to the tables of a figure, and redraws the figure.

    It has only a weak reference to the figure, and ends once the figure is closed or gone.

    Parameters
    ----------
    figure : FigureWidget
    timeline : Timeline
        The history so far.
    snapshot : Snapshot
        The status now.
    """

    def __init__(self, figure: FigureWidget, timeline: Timeline, snapshot: Snapshot) -> None:
        renderer = self._renderer = timeline.renderer
        self._figure = weakref.ref(figure)
        self._deployments = list(timeline.deployments)
        self._active = _deployment_of(snapshot.model)
        self._headings = timeline.figure.layout.annotations[: len(renderer.rows)]
        lines = [line for row in renderer.rows for line in row.lines]
        columns = [line.column for line in lines if line.section == "metrics"]
        self._metrics = _ColumnBuffer(timeline.metrics, [*columns, *BESIDE], TEXTS)
        columns = [line.column for line in lines if line.section == "system"]
        self._system = _ColumnBuffer(timeline.system, columns)
        self._shapes: list[dict[str, Any]] | None = None
        # The newest row of the history may be of this very moment.
        self._at = timeline.metrics.at[-1] if len(timeline.metrics) else -np.inf
        self._next = -np.inf

    def show(self, snapshot: Snapshot) -> bool:
        """Append a snapshot, redraw when due; return whether the figure is still open."""
        figure = self._figure()
        if figure is None or figure.comm is None:
            return False
        if snapshot.at > self._at:
            self._at = snapshot.at
            self._append(snapshot)
        if snapshot.at >= self._next:
            begin = thread_time()
            with figure.batch_update():
                self._draw(figure)
            took = thread_time() - begin
            self._next = snapshot.at + max(BATCH_SECONDS, took / LARGEST_SHARE)
        return True

    def end(self) -> None:
        """Leave the figure as it is."""

    def _append(self, snapshot: Snapshot) -> None:
        model = snapshot.model
        if _deployment_of(model) != self._active:
            self._active = _deployment_of(model)
            facts = (str(model.model_id), model.name, model.version, model.baseline_accuracy)
            self._deployments.append(deployment(snapshot.at, *facts))
        self._metrics.append(snapshot.at, snapshot.metrics, (model.model_id or "", model.status))
        self._system.append(snapshot.at, snapshot.system)

    def _draw(self, figure: FigureWidget) -> None:
        traces, shapes, notes = self._renderer.draw(
            self._metrics.table(), self._system.table(), self._deployments
        )
        drawn = {trace["meta"]: trace for trace in traces}
        for trace in figure.data:
            if (new := drawn.get(trace.meta)) is not None:
                # Numbers travel as they are in memory; moments would be written out one by one.
                at = np.asarray(new["x"])
                trace.x = np.where(np.isnat(at), np.nan, at.astype(float))
                trace.y, trace.customdata = new["y"], new.get("customdata")
        if shapes != self._shapes:
            self._shapes = shapes
            figure.layout.shapes, figure.layout.annotations = shapes, [*self._headings, *notes]


class _ColumnBuffer:
    """Columns of numbers and of texts to which rows are appended."""

    def __init__(
        self, table: HistoryTable, numbers: list[str], texts: tuple[str, ...] = ()
    ) -> None:
        self._at = array("d", table.at)
        self._numbers = {name: array("d", table.numbers(name)) for name in numbers}
        self._texts = {name: table.texts(name).tolist() for name in texts}

    def append(self, at: float, section: Any, texts: tuple[str, ...] = ()) -> None:
        self._at.append(at)
        for name, numbers in self._numbers.items():
            value = getattr(section, name)
            numbers.append(np.nan if value is None else value)
        for column, text in zip(self._texts.values(), texts, strict=True):
            column.append(text)
        if len(self._at) > MOST_ROWS:
            for column in (self._at, *self._numbers.values(), *self._texts.values()):
                del column[: MOST_ROWS // 10]

    def table(self) -> HistoryTable:
        numbers = {name: np.array(values) for name, values in self._numbers.items()}
        return HistoryTable.of_columns(np.array(self._at), {**numbers, **self._texts})


def _deployment_of(model: ModelSection) -> tuple[str | None, float | None]:
    return model.model_id, model.deployed_at
