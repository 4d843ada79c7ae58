"""Create callbacks from functions and methods."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ["fan_out", "weak_callback", "weak_result"]

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


def fan_out(*calls: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a function that passes its argument to each of `calls`, in order."""

    def call_all(value: Any) -> None:
        for call in calls:
            call(value)

    return call_all


def weak_callback(owner: T, method: Callable[Concatenate[T, P], None]) -> Callable[P, None]:
    """Return a callback that calls `method` on `owner` while `owner` is alive.

    The callback stores only a weak reference to `owner`.
    """
    reference = weakref.ref(owner)

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        alive = reference()
        if alive is not None:
            method(alive, *args, **kwargs)

    return call


def weak_result(owner: T, method: Callable[[T], R], default: R) -> Callable[[], R]:
    """Return a function that returns ``method(owner)``, or `default` once `owner` is gone."""
    reference = weakref.ref(owner)

    def call() -> R:
        alive = reference()
        return default if alive is None else method(alive)

    return call
