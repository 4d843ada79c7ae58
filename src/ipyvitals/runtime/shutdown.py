"""Ends the background work in one fixed order when the interpreter exits."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable
from typing import Protocol

from ipyvitals.runtime.sampling import sampling_scheduler
from ipyvitals.runtime.scheduler import scheduler

__all__ = ["CLOSE_SECONDS", "finish_at_exit", "save_at_exit", "shut_down"]

CLOSE_SECONDS = 2.0
"""Time for the writers to write the remaining data."""


class Saver(Protocol):
    """An object with unsaved data."""

    def save_last(self, seconds: float) -> None:
        """Hand over unsaved data to the writers, within `seconds`."""
        ...


_savers: weakref.WeakSet[Saver] = weakref.WeakSet()
_finishers: list[Callable[[float], None]] = []


def save_at_exit(saver: Saver) -> None:
    """Call ``saver.save_last`` when the interpreter exits; holds only a weak reference."""
    _savers.add(saver)


def finish_at_exit(finish: Callable[[float], None]) -> None:
    """Call `finish` after all savers, with the seconds that it may take; registers it once."""
    if finish not in _finishers:
        _finishers.append(finish)


def shut_down() -> None:
    """Stop the threads, let every monitor hand over its data, then let the writers finish."""
    scheduler.stop()
    sampling_scheduler.stop()
    for saver in list(_savers):
        saver.save_last(CLOSE_SECONDS / 2)
    for finish in _finishers:
        finish(CLOSE_SECONDS)


atexit.register(shut_down)
