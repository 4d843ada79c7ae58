"""Watched coroutines, generators and streams of client libraries."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import re
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from ipyvitals import FakeClock, Monitor


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def monitor(clock):
    with Monitor(interval=None, clock=clock) as monitor:
        yield monitor


def counts(monitor):
    """Return predictions, errors, and streams that were left."""
    metrics = monitor.snapshot().metrics
    return metrics.total_predictions, metrics.total_errors, metrics.total_streams_left


@pytest.fixture
def tokens(monitor, clock):
    """Return a watched generator function: 0.5 s to the first item, 0.1 s between items."""

    @monitor.watch
    def tokens(n):
        clock.advance(0.5)
        for number in range(n):
            if number:
                clock.advance(0.1)
            yield f"token {number}"
        return "done"

    return tokens


@pytest.fixture
def async_tokens(monitor, clock):
    @monitor.watch
    async def async_tokens(n):
        clock.advance(0.5)
        for number in range(n):
            if number:
                await asyncio.sleep(0)
                clock.advance(0.1)
            yield f"token {number}"

    return async_tokens


class ClientStream:
    """The stream of a client library: an iterator with attributes and a context of its own."""

    def __init__(self, items, clock):
        self._items = iter(items)
        self._clock = clock
        self.request_id = "r-1"
        self.closed = False

    def __iter__(self):
        return self

    def __next__(self):
        self._clock.advance(0.1)
        return next(self._items)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.closed = True


class AsyncClientStream(ClientStream):
    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return self.__next__()
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.close()

    async def close(self):
        self.closed = True

    __iter__ = None


class TestGenerators:
    def test_first_item_and_end_are_two_latencies(self, monitor, tokens):
        assert list(tokens(11)) == [f"token {n}" for n in range(11)]
        metrics = monitor.snapshot().metrics
        assert metrics.total_predictions == 1
        assert metrics.first_item_p50_seconds == pytest.approx(0.5, rel=0.02)
        assert metrics.first_item_p95_seconds == pytest.approx(0.5, rel=0.02)
        assert metrics.latency_p50_seconds == pytest.approx(1.5, rel=0.02)
        assert metrics.items_per_second == pytest.approx(11 / 1.5)

    def test_models_without_streams_know_nothing_of_them(self, monitor):
        monitor.watch(lambda x: x)(1)
        metrics = monitor.snapshot().metrics
        assert metrics.first_item_p50_seconds is metrics.items_per_second is None
        assert metrics.total_streams_left == 0

    def test_the_time_of_a_slow_reader_is_not_the_models(self, monitor, tokens, clock):
        stream = tokens(3)
        clock.advance(60.0)
        for _ in stream:
            clock.advance(5.0)
        metrics = monitor.snapshot().metrics
        assert metrics.first_item_p50_seconds == pytest.approx(0.5, rel=0.02)
        assert metrics.latency_p50_seconds == pytest.approx(0.7, rel=0.02)

    def test_the_first_item_is_known_before_the_end(self, monitor, tokens):
        stream = tokens(3)
        next(stream)
        assert monitor.snapshot().metrics.first_item_p50_seconds == pytest.approx(0.5, rel=0.02)
        assert counts(monitor) == (0, 0, 0)
        stream.close()

    def test_a_stream_that_is_left_is_neither_a_prediction_nor_an_error(self, monitor, tokens):
        for token in tokens(10):
            if token == "token 3":
                break
        assert counts(monitor) == (0, 0, 1)
        metrics = monitor.snapshot().metrics
        assert metrics.latency_p50_seconds is None
        assert metrics.first_item_p50_seconds == pytest.approx(0.5, rel=0.02)
        assert metrics.items_per_second == pytest.approx(4 / 0.8)

    def test_a_stream_that_is_closed_or_deleted_is_left(self, monitor, tokens):
        stream = tokens(10)
        next(stream)
        stream.close()
        stream.close()
        other = tokens(10)
        next(other)
        del other
        gc.collect()
        assert counts(monitor) == (0, 0, 2)

    def test_a_stream_that_never_began_does_not_count(self, monitor, tokens):
        tokens(3)
        tokens(3).close()
        assert counts(monitor) == (0, 0, 0)

    def test_an_error_in_the_middle_is_an_error(self, monitor):
        @monitor.watch
        def broken():
            yield 1
            raise ConnectionError("reset")

        stream = broken()
        assert next(stream) == 1
        with pytest.raises(ConnectionError, match="reset"):
            next(stream)
        with pytest.raises(StopIteration):
            next(stream)
        assert counts(monitor) == (0, 1, 0)

    def test_an_interrupt_leaves_the_stream(self, monitor):
        @monitor.watch
        def interrupted():
            yield 1
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            list(interrupted())
        assert counts(monitor) == (0, 0, 1)

    def test_it_is_a_generator_with_all_that_generators_do(self, monitor, tokens):
        def chain():
            return (yield from tokens(2))

        outer = chain()
        assert list(iter(lambda: next(outer, None), None)) == ["token 0", "token 1"]
        stream = tokens(1)
        assert inspect.isgeneratorfunction(tokens)
        assert inspect.isgenerator(stream)
        assert stream.__name__ == "tokens"
        next(stream)
        with pytest.raises(StopIteration) as stopped:
            next(stream)
        assert stopped.value.value == "done"

    def test_values_are_sent_and_exceptions_thrown_into_it(self, monitor):
        closed = []

        @monitor.watch
        def echo():
            received = None
            try:
                while True:
                    try:
                        received = yield received
                    except LookupError as error:
                        received = f"took {error}"
            finally:
                closed.append(True)

        stream = echo()
        assert next(stream) is None
        assert stream.send(3) == 3
        assert stream.throw(LookupError("it")) == "took it"
        with pytest.raises(RuntimeError, match="of the reader"):
            stream.throw(RuntimeError("of the reader"))
        assert closed == [True]
        assert counts(monitor) == (0, 0, 1)

    def test_a_context_manager_made_of_it_works(self, monitor):
        @contextlib.contextmanager
        @monitor.watch
        def session():
            yield "open"

        with session() as state:
            assert state == "open"
        assert counts(monitor) == (1, 0, 0)

    def test_a_watched_model_inside_a_stream_is_not_counted_again(self, monitor):
        predict = monitor.watch(lambda x: x, name="inner")

        @monitor.watch
        def stream():
            for n in range(3):
                yield predict(n)

        # Between the items the reader's own calls count.
        seen = [predict(item) for item in stream()]
        found = {model.model_id: model.total_predictions for model in monitor.models()}
        assert (seen, found) == ([0, 1, 2], {"inner": 3, "stream": 1})


class TestCoroutines:
    def test_a_coroutine_function_is_measured_while_it_is_awaited(self, monitor, clock):
        @monitor.watch
        async def predict(rows):
            await asyncio.sleep(0)
            clock.advance(0.25)
            return rows

        async def main():
            waiting = predict([1, 2])
            clock.advance(10.0)
            return await waiting

        assert inspect.iscoroutinefunction(predict)
        assert asyncio.run(main()) == [1, 2]
        metrics = monitor.snapshot().metrics
        assert (metrics.total_predictions, metrics.calls_per_minute) == (2, 1)
        assert metrics.latency_p50_seconds == pytest.approx(0.25, rel=0.02)

    def test_errors_count_and_a_cancelled_task_does_not(self, monitor):
        @monitor.watch
        async def predict(seconds):
            await asyncio.sleep(seconds)
            raise ValueError("no")

        async def main():
            with pytest.raises(ValueError, match="no"):
                await predict(0)
            task = asyncio.ensure_future(predict(60))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        assert counts(monitor) == (0, 1, 0)

    def test_tasks_that_overlap_count_each(self, monitor):
        @monitor.watch
        async def predict(x):
            await asyncio.sleep(0)
            return x

        async def main():
            return await asyncio.gather(*map(predict, range(10)))

        assert asyncio.run(main()) == list(range(10))
        assert counts(monitor) == (10, 0, 0)

    def test_tasks_that_outlive_the_call_that_began_them_count(self, monitor):
        predict = monitor.watch(lambda x: x, name="inner")
        tasks = []

        async def later():
            await asyncio.sleep(0)
            return predict(1)

        @monitor.watch
        async def handler(x):
            tasks.append(asyncio.ensure_future(later()))
            return x

        async def main():
            await handler(1)
            return await tasks[0]

        assert asyncio.run(main()) == 1
        found = {model.model_id: model.total_predictions for model in monitor.models()}
        assert found == {"inner": 1, "handler": 1}

    def test_a_coroutine_that_is_never_awaited_does_not_count(self, monitor):
        @monitor.watch
        async def predict(x):
            return x

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            predict(1)
            gc.collect()
        assert counts(monitor) == (0, 0, 0)

    def test_an_asynchronous_method_of_a_model(self, monitor):
        class Model:
            async def predict(self, rows):
                return rows

        served = monitor.watch(Model())
        assert inspect.iscoroutinefunction(served.predict)
        assert asyncio.run(served.predict([1, 2, 3])) == [1, 2, 3]
        assert counts(monitor) == (3, 0, 0)

    def test_futures_count_when_they_are_done(self, monitor):
        with ThreadPoolExecutor(1) as pool:
            submit = monitor.watch(lambda x: pool.submit(lambda: 10 // x), name="pool")
            good, bad = submit(5), submit(0)
            assert good.result() == 2
            assert isinstance(bad.exception(), ZeroDivisionError)
        assert counts(monitor) == (1, 1, 0)

    def test_tasks_stay_tasks(self, monitor):
        async def main():
            async def predict():
                return 7

            start = monitor.watch(lambda: asyncio.ensure_future(predict()), name="tasks")
            task = start()
            assert isinstance(task, asyncio.Task)
            assert await task == 7
            cancelled = start()
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)

        asyncio.run(main())
        assert counts(monitor) == (1, 0, 0)


class TestAsynchronousGenerators:
    def test_first_item_and_end_are_two_latencies(self, monitor, async_tokens):
        async def main():
            return [token async for token in async_tokens(11)]

        assert inspect.isasyncgenfunction(async_tokens)
        assert asyncio.run(main()) == [f"token {n}" for n in range(11)]
        metrics = monitor.snapshot().metrics
        assert metrics.total_predictions == 1
        assert metrics.first_item_p50_seconds == pytest.approx(0.5, rel=0.02)
        assert metrics.latency_p50_seconds == pytest.approx(1.5, rel=0.02)
        assert metrics.items_per_second == pytest.approx(11 / 1.5)

    def test_a_stream_that_is_left_is_neither_a_prediction_nor_an_error(
        self, monitor, async_tokens
    ):
        async def main():
            async for _ in async_tokens(10):
                break
            stream = async_tokens(10)
            await anext(stream)
            await stream.aclose()

        asyncio.run(main())
        assert counts(monitor) == (0, 0, 2)

    def test_a_reader_that_is_cancelled_leaves_and_an_error_counts(self, monitor):
        @monitor.watch
        async def stream(seconds):
            yield 1
            await asyncio.sleep(seconds)
            raise ValueError("broken")

        async def read(seconds):
            async for _ in stream(seconds):
                pass

        async def main():
            task = asyncio.ensure_future(read(60))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(ValueError, match="broken"):
                await read(0)

        asyncio.run(main())
        assert counts(monitor) == (0, 1, 1)

    def test_values_are_sent_and_exceptions_thrown_into_it(self, monitor):
        @monitor.watch
        async def echo():
            received = None
            while True:
                try:
                    received = yield received
                except LookupError as error:
                    received = f"took {error}"

        async def main():
            stream = echo()
            found = [await anext(stream), await stream.asend(3)]
            found.append(await stream.athrow(LookupError("it")))
            with pytest.raises(RuntimeError, match="of the reader"):
                await stream.athrow(RuntimeError("of the reader"))
            return found

        assert asyncio.run(main()) == [None, 3, "took it"]
        assert counts(monitor) == (0, 0, 1)


class TestStreamsOfClients:
    def test_an_iterator_is_measured_and_has_its_attributes(self, monitor, clock):
        class Client:
            def create(self, n, *, stream):
                return ClientStream(range(n), clock)

        client = monitor.watch(Client(), methods=("create",))
        with client.create(4, stream=True) as stream:
            assert isinstance(stream, ClientStream)
            assert stream.request_id == "r-1"
            assert list(stream) == [0, 1, 2, 3]
        assert stream.closed
        metrics = monitor.snapshot().metrics
        assert counts(monitor) == (1, 0, 0)
        assert metrics.first_item_p50_seconds == pytest.approx(0.1, rel=0.02)
        assert metrics.items_per_second == pytest.approx(4 / 0.5)

    def test_it_is_left_by_close_by_its_context_or_when_it_is_deleted(self, monitor, clock):
        create = monitor.watch(lambda: ClientStream(range(9), clock), name="create")
        stream = create()
        next(stream)
        stream.close()
        with create() as other:
            next(other)
        third = create()
        next(third)
        del third
        gc.collect()
        assert stream.closed
        assert other.closed
        assert counts(monitor) == (0, 0, 3)

    def test_an_error_of_it_counts(self, monitor, clock):
        def items():
            yield 1
            raise TimeoutError("slow")

        stream = monitor.watch(lambda: ClientStream(items(), clock), name="create")()
        with pytest.raises(TimeoutError, match="slow"):
            list(stream)
        assert counts(monitor) == (0, 1, 0)

    def test_an_asynchronous_one_that_comes_from_a_coroutine(self, monitor, clock):
        @monitor.watch
        async def create(n):
            clock.advance(0.4)
            return AsyncClientStream(range(n), clock)

        async def main():
            async with await create(3) as stream:
                found = [item async for item in stream]
            left = await create(3)
            await anext(left)
            await left.close()
            return found, stream.closed, left.closed

        assert asyncio.run(main()) == ([0, 1, 2], True, True)
        assert counts(monitor) == (1, 0, 1)
        first = monitor.snapshot().metrics.first_item_p50_seconds
        assert first == pytest.approx(0.5, rel=0.02)


def test_the_figures_of_streams_leave_after_a_minute(monitor, tokens, clock):
    list(tokens(11))
    clock.advance(61.0)
    monitor.tick()
    metrics = monitor.snapshot().metrics
    assert metrics.first_item_p50_seconds is metrics.items_per_second is None
    assert metrics.total_predictions == 1


def test_streams_that_were_left_survive_the_kernel(tmp_path):
    path = tmp_path / "history.sqlite"
    for expected in (1, 2):
        with Monitor(interval=None, store=path) as monitor:

            @monitor.watch
            def stream():
                yield 1
                yield 2

            for _ in stream():
                break
            monitor.flush()
            assert monitor.snapshot().metrics.total_streams_left == expected
    assert monitor.models()[0].total_streams_left == 2


def test_the_text_of_a_monitor_has_its_streams(monitor, tokens):
    list(tokens(11))
    found = re.search(r"first item p95 (\d+) ms, 7\.333 items/s", repr(monitor))
    assert int(found[1]) == pytest.approx(500, rel=0.02)
    monitor.tick()
    assert "first item p95" in monitor.panel()._repr_mimebundle_()[0]["text/html"]
