"""What IPython tells: whether there is a kernel, and when its cells begin and end."""

from __future__ import annotations

import logging
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from ipyvitals.jupyter.comm import open_comm_sender

__all__ = ["answer_requests", "has_widgets", "kernel", "open_broadcast", "watch_cells"]

log = logging.getLogger("ipyvitals")


class Watcher(Protocol):
    """Something that wants to know of cells that failed."""

    def open_loops(self) -> set[int]:
        """Return marks of the loops that are open."""
        ...

    def end_loops(self, started: set[int], error: BaseException) -> None:
        """End the loops that the failed cell opened: those without a mark in `started`."""
        ...


class _Cells:
    """Listens to the cells of one shell; nested ones (``%run``) stand on a stack."""

    def __init__(self, shell: Any) -> None:
        self._watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()
        # The first monitor is made inside a cell, whose beginning nobody saw.
        self._before: list[set[int]] = [set()]
        self._begun = time.monotonic()
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    @property
    def busy(self) -> bool:
        return bool(self._before)

    @property
    def busy_seconds(self) -> float | None:
        return time.monotonic() - self._begun if self._before else None

    def add(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)

    def _begin(self, info: Any) -> None:
        if not self._before:
            self._begun = time.monotonic()
        self._before.append(set().union(*(one.open_loops() for one in list(self._watchers))))

    def _end(self, result: Any) -> None:
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            before = self._before[-1] if self._before else set()
            for one in list(self._watchers):
                one.end_loops(before, error)
        del self._before[-1:]


_of_shells: weakref.WeakKeyDictionary[Any, _Cells] = weakref.WeakKeyDictionary()


def has_widgets() -> bool:
    """Return whether this is a kernel, which can show widgets; a fork of one is none."""
    kernel = getattr(_shell(), "kernel", None)
    here = os.getpid()
    made_in = getattr(getattr(kernel, "session", None), "pid", here)
    return kernel is not None and made_in == here


class _Kernel:
    """What the cells of this process's shell do, if it is a kernel's.

    Asked for many times a second, beside a busy cell: the shell is looked for until it is found.
    """

    def __init__(self) -> None:
        self._found: _Cells | None = None

    def busy(self) -> bool | None:
        """Return whether a cell is running; ``None`` outside a kernel."""
        cells = self._found or self._cells()
        return cells.busy if cells is not None else None

    def busy_seconds(self) -> float | None:
        """Return for how long it has been running; ``None`` while none is."""
        cells = self._cells()
        return cells.busy_seconds if cells is not None else None

    def _cells(self) -> _Cells | None:
        if self._found is None:
            shell = _shell()
            if getattr(shell, "kernel", None) is not None:
                self._found = _of_shells.get(shell)
        return self._found


kernel = _Kernel()
"""That of this process, if it is one."""


def open_broadcast(name: str) -> Callable[[dict[str, Any]], None] | None:
    """Return a function that broadcasts a message; ``None`` outside a kernel.

    The comm is secondary: no page is told that it opens, so none closes it. Its messages go out
    under the topic ``comm-<name>``.
    """
    if not has_widgets():
        return None
    import comm

    wire = comm.create_comm(target_name=name, comm_id=name, primary=False)
    comm.get_comm_manager().register_comm(wire)
    return open_comm_sender(wire)


def answer_requests(
    request: str, reply: str, answer: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Answer messages of the type `request` on the control channel, also while a cell runs."""
    kernel: Any = getattr(_shell(), "kernel", None)
    handlers = getattr(kernel, "control_handlers", None)
    if handlers is None:
        log.warning("this kernel has no control channel: it answers no requests of the server")
        return

    def handle(stream: Any, ident: Any, parent: Any) -> None:
        kernel.session.send(stream, reply, answer(parent["content"]), parent, ident=ident)

    handlers[request] = handle


def watch_cells(watcher: Watcher) -> None:
    """Tell `watcher` of failed cells from here on; it is held weakly."""
    shell = _shell()
    if shell is not None:
        if shell not in _of_shells:
            _of_shells[shell] = _Cells(shell)
        _of_shells[shell].add(watcher)


def _shell() -> Any:
    # Looked up, not imported: where IPython runs, it is there already.
    module = sys.modules.get("IPython.core.getipython")
    return module.get_ipython() if module is not None else None
