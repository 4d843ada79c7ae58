"""When a notebook is saved, the panels in it are saved as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ipyvitals.render.html import saved_mark, saved_text, static_view
from ipyvitals.server.hub import Hub
from ipyvitals.server.kernel_state import MonitorRecord

__all__ = ["SavedPanels"]


class SavedPanels:
    """A pre-save hook: what stands for a panel without a kernel is renewed.

    A page keeps what a cell displayed at the time, and would save a panel from before the first
    epoch. The server knows how its monitor is now. Only outputs that ipyvitals marked as its own
    are touched, and only while the kernel of that notebook has a monitor of that name.

    Parameters
    ----------
    hub : Hub
        Knows the kernels and their notebooks.
    """

    __name__ = "ipyvitals: save panels as they are now"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __call__(self, model: dict[str, Any], path: str, **rest: Any) -> None:
        """Renew the panels in a notebook that is about to be saved; changes `model`."""
        if model.get("type") != "notebook":
            return
        monitors = self._hub.monitors_of(path.strip("/"))
        if not monitors:
            return
        for output, mark in _panels(model.get("content")):
            monitor = monitors.get(str(mark.get("monitor")))
            if monitor is not None and monitor.complete:
                _renew(output, mark, monitor)


def _panels(content: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the outputs that show a panel, each with its mark."""
    for cell in content["cells"]:
        for output in cell.get("outputs", ()):
            mark = output.get("metadata", {}).get("ipyvitals")
            if isinstance(mark, dict) and "text/html" in output.get("data", {}):
                yield output, mark


def _renew(output: dict[str, Any], mark: dict[str, Any], monitor: MonitorRecord) -> None:
    snapshot = monitor.snapshot()
    if snapshot.at < mark.get("at", 0.0):
        return
    full = monitor.full(history=True)
    output["data"]["text/html"] = static_view(snapshot, full.history or None)
    output["data"]["text/plain"] = saved_text(snapshot, closed=full.closed)
    output["metadata"]["ipyvitals"] = saved_mark(snapshot)
