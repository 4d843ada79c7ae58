"""Draws figures and reports of the history: the methods of `Monitor` that plot."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ipyvitals.errors import ArgumentValueError
from ipyvitals.monitor.base import MonitorBase
from ipyvitals.monitor.names import DEFAULT_NAME

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure, FigureWidget

    from ipyvitals.charts.kernel_runs import RunMemory
    from ipyvitals.charts.report import ChartKind
    from ipyvitals.charts.run_table import RunTable
    from ipyvitals.charts.timeline import Timeline
    from ipyvitals.runtime.publisher import View

__all__ = ["PlottingMixin"]

LIVE_SECONDS = 900.0
"""Time span that a live figure shows before the present, by default."""


class PlottingMixin(MonitorBase):
    """Draws the history of a monitor as figures and reports."""

    history: Callable[..., pd.DataFrame]
    runs: Callable[..., RunTable]

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
        """Plot the history: accuracy, predictions, latency and the machine over time.

        The figure marks deployments, and the times in which the model was not live. For a long
        history it draws only the minimum and the maximum of each pixel. Times are in UTC.

        Parameters
        ----------
        since, until : datetime, str or float, optional
            Start (included) and end (excluded) of the time span: a datetime, an ISO 8601 string
            or Unix seconds.
        model_id : str, optional
            Id of the only model to show. By default the model that was active at each time is in
            front, with the others as thin lines.
        template : {"light", "dark"}, optional
            Colour theme; by default the one that matches plotly's default template.
        live : bool
            Return a `FigureWidget` that updates itself about once a second until it is closed.
            It begins 15 minutes ago, or at `since`.

        Returns
        -------
        plotly.graph_objects.Figure or plotly.graph_objects.FigureWidget

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument has an invalid value or type, or `until` is given for a live figure.

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
        """Write one HTML page with the last status, the history and the training runs.

        The page needs neither a kernel nor a network.

        Parameters
        ----------
        path : path, optional
            File to write; an existing file is replaced.
        since, until, model_id
            Part of the history to show, as in `plot`.
        charts : {"plotly", "svg"}
            ``"plotly"`` embeds charts that can be zoomed and hovered, with a script of about
            5 MB. ``"svg"`` embeds plain images, for places where no script may run.
        template : {"light", "dark"}
            Colour theme.

        Returns
        -------
        Path or str
            The path; without a path the HTML itself.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument has an invalid value or type.

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
        drawn = set(training["run"])
        # The summaries have the names of the runs.
        named = [run for run in self.runs() if run.run in drawn]
        if runs_of(named):
            figure = compare(named, template=template, table=False)
            figures.append(("Training runs", figure))
        events = self.history("events", since=since, until=until, model_id=model_id)
        changes = records(events[events["type"] == "model_status_change"])
        runs = self.runs(since=since, until=until)
        html = report_page(
            self._engine.snapshot(),
            self._engine.history.columns(),
            figures,
            changes,
            palette,
            charts,
            runs._repr_html_() if runs else "",
        )
        if path is None:
            return html
        written = Path(fspath(path))
        written.write_text(html, encoding="utf-8")
        return written

    def _live_runs(self) -> tuple[RunMemory, Callable[[View], None]]:
        """Return what has the runs of this kernel, and what shows snapshots to a view."""
        return self._engine.training, self._engine.watch

    def _timeline(
        self, since: Any, until: Any, model_id: str | None, template: str | None
    ) -> Timeline:
        from ipyvitals.charts.timeline import timeline
        from ipyvitals.charts.times import PIXELS

        engine, when = self._engine, {"since": since, "until": until}
        engine.keep(all=True)
        name = engine.settings.name
        return timeline(
            engine.persistence.history("metrics", **when, model_id=model_id, pixels=PIXELS),
            engine.persistence.history("system", **when, pixels=PIXELS),
            # The active model was often deployed before `since`.
            self.history("models", until=until),
            model_id=model_id,
            template=template,
            title="" if name == DEFAULT_NAME else name,
        )
