"""Renews the panels of a notebook, from the current state of its monitors, when it is saved."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from ipyvitals.render.html import saved_mark, saved_text, static_view
from ipyvitals.render.saved import without_texts
from ipyvitals.server.hub import Hub
from ipyvitals.server.kernel_state import MonitorStateTracker

__all__ = ["PanelSaveHook"]

log = logging.getLogger("ipyvitals")


class PanelSaveHook:
    """Pre-save hook of the contents manager; replaces the static view of each panel.

    Without the hook, a page saves what a cell displayed when it ran, such as a panel from before
    the first epoch. The server knows the current state of the monitor. The hook changes only
    outputs that carry the metadata of ipyvitals, and only while the kernel of that notebook has a
    monitor of that name.

    Parameters
    ----------
    hub : Hub
        Knows the kernels and their notebooks.
    """

    __name__ = "ipyvitals: save panels as they are now"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __call__(self, model: dict[str, Any], path: str, **rest: Any) -> None:
        """Renew the panels of a notebook that is about to be saved; changes `model` in place."""
        if model.get("type") != "notebook":
            return
        monitors = self._hub.monitors_of_notebook(path.strip("/"))
        if not monitors:
            return
        for output, mark in _panels(model.get("content")):
            monitor = monitors.get(str(mark.get("monitor")))
            if monitor is None or not monitor.is_complete:
                continue
            try:
                _renew(output, mark, monitor)
            # A panel that cannot be written must not affect the others, nor the saving.
            except Exception:
                log.warning("a panel of %s could not be renewed", path, exc_info=True)


def _panels(content: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each output that shows a panel, with its ipyvitals metadata."""
    for cell in _list_of(content, "cells"):
        for output in _list_of(cell, "outputs"):
            mark = _dict_of(_dict_of(output, "metadata"), "ipyvitals")
            if mark and "text/html" in _dict_of(output, "data"):
                yield output, mark


def _list_of(parent: Any, name: str) -> list[Any]:
    """Return the list under a name; an empty one where a file has something else there."""
    found = parent.get(name) if isinstance(parent, dict) else None
    return found if isinstance(found, list) else []


def _dict_of(parent: Any, name: str) -> dict[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return found if isinstance(found, dict) else {}


def _renew(output: dict[str, Any], mark: dict[str, Any], monitor: MonitorStateTracker) -> None:
    snapshot = without_texts(monitor.snapshot())
    at = mark.get("at")
    if isinstance(at, int | float) and snapshot.at < at:
        return
    full = monitor.full_update(history=True)
    output["data"]["text/html"] = static_view(snapshot, full.history or None)
    output["data"]["text/plain"] = saved_text(snapshot, closed=full.closed)
    output["metadata"]["ipyvitals"] = saved_mark(snapshot)
