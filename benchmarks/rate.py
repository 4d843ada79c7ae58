"""Many predictions a second, and many in all."""

from __future__ import annotations

from time import process_time

from benchmarks.feed import predictions
from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio
from ipyvitals import Monitor

A_SECOND = 100_000
LOT = 10_000
"""Fewer than fill the inbox, so that a lot is folded when it is asked for."""


def rate_rows(*, quick: bool) -> list[Row]:
    """Time what the ticker does, at the pace of a very busy service."""
    feed = predictions(LOT)
    shares: dict[str, list[float]] = {"plain": [], "routed": []}
    with Monitor("bench", name="bench-rate", interval=None) as monitor:
        model_id = monitor.deploy("bench", version="1.0")
        for _ in range(3 if quick else 10):
            for name, marks in {"plain": {}, "routed": {"model_id": model_id}}.items():
                seconds = 0.0
                for _ in range(A_SECOND // LOT):
                    for prediction, actual, latency in feed:
                        monitor.record(prediction, actual, latency=latency, **marks)
                    start = process_time()
                    monitor.flush()
                    seconds += process_time() - start
                shares[name].append(100 * seconds)
    share, routed = min(shares["plain"]), min(shares["routed"])
    return [
        Row(
            f"folding and judging {A_SECOND:,} predictions a second",
            share,
            "{:.1f} % of a core",
            10.0,
            measured=f"by `model_id=` {routed:.1f} %",
            data=shares,
        )
    ]


def flat_rows(*, quick: bool) -> list[Row]:
    """Compare a monitor that has seen very many predictions with one that has seen few."""
    few, many = 100_000, 1_000_000 if quick else 10_000_000
    feed = predictions(A_SECOND)
    with (
        Monitor("bench", name="bench-young") as young,
        Monitor("bench", name="bench-old") as old,
    ):
        for monitor, total in ((young, few), (old, many)):
            for _ in range(total // A_SECOND):
                _cpu_seconds(monitor, feed)
        times = interleaved(
            {"few": lambda: _cpu_seconds(young, feed), "many": lambda: _cpu_seconds(old, feed)},
            3 if quick else 10,
        )
    ns = {name: 1e9 * min(seconds) / len(feed) for name, seconds in times.items()}
    return [
        Row(
            f"a prediction after {many // 1_000_000} million, all CPU time",
            ratio(times, "many", "few"),
            "{:.2f} × after 100 thousand",
            1.2,
            measured=f"{ns['many']:.0f} ns; {ns['few']:.0f} ns",
            data=ns,
        )
    ]


def _cpu_seconds(monitor: Monitor, feed: list[tuple[int, int, float]]) -> float:
    record = monitor.record
    start = process_time()
    for prediction, actual, latency in feed:
        record(prediction, actual, latency=latency)
    monitor.flush()
    return process_time() - start
