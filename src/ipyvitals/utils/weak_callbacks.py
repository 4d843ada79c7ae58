"""Functions made of functions."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

__all__ = ["fan_out", "weak_callback"]

T = TypeVar("T")
P = ParamSpec("P")


def fan_out(*calls: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a function that hands its argument to all of these, in turn."""

    def call(value: Any) -> None:
        for one in calls:
            one(value)

    return call


def weak_callback(owner: T, method: Callable[Concatenate[T, P], None]) -> Callable[P, None]:
    """Return a function that calls a method of `owner` as long as that lives, and keeps it not."""
    reference = weakref.ref(owner)

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        found = reference()
        if found is not None:
            method(found, *args, **kwargs)

    return call
