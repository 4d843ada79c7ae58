"""Replaces functions of other packages, and puts the originals back exactly."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

__all__ = ["FunctionReplacer"]

Function = Callable[..., Any]
CHAIN_LENGTH = 50
"""Wrappers around a function that are looked through."""


class Replacement(NamedTuple):
    """A function in a module or class, and what stands there instead."""

    owner: ModuleType | type
    name: str
    original: Function
    wrapper: Function


class FunctionReplacer:
    """Puts wrappers in the place of functions.

    One function that several modules have under a name gets one wrapper. Where somebody else has
    wrapped a wrapper, the wrapper stays in the place that it has there.
    """

    def __init__(self) -> None:
        self._replaced: list[Replacement] = []

    def replace(
        self, places: list[tuple[ModuleType | type, str]], wrap: Callable[[Function], Function]
    ) -> None:
        """Replace the functions in these places, by ``wrap(function)``.

        Places without a function, and those where the function is wrapped already, stay.

        Parameters
        ----------
        places : list of (module or class, str)
        wrap : callable
        """
        made: dict[int, Replacement] = {}
        for owner, name in places:
            original = vars(owner).get(name)
            if not callable(original) or self._is_wrapped(original):
                continue
            first = made.get(id(original))
            wrapper = first.wrapper if first is not None else wrap(original)
            made[id(original)] = self._put(owner, name, original, wrapper)
        main = sys.modules.get("__main__")
        for replacement in made.values():
            # A name that a cell imported before. Not those of other modules.
            if main is not None and isinstance(replacement.owner, ModuleType):
                for name in _names_of(main, replacement.original):
                    self._put(main, name, replacement.original, replacement.wrapper)

    def restore(self) -> None:
        """Put the originals back, where nobody else has wrapped the wrappers since."""
        left = []
        main = sys.modules.get("__main__")
        for one in self._replaced:
            if vars(one.owner).get(one.name) is one.wrapper:
                setattr(one.owner, one.name, one.original)
            elif _has_wrapper(vars(one.owner).get(one.name), one.wrapper):
                left.append(one)
            for name in [] if main is None else _names_of(main, one.wrapper):
                setattr(main, name, one.original)
        self._replaced = left

    def _put(
        self, owner: ModuleType | type, name: str, original: Function, wrapper: Function
    ) -> Replacement:
        setattr(owner, name, wrapper)
        replacement = Replacement(owner, name, original, wrapper)
        self._replaced.append(replacement)
        return replacement

    def _is_wrapped(self, function: Function) -> bool:
        return any(_has_wrapper(function, one.wrapper) for one in self._replaced)


def _has_wrapper(function: Any, wrapper: Function) -> bool:
    for _ in range(CHAIN_LENGTH):
        if function is None or function is wrapper:
            return function is wrapper
        function = getattr(function, "__wrapped__", None)
    return False


def _names_of(module: ModuleType, value: Any) -> list[str]:
    return [name for name, found in list(vars(module).items()) if found is value]
