"""`StatusPanel`: the live panel in a cell."""

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
from ipyvitals.render.html import saved_mark, saved_text, static_view
from ipyvitals.schema import PANEL_SECTIONS, Snapshot
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.utils.notices import Notices

__all__ = ["PanelSource", "StatusPanel"]

HOT_RELOAD = os.environ.get("ANYWIDGET_HMR") == "1"


class PanelSource(Protocol):
    """Provides the snapshot, the charts and the notices of a panel."""

    history: RecentPoints
    notices: Notices
    closed: bool

    def snapshot(self) -> Snapshot:
        """Return everything known now."""
        ...


def _asset(name: str) -> Any:
    path = Path(str(files("ipyvitals"))) / "static" / name
    if not path.is_file():
        raise IpyvitalsError(
            f"ipyvitals was installed without its page: {name} is missing. In a clone run "
            "`make build`; elsewhere reinstall ipyvitals."
        )
    # A path makes anywidget watch the file, which keeps every widget alive.
    return path if HOT_RELOAD else path.read_text(encoding="utf-8")


class StatusPanel(anywidget.AnyWidget):
    """The live panel of one monitor; made by `Monitor.panel`.

    All traits flow from the kernel to the page, those that changed in one message a tick. They
    can be read; they are not to be observed, for which there is `Monitor.on`. A view that opens
    late, or after a reload of the page, asks for everything and gets it fresh.

    Parameters
    ----------
    source : PanelSource
        Held weakly: ipywidgets keeps widgets alive for as long as the kernel runs.
    interval : float or None
        Seconds in which a message is sure to come; ``None`` when ticked by hand.
    """

    _esm = _asset("widget.js")
    _css = _asset("widget.css")

    monitor = traitlets.Unicode("").tag(sync=True)
    """Name of the monitor."""
    at = traitlets.Float(0.0).tag(sync=True)
    """When this state was taken, in Unix seconds."""
    interval = traitlets.Float(None, allow_none=True).tag(sync=True)
    """Seconds in which a message is sure to come."""
    model = traitlets.Dict().tag(sync=True)
    """Fields of `ModelSection`."""
    training = traitlets.Dict().tag(sync=True)
    """Fields of `TrainingSection`."""
    metrics = traitlets.Dict().tag(sync=True)
    """Fields of `MetricsSection`."""
    system = traitlets.Dict().tag(sync=True)
    """Fields of `SystemSection`."""
    notices: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """Of `Notice`."""
    models: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """Of `ModelInfo`: those that changed; all of them when a fresh view asks."""
    labels = traitlets.Dict().tag(sync=True)
    """Fields of `LabelsSection`."""
    drift = traitlets.Dict().tag(sync=True)
    """Fields of `DriftSection`."""
    history = traitlets.Dict().tag(sync=True)
    """Columns of `Point`, for the charts of a fresh view; never sent on a tick."""
    closed = traitlets.Bool(False).tag(sync=True)
    """Whether nothing more will come."""

    def __init__(self, source: PanelSource, *, interval: float | None = None) -> None:
        self._source = weakref.ref(source)
        self._send_update: Send | None = None
        self._silent = False
        self._shown: Snapshot | None = None
        self._beat_at = 0.0
        self._interval = interval
        _check_ipykernel(source.notices)
        snapshot = source.snapshot()
        super().__init__(
            monitor=snapshot.monitor,
            interval=interval,
            closed=source.closed,
            **_state(snapshot),
        )
        weakref.finalize(source, _end, weakref.ref(self), os.getpid()).atexit = False

    def show(self, snapshot: Snapshot) -> bool:
        """Send what changed since the last call; nothing, when nothing did.

        Returns
        -------
        bool
            False when the widget was closed: it need not be shown anything more.
        """
        if self.comm is None:
            return False
        before = self._shown
        changed = snapshot.changed(before, PANEL_SECTIONS)
        if len(snapshot.models) < 2 and "models" in changed:
            # There is nothing to compare it with.
            changed.remove("models")
        since = snapshot.at - self._beat_at
        # Less than 0: somebody set the clock back, and the page must not wait for it to return.
        beat = self._interval is not None and not 0 <= since < self._interval
        self._shown = snapshot
        if not changed and not beat:
            return True
        self._beat_at = snapshot.at
        alone = before is None or len(before.models) < 2
        state = _state(snapshot if alone else snapshot.delta(before), changed)
        if self._send_update is None:
            self._send_update = open_comm_sender(self.comm)
        self._send_update({"method": "update", "state": state, "buffer_paths": []})
        self._set_silently(state)
        return True

    def end(self) -> None:
        """Say that nothing more will come; the last values stay."""
        self.closed = True

    def notify_change(self, change: Any) -> None:
        """Send a changed trait to the page, unless `show` has sent it already."""
        if not self._silent:
            super().notify_change(change)

    def _set_silently(self, state: dict[str, Any]) -> None:
        # Ten times a second beside a busy cell: one message for all traits, and no observers.
        self._silent = True
        try:
            for name, value in state.items():
                self.set_trait(name, value)
        finally:
            self._silent = False

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the state to send; all of it, when a fresh view asks, is taken anew."""
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        source = self._source()
        if key is None and source is not None:
            state |= _state(source.snapshot())
            state["history"] = source.history.columns()
        return state

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        source = self._source()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        if source is None or data is None:
            return bundle
        # What stands in place of the view where there is no kernel, or no widgets.
        snapshot = source.snapshot()
        data["text/html"] = static_view(snapshot, source.history.columns())
        data["text/plain"] = saved_text(snapshot, closed=source.closed)
        return data, {**metadata, "ipyvitals": saved_mark(snapshot)}


def _state(snapshot: Snapshot, sections: Any = PANEL_SECTIONS) -> dict[str, Any]:
    plain = msgspec.to_builtins({name: getattr(snapshot, name) for name in sections})
    return {"at": snapshot.at, **plain}


def _end(reference: weakref.ref[StatusPanel], pid: int) -> None:
    panel = reference()
    # In a forked child the source goes too, and the view is the parent's.
    if panel is not None and os.getpid() == pid:
        panel.end()


def _check_ipykernel(notices: Notices) -> None:
    version = getattr(sys.modules.get("ipykernel"), "__version__", "")
    if version.startswith("7.0."):
        notices.add(
            "panel.ipykernel",
            f"ipykernel {version} cannot update widgets from a thread, so the panel stands still "
            "while a cell runs; install ipykernel 7.1 or newer.",
        )
