"""Redraw a figure of training runs while they go on."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from time import thread_time
from typing import TYPE_CHECKING, Any

import numpy as np

from ipyvitals.charts.kernel_runs import KernelRuns
from ipyvitals.charts.layout import small
from ipyvitals.charts.live import BATCH_SECONDS, LARGEST_SHARE
from ipyvitals.charts.runs import runs_of
from ipyvitals.errors import ArgumentValueError
from ipyvitals.schema import RunInfo, Snapshot

if TYPE_CHECKING:
    from plotly.graph_objects import FigureWidget

    from ipyvitals.charts.comparison import Comparison, Trace

__all__ = ["LiveComparison", "live_comparison"]

OF_VALUES = ("x", "y", "customdata")
"""What changes of a line with each value."""


def live_comparison(runs: Any, drawing: Comparison) -> FigureWidget:
    """Return a widget of a figure that its monitors redraw as runs go on.

    Raises
    ------
    ArgumentValueError
        When none of `runs` is a `Monitor`.
    """
    from ipyvitals.charts.shown import RecordedFigureWidget

    watches: list[Callable[[LiveComparison], None]] = []
    sources = _with_memory(runs, watches)
    if not watches:
        raise ArgumentValueError(
            f"compare({runs!r:.60}, live=True): expected a Monitor, since only its runs go on; "
            "leave live= out."
        )
    traces, layout = drawing.draw(sources, live=True)
    figure = RecordedFigureWidget(traces, _titled(layout, drawing))
    view = LiveComparison(figure, sources, drawing)
    for watch in watches:
        watch(view)
    return figure


class LiveComparison:
    """Redraws a figure when a snapshot has news of runs.

    It has only a weak reference to the figure, and ends once the figure is closed or gone.

    Parameters
    ----------
    figure : FigureWidget
    sources : object
        What `compare` takes, with `KernelRuns` in place of monitors.
    drawing : Comparison
    """

    def __init__(self, figure: FigureWidget, sources: Any, drawing: Comparison) -> None:
        self._figure = weakref.ref(figure)
        self._sources = sources
        self._drawing = drawing
        self._runs: dict[str, list[RunInfo]] = {}
        self._parts: list[Any] | None = None
        self._layout: dict[str, Any] | None = None
        self._next = -np.inf

    def show(self, snapshot: Snapshot) -> bool:
        """Redraw when due and when runs changed; return whether the figure is still open."""
        figure = self._figure()
        if figure is None or figure.comm is None:
            return False
        if snapshot.at >= self._next and snapshot.runs != self._runs.get(snapshot.monitor):
            self._runs[snapshot.monitor] = snapshot.runs
            begin = thread_time()
            traces, layout = self._drawing.draw(self._sources, live=True)
            self._update(figure, traces, _titled(layout, self._drawing))
            took = thread_time() - begin
            self._next = snapshot.at + max(BATCH_SECONDS, took / LARGEST_SHARE)
        return True

    def end(self) -> None:
        """Leave the figure as it is."""

    def _update(self, figure: FigureWidget, traces: list[Trace], layout: dict[str, Any]) -> None:
        parts = [(one["name"], one.get("xaxis"), "opacity" in one) for one in traces]
        with figure.batch_update():
            if parts == self._parts:
                for trace, new in zip(figure.data, traces, strict=True):
                    trace.update(new if "x" not in new else _values_of(new), overwrite=True)
            if layout != self._layout:
                figure.layout = layout
        if parts != self._parts:
            # A new run, metric or piece: the page draws all lines anew.
            figure.data = ()
            figure.add_traces(traces)
        self._parts, self._layout = parts, layout


def _values_of(trace: Trace) -> Trace:
    """Return what may have changed of a line."""
    return {name: trace[name] for name in (*OF_VALUES, "mode", "line") if name in trace}


def _titled(layout: dict[str, Any], drawing: Comparison) -> dict[str, Any]:
    """Return a layout that says that the figure is live, and whose zoom stays."""
    title = layout.get("title", {"text": small("live", drawing.palette)})
    # A widget is 700 px wide at first; so it takes the width that there is.
    return layout | {"title": title, "autosize": True, "uirevision": "runs"}


def _with_memory(runs: Any, watches: list[Callable[[LiveComparison], None]]) -> Any:
    """Return what `compare` takes, in which monitors are read from memory."""
    if isinstance(runs, Mapping):
        return {name: _with_memory(one, watches) for name, one in runs.items()}
    if isinstance(runs, list | tuple):
        return [_with_memory(one, watches) for one in runs]
    live_runs = getattr(runs, "_live_runs", None)
    if live_runs is None:
        return runs
    memory, watch = live_runs()
    watches.append(watch)
    return KernelRuns(runs.name, memory, runs_of(runs))
