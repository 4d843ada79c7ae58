"""`Monitor.record`: the call itself, and the call with its share of folding."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from itertools import repeat
from time import perf_counter, process_time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from river import metrics, utils

from benchmarks.feed import predictions
from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio
from ipyvitals import Monitor

CALLS = 10_000
"""Fewer than fill the inbox, so that none of the timed calls folds."""
WINDOW = 100
UNSET = object()


class Floor:
    """The least that a call which keeps everything can do: the time, a tuple, an append."""

    def __init__(self) -> None:
        self.entries: deque[Any] = deque()
        self._append = self.entries.append

    def record(
        self,
        prediction: Any,
        actual: Any = UNSET,
        *,
        id: Hashable = None,
        latency: float | None = None,
        model_id: str | None = None,
        segment: Hashable = None,
        features: Any = None,
    ) -> Hashable:
        self._append((perf_counter(), prediction, actual, id, latency, model_id))
        return None


def prometheus() -> tuple[Callable[[], None], Callable[[float], None]]:
    registry = CollectorRegistry()
    counter = Counter("predictions", "Predictions made", registry=registry)
    histogram = Histogram("latency_seconds", "Seconds a prediction took", registry=registry)
    return counter.inc, histogram.observe


def peers() -> tuple[Callable[[], None], Callable[[float], None], Callable[[Any, Any], None]]:
    """Return what counts and times a prediction with prometheus_client, and scores it by river."""
    update = utils.Rolling(metrics.Accuracy(), window_size=WINDOW).update
    return *prometheus(), update


def call_rows(*, quick: bool) -> list[Row]:
    """Time the call with a monitor that ticks; folding happens between the timed stretches."""
    floor, (inc, observe) = Floor(), prometheus()
    monitor = Monitor("bench", name="bench-call")

    def time_floor() -> float:
        seconds = _time_calls(floor.record)
        floor.entries.clear()
        return seconds

    def time_record() -> float:
        seconds = _time_calls(monitor.record)
        monitor.flush()
        return seconds

    def time_prometheus() -> float:
        start = perf_counter()
        for _ in repeat(None, CALLS):
            inc()
            observe(0.004)
        return perf_counter() - start

    with monitor:
        times = interleaved(
            {"floor": time_floor, "record": time_record, "prometheus": time_prometheus},
            20 if quick else 200,
        )
    ns = {name: 1e9 * min(seconds) / CALLS for name, seconds in times.items()}
    work = "`record(prediction, actual, latency=…)`, the call without folding"
    return [
        Row(
            work,
            ratio(times, "record", "floor"),
            "{:.2f} × the floor",
            1.6,
            measured=f"{ns['record']:.0f} ns; tuple + clock + append {ns['floor']:.0f} ns",
            data=ns,
        ),
        Row(
            work,
            ratio(times, "record", "prometheus"),
            "{:.2f} × prometheus_client",
            0.35,
            measured=f"Counter.inc + Histogram.observe {ns['prometheus']:.0f} ns",
            data=ns,
        ),
    ]


def _time_calls(record: Callable[..., None]) -> float:
    start = perf_counter()
    for _ in repeat(None, CALLS):
        record(1, 1, latency=0.004)
    return perf_counter() - start


def cpu_rows(*, quick: bool) -> list[Row]:
    """Count all CPU time of the process, the ticker's too, until everything is folded."""
    feed = predictions(200_000)

    def with_monitor() -> float:
        with Monitor("bench", name="bench-cpu", accuracy_window=WINDOW) as monitor:
            record = monitor.record
            start = process_time()
            for prediction, actual, latency in feed:
                record(prediction, actual, latency=latency)
            monitor.flush()
            return process_time() - start

    def with_peers() -> float:
        inc, observe, update = peers()
        start = process_time()
        for prediction, actual, latency in feed:
            inc()
            observe(latency)
            update(actual, prediction)
        return process_time() - start

    times = interleaved({"record": with_monitor, "peers": with_peers}, 3 if quick else 8)
    ns = {name: 1e9 * min(seconds) / len(feed) for name, seconds in times.items()}
    return [
        Row(
            "the same with its share of folding, all CPU time of the process",
            ratio(times, "record", "peers"),
            "{:.2f} × (prometheus_client + river)",
            0.5,
            measured=f"{ns['record']:.0f} ns; peers {ns['peers']:.0f} ns",
            data=ns,
        )
    ]
