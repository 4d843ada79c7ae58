"""The live panel in a cell, `StatusPanel`."""

from __future__ import annotations

import os
import sys
import weakref
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import anywidget
import msgspec
import traitlets

from ipyvitals.errors import IpyvitalsError
from ipyvitals.jupyter.comm import Send, open_comm_sender
from ipyvitals.jupyter.run_feed import CurveSource, RunFeed, shorten
from ipyvitals.render.html import saved_mark, saved_text, static_view
from ipyvitals.render.saved import without_texts
from ipyvitals.schema import PANEL_SECTIONS, Snapshot
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.utils.notices import Notices

__all__ = ["PanelSource", "StatusPanel"]

SECTIONS_WITHOUT_RUNS = tuple(name for name in PANEL_SECTIONS if name != "runs")
"""Sections that are sent whole when they changed; for the runs see `RunFeed`."""
HOT_RELOAD = os.environ.get("ANYWIDGET_HMR") == "1"


class PanelSource(Protocol):
    """Provides the snapshot, the charts and the notices of a panel."""

    @property
    def training(self) -> CurveSource:
        """Provides the curves of training runs."""
        ...

    history: RecentPoints
    notices: Notices
    closed: bool

    def snapshot(self) -> Snapshot:
        """Return the current state."""
        ...


def _asset(name: str) -> Any:
    path = Path(str(files("ipyvitals"))) / "static" / name
    if not path.is_file():
        raise IpyvitalsError(
            f"ipyvitals was installed without its page: {name} is missing. In a clone run "
            "`make build`; elsewhere reinstall ipyvitals."
        )
    # A path makes anywidget watch the file, and the watcher keeps each widget in memory.
    return path if HOT_RELOAD else path.read_text(encoding="utf-8")


