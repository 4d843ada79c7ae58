"""Draws figures and reports of the history: the part of `Monitor` that plots."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ipyvitals.errors import ArgumentValueError
from ipyvitals.monitor.base import MonitorBase

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure, FigureWidget

    from ipyvitals.charts.report import ChartKind
    from ipyvitals.charts.timeline import Timeline

__all__ = ["PlottingMixin"]

LIVE_SECONDS = 900.0


class PlottingMixin(MonitorBase):
    """Draws the history of a monitor as figures and reports."""

    history: Callable[..., pd.DataFrame]

    @overload
    def plot(
        self,
        *,
        since: Any = ...,
        until: Any = ...,
        model_id: str | None = ...,
        template: Literal["light", "dark"] | None = ...,
        live: Literal[False] = ...,
    ) -> Figure: ...

    @overload
    def plot(
        self,
        *,
        since: Any = ...,
        until: Any = ...,
        model_id: str | None = ...,
        template: Literal["light", "dark"] | None = ...,
        live: Literal[True],
    ) -> FigureWidget: ...

    def plot(
        self,
        *,
        since: Any = None,
        until: Any = None,
        model_id: str | None = None,
        template: Literal["light", "dark"] | None = None,
        live: bool = False,
    ) -> Figure | FigureWidget:
        """Return a plotly figure of the history: accuracy, predictions, latency, the machine.

        Deployments are marked, and the times in which the model was anything but live. However
        long the history, few points are drawn; of each pixel the lowest and the highest. Times
        are in UTC.

        Parameters
        ----------
        since, until : datetime, str or float, optional
            From this moment on, and before that one; ISO 8601 or Unix seconds as well.
        model_id : str, optional
            The model to show; by default at each moment the one that was active, and the others
            beside it.
        template : {"light", "dark"}, optional
            By default what goes with plotly's own default.
        live : bool
            Return a `FigureWidget` that goes on by itself, about once a second, from the last 15
            minutes (or `since`) on, until it is closed.

        Returns
        -------
        plotly.graph_objects.Figure or plotly.graph_objects.FigureWidget

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument makes no sense, such as `until` of a figure that goes on.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record_batch([1] * 50, [1] * 48 + [0, 0])
        >>> monitor.tick()
        >>> [trace.name for trace in monitor.plot().data][:3]
        ['95 % interval', 'Accuracy', 'Threshold']
        """
        if not live:
            return self._timeline(since, until, model_id, template).figure
        if until is not None:
            raise ArgumentValueError(
                f"plot(live=True, until={until!r}): a live figure goes on; leave until= out, "
                "or live=."
            )
        from ipyvitals.charts.live import live_timeline

        if since is None:
            since = self._engine.clock.time() - LIVE_SECONDS
        timeline = self._timeline(since, None, model_id, template)
        figure, view = live_timeline(timeline, self._engine.snapshot())
        self._engine.watch(view)
        return figure

    def report(
        self,
        path: str | PathLike[str] | None = None,
        *,
        since: Any = None,
        until: Any = None,
        model_id: str | None = None,
        charts: ChartKind = "plotly",
        template: Literal["light", "dark"] = "light",
    ) -> Path | str:
        """Make a page of the last status, the history and the training runs: one HTML file.

        It needs neither a kernel nor a network.

        Parameters
        ----------
        path : path, optional
            Where to write it; a file there is replaced.
        since, until, model_id
            What of the history to show, as `plot` takes them.
        charts : {"plotly", "svg"}
            Charts to zoom and to hover, which need a script of about 5 MB, or plain images,
            which run where no script may.
        template : {"light", "dark"}

        Returns
        -------
        Path or str
            The path; the HTML itself, when there is none.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument makes no sense.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.tick()
        >>> html = monitor.report(charts="svg")
        >>> html.startswith("<!doctype html>"), "<script" in html
        (True, False)
        """
        from ipyvitals.charts.comparison import compare
        from ipyvitals.charts.palette import palette_of
        from ipyvitals.charts.report import check_charts, report_page
        from ipyvitals.charts.runs import runs_of
        from ipyvitals.charts.tables import records

        palette, charts = palette_of(template), check_charts(charts)
        timeline = self._timeline(since, until, model_id, template)
        figures = [("History", timeline.figure)]
        training = self.history("training", since=since, until=until)
        if runs_of(training):
            figures.append(("Training runs", compare(training, template=template)))
        events = self.history("events", since=since, until=until, model_id=model_id)
        changes = records(events[events["type"] == "model_status_change"])
        html = report_page(
            self._engine.snapshot(),
            self._engine.history.columns(),
            figures,
            changes,
            palette,
            charts,
        )
        if path is None:
            return html
        written = Path(fspath(path))
        written.write_text(html, encoding="utf-8")
        return written

    def _timeline(
        self, since: Any, until: Any, model_id: str | None, template: str | None
    ) -> Timeline:
        from ipyvitals.charts.timeline import timeline
        from ipyvitals.charts.times import PIXELS

        engine, when = self._engine, {"since": since, "until": until}
        engine.keep(all=True)
        name = engine.settings.name
        return timeline(
            engine.archive.history("metrics", **when, model_id=model_id, pixels=PIXELS),
            engine.archive.history("system", **when, pixels=PIXELS),
            # Who is active was often decided before.
            self.history("models", until=until),
            model_id=model_id,
            template=template,
            title="" if name == "default" else name,
        )
