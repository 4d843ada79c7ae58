"""Functions made of functions."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

__all__ = ["both", "weakly"]


def both(*calls: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a function that hands its argument to all of these, in turn."""

    def call(value: Any) -> None:
        for one in calls:
            one(value)

    return call


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """Return a function that calls `method` as long as its object lives, and keeps it not."""
    reference = weakref.WeakMethod(method)

    def call(*args: Any) -> None:
        bound = reference()
        if bound is not None:
            bound(*args)

    return call