class StatusPanel(anywidget.AnyWidget):
    """The live panel of one monitor; `Monitor.panel` creates it.

    All traits are sent from the kernel to the page only; each tick sends the changed ones in one
    message. Traits can be read, but do not notify observers; use `Monitor.on` instead. A view that
    opens late, or after a reload of the page, requests the whole state and receives the current
    one.

    Parameters
    ----------
    source : PanelSource
        Held weakly: ipywidgets keeps widgets alive for as long as the kernel runs.
    interval : float or None
        Longest time between two messages, in seconds; ``None`` without a background thread.
    """

    _esm = _asset("widget.js")
    _css = _asset("widget.css")

    monitor = traitlets.Unicode("").tag(sync=True)
    """Name of the monitor."""
    at = traitlets.Float(0.0).tag(sync=True)
    """Time of this state, in Unix seconds."""
    interval = traitlets.Float(None, allow_none=True).tag(sync=True)
    """Longest time between two messages, in seconds."""
    model = traitlets.Dict().tag(sync=True)
    """Fields of `ModelSection`."""
    training = traitlets.Dict().tag(sync=True)
    """Fields of `TrainingSection`."""
    metrics = traitlets.Dict().tag(sync=True)
    """Fields of `MetricsSection`."""
    system = traitlets.Dict().tag(sync=True)
    """Fields of `SystemSection`."""
    notices: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """List of `Notice`, as dicts."""
    models: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """List of `ModelInfo`, as dicts: the changed ones; all when a new view requests the state."""
    labels = traitlets.Dict().tag(sync=True)
    """Fields of `LabelsSection`."""
    drift = traitlets.Dict().tag(sync=True)
    """Fields of `DriftSection`."""
    runs: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """List of `RunInfo`, as dicts: all when a new view requests the state; in an update the
    changed ones, of which those that the page has bring ``run_id`` and the changed fields only."""
    workers: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """List of `WorkerInfo`, as dicts; the ages of their reports are those at ``at``."""
    curves: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """List of `CurveChunk`, as dicts: whole curves when a new view requests the state; in an update
    what follows."""
    history = traitlets.Dict().tag(sync=True)
    """Columns of `Point`, for the charts of a new view; not part of the messages of a tick."""
    closed = traitlets.Bool(False).tag(sync=True)
    """True when no more messages will follow."""

    def __init__(self, source: PanelSource, *, interval: float | None = None) -> None:
        self._source = weakref.ref(source)
        self._send_update: Send | None = None
        self._suppress_sending = False
        self._sent: Snapshot | None = None
        self._heartbeat_at = 0.0
        self._interval = interval
        _check_ipykernel(source.notices)
        snapshot = source.snapshot()
        self._runs = RunFeed(source.training)
        super().__init__(
            monitor=snapshot.monitor,
            interval=interval,
            closed=source.closed,
            **_state(snapshot),
            **self._runs.whole(snapshot.runs),
        )
        weakref.finalize(source, _end_panel, weakref.ref(self), os.getpid()).atexit = False

    def show(self, snapshot: Snapshot) -> bool:
        """Send the sections that changed since the last call, or a heartbeat when it is due.

        Returns
        -------
        bool
            False when the widget is closed, so that it needs no further snapshots.
        """
        if self.comm is None:
            return False
        before = self._sent
        changed = snapshot.changed(before, SECTIONS_WITHOUT_RUNS)
        runs = self._runs.changes(snapshot.runs, snapshot.at)
        if len(snapshot.models) < 2 and "models" in changed:
            # The panel compares models only when there are two or more.
            changed.remove("models")
        since = snapshot.at - self._heartbeat_at
        # Below 0 the clock was set back; the page must not wait until it catches up.
        heartbeat = self._interval is not None and not 0 <= since < self._interval
        self._sent = snapshot
        if not (changed or runs or heartbeat):
            return True
        self._heartbeat_at = snapshot.at
        send_all = before is None or len(before.models) < 2
        state = _state(snapshot if send_all else snapshot.delta(before), changed) | runs
        if self._send_update is None:
            self._send_update = open_comm_sender(self.comm)
        self._send_update({"method": "update", "state": state, "buffer_paths": []})
        self._set_without_sending(state)
        return True

    def end(self) -> None:
        """Mark the panel as closed; it continues to show the last values."""
        self.closed = True

    def notify_change(self, change: Any) -> None:
        """Send a changed trait to the page, unless `show` has already sent it."""
        if not self._suppress_sending:
            super().notify_change(change)

    def _set_without_sending(self, state: dict[str, Any]) -> None:
        # This runs ten times a second beside a busy cell: one message for all traits, no observers.
        self._suppress_sending = True
        try:
            for name, value in state.items():
                self.set_trait(name, value)
        finally:
            self._suppress_sending = False

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state to send; when a new view requests all of it, from a new snapshot."""
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        source = self._source()
        if key is None and source is not None:
            snapshot = source.snapshot()
            state |= _state(snapshot) | self._runs.whole(snapshot.runs)
            state["history"] = source.history.columns()
        return state

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        source = self._source()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        if source is None or data is None:
            return bundle
        # The static view for readers without a kernel or without widgets.
        snapshot = without_texts(source.snapshot())
        data["text/html"] = static_view(snapshot, source.history.columns())
        data["text/plain"] = saved_text(snapshot, closed=source.closed)
        return data, {**metadata, "ipyvitals": saved_mark(snapshot)}


def _state(snapshot: Snapshot, sections: Any = SECTIONS_WITHOUT_RUNS) -> dict[str, Any]:
    plain = msgspec.to_builtins({name: getattr(snapshot, name) for name in sections})
    if "training" in plain:
        # The run in front travels ten times a second.
        shorten(plain["training"])
    return {"at": snapshot.at, **plain}


def _end_panel(reference: weakref.ref[StatusPanel], pid: int) -> None:
    panel = reference()
    # In a forked child the source is deleted too, but the view belongs to the parent.
    if panel is not None and os.getpid() == pid:
        panel.end()


def _check_ipykernel(notices: Notices) -> None:
    version = getattr(sys.modules.get("ipykernel"), "__version__", "")
    if version.startswith("7.0."):
        notices.add("panel.ipykernel", version=version)
