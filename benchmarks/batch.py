"""`Monitor.record_batch` with a million labels."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.feed import labels
from benchmarks.table import Row
from benchmarks.timing import interleaved, ratio
from ipyvitals import Monitor

ROWS = 1_000_000


def batch_rows(*, quick: bool) -> list[Row]:
    """Time the call against the comparison that it cannot do without."""
    said, truths = labels(ROWS)
    monitor = Monitor("bench", name="bench-batch")

    def time_batch() -> float:
        seconds = _seconds(lambda: monitor.record_batch(said, truths, latency=0.5))
        monitor.flush()
        return seconds

    def time_one_row() -> float:
        seconds = _seconds(lambda: monitor.record_batch(said[:1], truths[:1], latency=0.5))
        monitor.flush()
        return seconds

    def time_folded() -> float:
        start = process_time()
        monitor.record_batch(said, truths, latency=0.5)
        monitor.flush()
        return process_time() - start

    with monitor:
        times = interleaved(
            {
                "batch": time_batch,
                "one_row": time_one_row,
                "numpy": lambda: _seconds(lambda: np.count_nonzero(said == truths)),
                "folded": time_folded,
            },
            10 if quick else 40,
        )
    times["over_call"] = [
        max(0.0, batch - one) for batch, one in zip(times["batch"], times["one_row"], strict=True)
    ]
    us = {name: 1e6 * min(seconds) for name, seconds in times.items()}
    return [
        Row(
            "`record_batch` of 1M int labels, over the cost of one call",
            ratio(times, "over_call", "numpy"),
            "{:.2f} × numpy.count_nonzero(a == b)",
            2.0,
            measured=f"{us['batch']:.0f} µs; one row {us['one_row']:.0f} µs; "
            f"NumPy {us['numpy']:.0f} µs",
            data=us,
        ),
        Row(
            "the same with its share of folding, all CPU time of the process",
            ratio(times, "folded", "numpy"),
            "{:.2f} × numpy.count_nonzero(a == b)",
            measured=f"{us['folded']:.0f} µs",
            data=us,
        ),
    ]


def _seconds(work: Callable[[], Any]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
