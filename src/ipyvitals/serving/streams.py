"""Measures streams: the time to the first item, the items, and how a stream ended.

A stream is a generator, or another iterator, that a call returned. Only the seconds count in which
its reader waits for the call or for an item: what a slow reader does between the items is not the
model's. A stream that is read to its end is one prediction; one whose reader leaves before, by
``break``, ``close`` or an interrupt, is neither a prediction nor an error.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

import wrapt

from ipyvitals.serving.open_calls import enter_call
from ipyvitals.serving.sink import CallSink

__all__ = [
    "StreamMeter",
    "follow_async_generator",
    "follow_generator",
    "follow_iterator",
]


class StreamMeter:
    """Measures one stream.

    Parameters
    ----------
    sink : CallSink
    seconds : float
        Duration of the call that returned the stream.
    """

    def __init__(self, sink: CallSink, seconds: float) -> None:
        self._sink = sink
        self._seconds = seconds
        self._began = 0.0
        self._items = 0
        self._open_call: Any = None
        self._open = True

    def waits(self) -> None:
        """Take the time: the reader asks for an item."""
        self._open_call = enter_call(self._sink.owner)
        self._began = self._sink.monotonic()

    def pauses(self) -> None:
        """Take the time: the reader has its item, or the stream has ended."""
        self._seconds += self._sink.monotonic() - self._began
        if self._open_call is not None:
            self._open_call.leave()
            self._open_call = None

    def item(self) -> None:
        """Count an item."""
        self._items += 1
        if self._items == 1 and self._open:
            self._sink.first_item(self._seconds)

    def end(self) -> None:
        """End the stream: it was read to its end."""
        if self._open:
            self._open = False
            self._sink.stream_ended(self._items, self._seconds, left=False)

    def leave(self) -> None:
        """End the stream: its reader left."""
        if self._open:
            self._open = False
            self._sink.stream_ended(self._items, self._seconds, left=True)

    def fail(self, error: BaseException) -> None:
        """End the stream: it raised; an interrupt is no error of the model."""
        if not isinstance(error, Exception):
            self.leave()
        elif self._open:
            self._open = False
            self._sink.failed(error, self._seconds)


def follow_generator(
    generator: Generator[Any, Any, Any], meter: StreamMeter
) -> Generator[Any, Any, Any]:
    """Yield what `generator` yields; values sent and exceptions thrown reach it."""
    send: Any = generator.send
    value: Any = None
    thrown: BaseException | None = None
    try:
        while True:
            meter.waits()
            try:
                item = send(value)
            finally:
                meter.pauses()
            meter.item()
            send, value, thrown = generator.send, None, None
            try:
                value = yield item
            except GeneratorExit:
                meter.leave()
                generator.close()
                raise
            except BaseException as error:
                send, value, thrown = generator.throw, error, error
    except StopIteration as stop:
        meter.end()
        return stop.value
    except BaseException as error:
        if error is thrown:
            # The reader's own exception, which the generator did not take.
            meter.leave()
        meter.fail(error)
        raise


async def follow_async_generator(
    generator: AsyncGenerator[Any, Any], meter: StreamMeter
) -> AsyncGenerator[Any, Any]:
    """Yield what an asynchronous `generator` yields; see `follow_generator`."""
    send: Any = generator.asend
    value: Any = None
    thrown: BaseException | None = None
    try:
        while True:
            meter.waits()
            try:
                item = await send(value)
            finally:
                meter.pauses()
            meter.item()
            send, value, thrown = generator.asend, None, None
            try:
                value = yield item
            except GeneratorExit:
                meter.leave()
                await generator.aclose()
                raise
            except BaseException as error:
                send, value, thrown = generator.athrow, error, error
    except StopAsyncIteration:
        meter.end()
    except BaseException as error:
        if error is thrown:
            meter.leave()
        meter.fail(error)
        raise


class _FollowedStream(wrapt.ObjectProxy):  # type: ignore[type-arg]
    """Stands for an iterator that is no generator, such as the stream of a client library."""

    def __init__(self, iterator: Any, meter: StreamMeter) -> None:
        super().__init__(iterator)
        self._self_meter = meter

    def __del__(self) -> None:
        self._self_meter.leave()

    def close(self) -> Any:
        """Leave the stream."""
        self._self_meter.leave()
        return self.__wrapped__.close()


class _Stream(_FollowedStream):
    """Stands for an iterator that is no generator."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        meter = self._self_meter
        try:
            meter.waits()
            try:
                item = self.__wrapped__.__next__()
            finally:
                meter.pauses()
        except StopIteration:
            meter.end()
            raise
        except BaseException as error:
            meter.fail(error)
            raise
        meter.item()
        return item

    def __enter__(self) -> Any:
        entered = self.__wrapped__.__enter__()
        return self if entered is self.__wrapped__ else entered

    def __exit__(self, *error: object) -> Any:
        self._self_meter.leave()
        return self.__wrapped__.__exit__(*error)


class _AsyncStream(_FollowedStream):
    """Stands for an asynchronous iterator that is no generator."""

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        meter = self._self_meter
        try:
            meter.waits()
            try:
                item = await self.__wrapped__.__anext__()
            finally:
                meter.pauses()
        except StopAsyncIteration:
            meter.end()
            raise
        except BaseException as error:
            meter.fail(error)
            raise
        meter.item()
        return item

    async def __aenter__(self) -> Any:
        entered = await self.__wrapped__.__aenter__()
        return self if entered is self.__wrapped__ else entered

    async def __aexit__(self, *error: object) -> Any:
        self._self_meter.leave()
        return await self.__wrapped__.__aexit__(*error)


class _DualStream(_Stream, _AsyncStream):
    """Stands for an iterator of both kinds."""


def follow_iterator(iterator: Any, meter: StreamMeter) -> Any:
    """Return what stands for an iterator that is no generator, with its attributes."""
    kind = type(iterator)
    if not hasattr(kind, "__anext__"):
        return _Stream(iterator, meter)
    return (_DualStream if hasattr(kind, "__next__") else _AsyncStream)(iterator, meter)
