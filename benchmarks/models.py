"""Many models in one monitor: what each prediction, each snapshot and each tick costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from time import process_time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from river import metrics, utils

from benchmarks.feed import predictions
from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio
from ipyvitals import FakeClock, Monitor

COUNTS = (1, 10, 200)
MOST = COUNTS[-1]
WINDOW = 100
CALLS = 50_000
TICKS = 10


def model_rows(*, quick: bool) -> list[Row]:
    """Route the same predictions to few and to many models."""
    return [*_cost_rows(quick=quick), _snapshot_row(quick=quick), _bytes_row()]


@contextmanager
def monitor_of(models: int, **settings: Any) -> Iterator[tuple[Monitor, list[str]]]:
    """Yield a monitor and the ids of its models."""
    with Monitor(name="bench-models", accuracy_window=WINDOW, **settings) as monitor:
        ids = [monitor.deploy("bench", version=str(number)) for number in range(models)]
        monitor.flush()
        yield monitor, ids


def _cost_rows(*, quick: bool) -> list[Row]:
    feed = predictions(CALLS)

    def with_monitor(models: int) -> float:
        with monitor_of(models) as (monitor, ids):
            record = monitor.record
            start = process_time()
            for (prediction, actual, latency), model_id in zip(feed, cycle(ids), strict=False):
                record(prediction, actual, latency=latency, model_id=model_id)
            monitor.flush()
            return process_time() - start

    def with_peers() -> float:
        registry = CollectorRegistry()
        counter = Counter("predictions", "Predictions made", ["model"], registry=registry)
        histogram = Histogram("latency_seconds", "Seconds", ["model"], registry=registry)
        ids = [f"bench-{number}" for number in range(MOST)]
        windows = {one: utils.Rolling(metrics.Accuracy(), window_size=WINDOW) for one in ids}
        start = process_time()
        for (prediction, actual, latency), model_id in zip(feed, cycle(ids), strict=False):
            counter.labels(model_id).inc()
            histogram.labels(model_id).observe(latency)
            windows[model_id].update(actual, prediction)
        return process_time() - start

    work = {str(count): lambda count=count: with_monitor(count) for count in COUNTS}
    times = interleaved({**work, "peers": with_peers}, 3 if quick else 7)
    ns = {name: 1e9 * min(seconds) / CALLS for name, seconds in times.items()}
    rows = [
        Row(
            f"a prediction of one of {count} models, by `model_id=`, all CPU time",
            ratio(times, str(count), "1"),
            "{:.2f} × with one model",
            measured=f"{ns[str(count)]:.0f} ns; one model {ns['1']:.0f} ns",
            data=ns,
        )
        for count in COUNTS[1:]
    ]
    peers = Row(
        f"the same with {MOST} models",
        ratio(times, str(MOST), "peers"),
        "{:.2f} × (prometheus_client with labels + river)",
        1.0,
        measured=f"{ns[str(MOST)]:.0f} ns; peers {ns['peers']:.0f} ns",
        data=ns,
    )
    return [*rows, peers]


def _snapshot_row(*, quick: bool) -> Row:
    """All models predicted in the last minute, so that none of them sleeps."""
    with monitor_of(1, interval=None) as (one, _):
        one.record_batch([1] * WINDOW, [1] * WINDOW, latency=0.004)
        # A name of its own, or the second monitor would close the first.
        with Monitor(name="bench-snapshot", interval=None) as many:
            for number in range(MOST):
                model_id = many.deploy("bench", version=str(number))
                many.record_batch([1] * WINDOW, [1] * WINDOW, latency=0.004, model_id=model_id)
            times = interleaved(
                {"one": lambda: _seconds(one), "many": lambda: _seconds(many)},
                20 if quick else 100,
            )
    us = {name: 1e6 * min(seconds) for name, seconds in times.items()}
    return Row(
        f"`snapshot()` with {MOST} models, all at work",
        ratio(times, "many", "one"),
        "{:.0f} × with one model",
        MOST,
        measured=f"{us['many'] / 1e3:.1f} ms; one model {us['one']:.0f} µs",
        data=us,
    )


def _seconds(monitor: Monitor) -> float:
    start = process_time()
    monitor.snapshot()
    return process_time() - start


def _bytes_row() -> Row:
    alone, one_of_many = _bytes_a_tick(1), _bytes_a_tick(MOST)
    return Row(
        f"bytes to a panel a tick, while one of {MOST} models predicts",
        one_of_many["tick"] / alone["tick"],
        "{:.2f} × with one model",
        2.5,
        measured=f"{one_of_many['tick']:.0f} B; one model {alone['tick']:.0f} B; "
        f"all {MOST} {one_of_many['all'] / 1e3:.0f} kB",
        data={"one": alone, "many": one_of_many},
    )


def _bytes_a_tick(models: int) -> dict[str, float]:
    """Return the mean size of a tick's message, and that of the first, which tells everything."""
    clock = FakeClock()
    sizes: list[int] = []
    with monitor_of(models, interval=None, clock=clock) as (monitor, ids):
        for model_id in ids:
            monitor.record_batch([1] * WINDOW, [1] * WINDOW, latency=0.004, model_id=model_id)
        monitor.panel().comm.send = lambda data, **_: sizes.append(len(json.dumps(data).encode()))
        monitor.flush()
        for _ in range(TICKS):
            clock.advance(1.0)
            monitor.record(1, 1, latency=0.004, model_id=ids[-1])
            monitor.flush()
        everything, *ticks = sizes
    if len(ticks) != TICKS:
        raise RuntimeError(f"expected {TICKS} messages, one a tick, got {len(ticks)}")
    return {"tick": sum(ticks) / TICKS, "all": everything}
