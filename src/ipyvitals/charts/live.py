"""A figure that goes on: the newest points are sent, and not the whole history again."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ipyvitals.charts.layout import small
from ipyvitals.charts.live_marks import LiveMarks
from ipyvitals.charts.rows import BAND, Line
from ipyvitals.charts.tables import plain
from ipyvitals.charts.timeline import Timeline
from ipyvitals.charts.times import PIXELS, Times
from ipyvitals.charts.traces import basis
from ipyvitals.schema import Snapshot
from ipyvitals.stats.downsampling import Floats, downsample, envelope

if TYPE_CHECKING:
    from plotly.graph_objects import FigureWidget

__all__ = ["LiveTimeline", "live_timeline"]

BATCH_SECONDS = 1.0
"""Points of so long travel together."""
TAIL_POINTS = 120
"""So many of the newest points are sent anew with each batch; then they join the line."""


def live_timeline(timeline: Timeline, snapshot: Snapshot) -> tuple[FigureWidget, LiveTimeline]:
    """Return a widget of a figure, and what goes on to draw in it.

    Each line has two traces: what is settled, which is sent once, and a short tail, which is sent
    with each batch.

    Parameters
    ----------
    timeline : Timeline
        Where it begins.
    snapshot : Snapshot
        How it is now.
    """
    from ipyvitals.charts.shown import RecordedFigureWidget

    heads = list(timeline.figure.data)
    lines = {line.column: (line, row.key) for row in timeline.rows for line in row.lines}
    series: list[_Series] = []
    for place, head in enumerate(heads):
        if head.meta in lines:
            line, key = lines[head.meta]
            factor = timeline.latency[0] if key == "latency" else 1.0
            series.append(_Series(line, factor, place, len(heads) + len(series), head))
    band = _Band(timeline, _place(heads, "band"), len(heads) + len(series))
    grown: list[_Grown] = [*series, band]
    tails = [
        {**heads[one.head].to_plotly_json(), "x": [], "y": [], "customdata": None} for one in grown
    ]
    figure = RecordedFigureWidget([*heads, *tails], timeline.figure.layout)
    figure.update_traces(mode="lines")
    figure.layout.xaxis.range = None
    figure.update_xaxes(visible=True).update_yaxes(visible=True)
    # A widget is 700 px wide at first; with the first batch it takes the width that there is.
    figure.layout.autosize = True
    figure.layout.title.text = (
        f"{plain(timeline.title)}   {small('live', timeline.palette)}"
        if timeline.title
        else small("live", timeline.palette)
    )
    live = LiveTimeline(figure, series, band, LiveMarks(timeline, snapshot))
    live.show(snapshot)
    return figure, live


def _place(heads: list[Any], meta: str) -> int:
    return next(place for place, head in enumerate(heads) if head.meta == meta)


class _Grown(Protocol):
    """Two traces of the figure: what is settled, and its end."""

    head: int
    tail: int

    def add(self, snapshot: Snapshot) -> None: ...

    def update_status(self, at: Floats) -> None: ...


class _Series:
    """One line: the places of its two traces, and what is settled of it."""

    def __init__(self, line: Line, factor: float, head: int, tail: int, trace: Any) -> None:
        self.line, self.factor = line, factor
        self.head, self.tail = head, tail
        self.at: Floats = np.asarray(trace.x, dtype="datetime64[ms]").astype(float) / 1e3
        self.values: Floats = np.asarray(trace.y, dtype=float)
        self.newest: list[float] = []

    def add(self, snapshot: Snapshot) -> None:
        """Take its value in a snapshot."""
        value = getattr(getattr(snapshot, self.line.section), self.line.column)
        self.newest.append(np.nan if value is None else float(value) * self.factor)

    def update_status(self, at: Floats) -> None:
        """Let all that is new join the line, which is thinned again."""
        last = len(self.at[-1:])
        joined = Times(np.append(self.at[-1:], at)).drawn(np.append(self.values[-1:], self.newest))
        self.at = np.append(self.at, joined.at[last:])
        self.values = np.append(self.values, joined.values[last:])
        shown = downsample(self.at, self.values, PIXELS)
        self.at, self.values = self.at[shown], self.values[shown]
        del self.newest[:-1]


class _Band:
    """The same of the interval of the accuracy."""

    def __init__(self, timeline: Timeline, head: int, tail: int) -> None:
        self.head, self.tail = head, tail
        self.at, self.low, self.high = timeline.interval
        self.newest: list[tuple[float, float]] = []

    def add(self, snapshot: Snapshot) -> None:
        """Take its two edges in a snapshot."""
        low, high = (getattr(snapshot.metrics, name) for name in BAND)
        self.newest.append((np.nan, np.nan) if low is None or high is None else (low, high))

    def update_status(self, at: Floats) -> None:
        """Let all that is new join the band, which is thinned again."""
        low, high = np.array(self.newest).T
        joined = (np.append(self.at, at), np.append(self.low, low), np.append(self.high, high))
        self.at, self.low, self.high = envelope(*joined, 2 * PIXELS)
        del self.newest[:-1]


class LiveTimeline:
    """Draws snapshots at the end of a figure as they come; made by `live_timeline`.

    The figure is held weakly. Once it is closed, or gone, nothing is drawn any more.

    Parameters
    ----------
    figure : FigureWidget
    series : list
        Its lines.
    band
        Its interval.
    marks : LiveMarks
        What is marked across it.
    """

    def __init__(
        self, figure: FigureWidget, series: list[_Series], band: _Band, marks: LiveMarks
    ) -> None:
        self._figure = weakref.ref(figure)
        self._series = series
        self._band = band
        self._grown: list[_Grown] = [*series, band]
        self._marks = marks
        self._at: list[float] = []
        self._said: list[str] = []
        self._drawn_at = -np.inf

    def show(self, snapshot: Snapshot) -> bool:
        """Draw a snapshot; return whether there still is something to draw it in."""
        figure = self._figure()
        if figure is None or figure.comm is None:
            return False
        if not self._at or snapshot.at > self._at[-1]:
            self._add(snapshot)
        if snapshot.at - self._drawn_at >= BATCH_SECONDS:
            self._drawn_at = snapshot.at
            with figure.batch_update():
                self._draw(figure)
        return True

    def end(self) -> None:
        """Leave the figure as it is."""

    def _add(self, snapshot: Snapshot) -> None:
        self._at.append(snapshot.at)
        for one in self._grown:
            one.add(snapshot)
        low, high = self._band.newest[-1]
        labels = float(snapshot.metrics.window_labelled)
        self._said.append(basis(low, high, labels, snapshot.model.status))
        self._marks.add(snapshot)

    def _draw(self, figure: FigureWidget) -> None:
        first = len(self._said) == 1
        if first or len(self._at) > TAIL_POINTS:
            self._settle(figure, np.array(self._at))
        times = Times(np.array(self._at))
        for one in self._series:
            drawn = times.drawn(np.array(one.newest))
            _draw_line(figure.data[one.tail], drawn.at, drawn.values)
            if one.line.column == "current_accuracy":
                figure.data[one.tail].customdata = [
                    self._said[place] if place >= 0 else "" for place in drawn.places.tolist()
                ]
        _draw_line(figure.data[self._band.tail], *times.outline(*np.array(self._band.newest).T))
        if self._marks.changed:
            figure.layout.shapes, figure.layout.annotations = self._marks.draw()

    def _settle(self, figure: FigureWidget, at: Floats) -> None:
        for one in self._grown:
            one.update_status(at)
        for series in self._series:
            _draw_line(figure.data[series.head], series.at, series.values)
        band = self._band
        _draw_line(figure.data[band.head], *Times(band.at).outline(band.low, band.high))
        del self._at[:-1], self._said[:-1]


def _draw_line(trace: Any, at: Floats, values: Floats) -> None:
    # Numbers travel as they are in memory; moments would be written out one by one.
    trace.x = at * 1e3
    trace.y = values
