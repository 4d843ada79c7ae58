"""Stand-ins for models and functions: transparent proxies, whose watched calls are measured.

A stand-in has the attributes, the signature, the documentation and, for ``isinstance``, the class
of its target. Copies, clones and pickles of it are those of the target. Neither the target nor its
class is changed.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, cast

import wrapt

from ipyvitals.serving.calls import CallRecorder
from ipyvitals.serving.sink import CallSink

__all__ = ["StandIn", "sink_of", "stand_in_for"]

CALL = "__call__"
CONTAINER_METHODS = (
    "__aenter__",
    "__aexit__",
    "__contains__",
    "__enter__",
    "__exit__",
    "__getitem__",
    "__iter__",
    "__len__",
    "__reversed__",
)
"""Methods of every proxy of wrapt, which a stand-in has only where its target has them."""


class StandIn(wrapt.ObjectProxy):  # type: ignore[type-arg]
    """Passes everything through to its target; its subclasses measure calls."""

    # Of the classes that `stand_in_for` makes. Without annotations, which would hide the target's.
    _self_recorder = cast(CallRecorder, None)
    _self_method = cast(Any, None)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __copy__(self) -> Any:
        return copy.copy(self.__wrapped__)

    def __deepcopy__(self, memo: Any) -> Any:
        return copy.deepcopy(self.__wrapped__, memo)

    def __getstate__(self) -> Any:
        return self.__wrapped__.__getstate__()

    def __reduce__(self) -> Any:
        return self.__reduce_ex__(2)

    def __reduce_ex__(self, protocol: Any) -> Any:
        target = self.__wrapped__
        if isinstance(target, (FunctionType, BuiltinFunctionType, type)):
            if _is_global(self, target):
                # A decorated function: a pickle has its name.
                return target.__qualname__
            # A pickle of a function is its name; the copy of a function is the function.
            return copy.copy, (target,)
        return target.__reduce_ex__(protocol)


class _RecordedCall(StandIn):
    """Measures the calls of a method or another callable."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._self_recorder.call(self.__wrapped__, args, kwargs)


class _RecordedFunction(_RecordedCall):
    """Measures the calls of a function, which in a class is a method."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        bound = self.__wrapped__.__get__(instance, owner)
        return self if bound is self.__wrapped__ else self._self_method(bound)


def stand_in_for(target: Any, methods: tuple[str, ...], recorder: CallRecorder) -> Any:
    """Return a stand-in for `target` that measures calls of some of its methods.

    Parameters
    ----------
    target : object
    methods : tuple of str
        Names of methods; ``"__call__"`` is the call of the target itself.
    recorder : CallRecorder
    """
    method = _new_class(_RecordedCall, MethodType, _self_recorder=recorder)
    if isinstance(target, FunctionType):
        facts = {"_self_recorder": recorder, "_self_method": method}
        return _new_class(_RecordedFunction, FunctionType, **facts)(target)
    members: dict[str, Any] = {name: _recorded(name, method) for name in methods if name != CALL}
    if CALL not in methods and callable(target):
        members[CALL] = _pass_call
    base = _RecordedCall if CALL in methods else StandIn
    return _new_class(base, type(target), _self_recorder=recorder, **members)(target)


def sink_of(value: Any) -> CallSink | None:
    """Return the sink of a stand-in; ``None`` for anything else."""
    if not issubclass(type(value), StandIn):
        return None
    stand_in: StandIn = value
    return stand_in._self_recorder.sink


def _new_class(base: type, kind: type, **members: Any) -> Any:
    """Return a class of stand-ins for targets of a type, without the methods that these lack."""
    hidden = {name: None for name in CONTAINER_METHODS if getattr(kind, name, None) is None}
    return type(base.__name__, (base,), {**hidden, **members})


def _recorded(name: str, method: Any) -> property:
    """Return a property whose value is the method of the target, measured."""

    def get(stand_in: Any) -> Any:
        return method(getattr(stand_in.__wrapped__, name))

    def set(stand_in: Any, value: Any) -> None:
        setattr(stand_in.__wrapped__, name, value)

    def delete(stand_in: Any) -> None:
        delattr(stand_in.__wrapped__, name)

    return property(get, set, delete)


def _pass_call(stand_in: Any, *args: Any, **kwargs: Any) -> Any:
    return stand_in.__wrapped__(*args, **kwargs)


def _is_global(stand_in: Any, target: Callable[..., Any]) -> bool:
    """Return whether the module of a function has the stand-in under the function's name."""
    found: Any = sys.modules.get(getattr(target, "__module__", None) or "")
    for name in target.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is stand_in
