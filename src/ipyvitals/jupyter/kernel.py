"""Connects to IPython: finds the kernel, follows its cells, and opens its channels."""

from __future__ import annotations

import logging
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from ipyvitals.jupyter.comm import open_comm_sender
from ipyvitals.training.context import outside

__all__ = [
    "answer_requests",
    "has_widgets",
    "kernel_activity",
    "open_broadcast",
    "watch_cells",
]

log = logging.getLogger("ipyvitals")


class CellWatcher(Protocol):
    """An object that ends the runs that a cell leaves open."""

    def begin_cell(self, *, nested: bool) -> set[int]:
        """Return the ids of the open runs; `nested` is a cell inside a running one."""
        ...

    def end_cell(self, started: set[int], error: BaseException | None) -> None:
        """End runs that the cell opened: those that are not in `started`."""
        ...


class CellTracker:
    """Follows the cells of one IPython shell; nested cells (``%run``) are on a stack.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
        The shell, whose cell events the tracker subscribes to.
    """

    def __init__(self, shell: Any) -> None:
        self._watchers: weakref.WeakSet[CellWatcher] = weakref.WeakSet()
        # The first monitor is created inside a cell, whose start was not observed.
        self._runs_before: list[set[int]] = [set()]
        self._outside: list[outside] = []
        self._started_at = time.monotonic()
        shell.events.register("pre_run_cell", self._on_start)
        shell.events.register("post_run_cell", self._on_end)

    @property
    def busy(self) -> bool:
        """True while a cell is running."""
        return bool(self._runs_before)

    @property
    def busy_seconds(self) -> float | None:
        """Seconds since the outermost running cell started; ``None`` while none runs."""
        return time.monotonic() - self._started_at if self._runs_before else None

    def add(self, watcher: CellWatcher) -> None:
        """Inform `watcher` of cells; holds only a weak reference."""
        self._watchers.add(watcher)

    def _on_start(self, info: Any) -> None:
        nested = self.busy
        if not nested:
            self._started_at = time.monotonic()
        # A run that an earlier cell left open is not around the code of this one.
        self._outside.append(outside())
        watchers = list(self._watchers)
        self._runs_before.append(set().union(*(one.begin_cell(nested=nested) for one in watchers)))

    def _on_end(self, result: Any) -> None:
        error = result.error_before_exec or result.error_in_exec
        before = self._runs_before[-1] if self._runs_before else set()
        for one in list(self._watchers):
            one.end_cell(before, error)
        del self._runs_before[-1:]
        if self._outside:
            self._outside.pop().end()


_trackers: weakref.WeakKeyDictionary[Any, CellTracker] = weakref.WeakKeyDictionary()


def has_widgets() -> bool:
    """Return whether this process is a kernel, which can show widgets; a forked child is not."""
    kernel = getattr(_shell(), "kernel", None)
    pid = os.getpid()
    session_pid = getattr(getattr(kernel, "session", None), "pid", pid)
    return kernel is not None and session_pid == pid


class KernelActivity:
    """Reports whether this process is a kernel that runs a cell, and for how long.

    It is called many times a second beside a busy cell, so it caches the shell's tracker once
    there is one.
    """

    def __init__(self) -> None:
        self._tracker: CellTracker | None = None

    def busy(self) -> bool | None:
        """Return whether a cell is running; ``None`` outside a kernel."""
        tracker = self._tracker or self._find_tracker()
        return tracker.busy if tracker is not None else None

    def busy_seconds(self) -> float | None:
        """Return the seconds since the running cell started; ``None`` while none runs."""
        tracker = self._find_tracker()
        return tracker.busy_seconds if tracker is not None else None

    def _find_tracker(self) -> CellTracker | None:
        if self._tracker is None:
            shell = _shell()
            if getattr(shell, "kernel", None) is not None:
                self._tracker = _trackers.get(shell)
        return self._tracker


kernel_activity = KernelActivity()
"""The instance for this process."""


def open_broadcast(name: str) -> Callable[[dict[str, Any]], None] | None:
    """Return a function that broadcasts a message; ``None`` outside a kernel.

    The comm is secondary: it sends no ``comm_open``, so no page closes it. Its messages have the
    IOPub topic ``comm-<name>``.
    """
    if not has_widgets():
        return None
    import comm

    broadcast_comm = comm.create_comm(target_name=name, comm_id=name, primary=False)
    comm.get_comm_manager().register_comm(broadcast_comm)
    return open_comm_sender(broadcast_comm)


def answer_requests(
    request: str, reply: str, answer: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Reply to messages of a type on the control channel, also while a cell runs.

    Parameters
    ----------
    request, reply : str
        Message types of the requests and of the replies.
    answer : callable
        Takes the content of a request and returns the content of the reply; must not raise.
    """
    kernel: Any = getattr(_shell(), "kernel", None)
    handlers = getattr(kernel, "control_handlers", None)
    if handlers is None:
        log.warning("this kernel has no control channel: it answers no requests of the server")
        return

    def handle(stream: Any, ident: Any, parent: Any) -> None:
        kernel.session.send(stream, reply, answer(parent["content"]), parent, ident=ident)

    handlers[request] = handle


def watch_cells(watcher: CellWatcher) -> None:
    """Inform `watcher` of cells from now on; holds only a weak reference."""
    shell = _shell()
    if shell is not None:
        if shell not in _trackers:
            _trackers[shell] = CellTracker(shell)
        _trackers[shell].add(watcher)


def _shell() -> Any:
    # Looked up instead of imported: where IPython runs, its module is loaded already.
    module = sys.modules.get("IPython.core.getipython")
    return module.get_ipython() if module is not None else None
