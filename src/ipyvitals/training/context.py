"""Finds the run that is open in the current context: a thread, or a task of asyncio.

A run that begins sets a context variable, which tasks, and on free-threaded Python threads too,
inherit. Other threads begin outside. A run that has ended is passed over, since a context that
inherited the variable cannot be reached any more.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from inspect import currentframe
from types import FrameType
from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    import asyncio

    from ipyvitals.training.run import TrainingRun

__all__ = ["CallPlace", "RunPlace", "enter", "innermost", "leave", "outside"]

_innermost: ContextVar[TrainingRun | None] = ContextVar("ipyvitals_run", default=None)


def innermost(owner: object, *, implicit: bool = True) -> TrainingRun | None:
    """Return the innermost open run of one tracker in this context.

    Parameters
    ----------
    owner : TrainingTracker
    implicit : bool
        Whether a run that `Monitor.log` opened counts.
    """
    run = _innermost.get()
    while run is not None:
        if run.state == "running" and run.owner is owner and (implicit or not run.implicit):
            return run
        run = run.around
    return None


def enter(run: TrainingRun) -> None:
    """Make a run the innermost one of this context."""
    around = _innermost.get()
    while around is not None and around.state != "running":
        around = around.around
    run.around = around
    _innermost.set(run)


def leave(run: TrainingRun) -> None:
    """Make the run around `run` the innermost one, if this context is that of `run`."""
    if _innermost.get() is run:
        _innermost.set(run.around)


class outside:  # noqa: N801 - used like a statement
    """Leaves all runs of this context, as at the start of a cell; `end` goes back to them."""

    def __init__(self) -> None:
        self._run = _innermost.get()
        _innermost.set(None)

    def end(self) -> None:
        """Make the run that was innermost before the innermost one again."""
        _innermost.set(self._run)


class RunPlace:
    """The thread and the task of asyncio in which a run was opened."""

    def __init__(self) -> None:
        self._thread = threading.current_thread()
        task = _current_task()
        self._task = None if task is None else ref(task)

    def is_elsewhere(self) -> bool:
        """Return whether code goes on there that is not the code of the current thread and task."""
        if self._thread is not threading.current_thread():
            return self._thread.is_alive()
        task = None if self._task is None else self._task()
        return task is not None and task is not _current_task() and not task.done()

    def is_here(self) -> bool:
        """Return whether the current thread opened the run, in this task or in one that ended."""
        return self._thread is threading.current_thread() and not self.is_elsewhere()


class CallPlace:
    """Place of a call on the stack: its depth, and the code that runs there.

    A callback of a framework does not hear of every exception. That the call which trains is not on
    the stack any more is seen when the next run begins, when the cell ends, and in a snapshot that
    the same thread takes. The place has no frame, which would hold
    the data of the call in memory.

    Parameters
    ----------
    package : str
        Name of the framework's package.
    functions : collection of str
        Names of the functions that train; the innermost call of one of them is the place.
    """

    def __init__(self, package: str, functions: Collection[str]) -> None:
        self._thread = threading.current_thread()
        self._depth, self._code = -1, None
        stack = list(_stack())
        for index, frame in enumerate(stack):
            module = str(frame.f_globals.get("__name__", ""))
            if frame.f_code.co_name in functions and module.partition(".")[0] == package:
                self._depth, self._code = len(stack) - index, frame.f_code
                return

    def has_returned(self) -> bool:
        """Return whether the call has returned; false where that cannot be known.

        On another thread that is known only after the end of that thread. A place that was taken
        anew, by another call of the same code, counts as the same place.
        """
        if not self._thread.is_alive():
            return True
        if self._code is None or self._thread is not threading.current_thread():
            return False
        stack = list(_stack())
        return len(stack) < self._depth or stack[-self._depth].f_code is not self._code

    def is_same(self, other: CallPlace) -> bool:
        """Return whether two calls have the same place, so that one came after the other."""
        return (
            self._code is not None
            and self._code is other._code
            and self._depth == other._depth
            and self._thread is other._thread
        )


def _stack() -> Iterator[FrameType]:
    frame = currentframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _current_task() -> asyncio.Task[Any] | None:
    # Looked up instead of imported: where there are tasks, the module is loaded already.
    module = sys.modules.get("asyncio")
    try:
        return None if module is None else module.current_task()
    except RuntimeError:
        return None
