"""Measures calls: of the calls inside each other, only the outermost counts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import lru_cache
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Literal, TypeAlias

from ipyvitals.serving.open_calls import OpenCall, enter_call, innermost
from ipyvitals.serving.sink import CallSink
from ipyvitals.serving.streams import (
    StreamMeter,
    follow_async_generator,
    follow_generator,
    follow_iterator,
)

__all__ = ["CallRecorder"]

Form: TypeAlias = Literal[
    "value", "coroutine", "future", "generator", "async generator", "iterator"
]
"""Whether an answer is there when the call returns, and how it is read where it is not."""


class CallRecorder:
    """Calls functions, and passes what they did to a sink.

    Parameters
    ----------
    sink : CallSink
    """

    def __init__(self, sink: CallSink) -> None:
        self.sink = sink
        self._monotonic = sink.monotonic
        self._owner = sink.owner

    def call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call `function`; return what it returns, and raise what it raises."""
        around = innermost.get()
        if around is not None and around.is_inside(self._owner):
            return function(*args, **kwargs)
        open_call = OpenCall(self._owner, around)
        innermost.set(open_call)
        began = self._monotonic()
        try:
            answer = function(*args, **kwargs)
        except Exception as error:
            self.sink.failed(error, self._monotonic() - began)
            raise
        finally:
            open_call.leave()
        seconds = self._monotonic() - began
        rows = args[0] if args else next(iter(kwargs.values())) if kwargs else None
        kind: Any = type(answer)
        if _form_of(kind) == "value":
            self.sink.answered(answer, rows, seconds)
            return answer
        return self._answered(answer, rows, seconds)

    def _answered(self, answer: Any, rows: Any, seconds: float) -> Any:
        """Count an answer, or return what counts it while it is read."""
        kind: Any = type(answer)
        form = _form_of(kind)
        if form == "value":
            self.sink.answered(answer, rows, seconds)
            return answer
        if form == "coroutine":
            return _named_like(answer, self._awaited(answer, rows))
        if form == "future":
            return self._when_done(answer, rows)
        meter = StreamMeter(self.sink, seconds)
        if form == "generator":
            return _named_like(answer, follow_generator(answer, meter))
        if form == "async generator":
            return _named_like(answer, follow_async_generator(answer, meter))
        return follow_iterator(answer, meter)

    async def _awaited(self, coroutine: Coroutine[Any, Any, Any], rows: Any) -> Any:
        open_call = enter_call(self._owner)
        if open_call is None:
            return await coroutine
        began = self._monotonic()
        try:
            answer = await coroutine
        except Exception as error:
            self.sink.failed(error, self._monotonic() - began)
            raise
        finally:
            open_call.leave()
        return self._answered(answer, rows, self._monotonic() - began)

    def _when_done(self, future: Any, rows: Any) -> Any:
        """Count a future, or a task, when it is done; one that is cancelled does not count."""
        began = self._monotonic()

        def count(done: Any) -> None:
            seconds = self._monotonic() - began
            if done.cancelled():
                return
            error = done.exception()
            if error is None:
                self.sink.answered(done.result(), rows, seconds)
            elif isinstance(error, Exception):
                self.sink.failed(error, seconds)

        future.add_done_callback(count)
        return future


@lru_cache(maxsize=256)
def _form_of(kind: type) -> Form:
    if issubclass(kind, CoroutineType):
        return "coroutine"
    if issubclass(kind, GeneratorType):
        return "generator"
    if issubclass(kind, AsyncGeneratorType):
        return "async generator"
    if hasattr(kind, "add_done_callback") and hasattr(kind, "cancelled"):
        return "future"
    return "iterator" if hasattr(kind, "__next__") or hasattr(kind, "__anext__") else "value"


def _named_like(answer: Any, follower: Any) -> Any:
    follower.__name__, follower.__qualname__ = answer.__name__, answer.__qualname__
    return follower
