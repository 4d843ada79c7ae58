"""`Monitor.watch`: a call of the stand-in beside a call of the bare method."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.table import Row
from benchmarks.timing import interleaved
from ipyvitals import Monitor

CALLS = 1_000
"""Few, so that none of the timed calls drains the queue, and some rounds are not disturbed."""
ROWS = 100


class Model:
    """Predicts at no cost, so that the difference is the cost of watching."""

    def predict(self, rows: Any) -> Any:
        return rows

    def __call__(self, rows: Any) -> Any:
        return rows


def watch_rows(*, quick: bool) -> list[Row]:
    """Time methods and calls with a monitor that ticks; folding happens between the stretches."""
    model, rows = Model(), np.zeros(ROWS)
    with Monitor(name="bench-watch") as monitor:
        served = monitor.watch(model)

        def watched(time_calls: Callable[[Any, Any], float]) -> Callable[[], float]:
            def time_watched() -> float:
                seconds = time_calls(served, rows)
                monitor.flush()
                return seconds

            return time_watched

        times = interleaved(
            {
                "predict": lambda: _time_predict(model, rows),
                "watched_predict": watched(_time_predict),
                "call": lambda: _time_call(model, rows),
                "watched_call": watched(_time_call),
            },
            100 if quick else 500,
        )
    us = {name: 1e6 * min(seconds) / CALLS for name, seconds in times.items()}
    return [
        Row(
            f"{what} of a watched model, {ROWS} rows",
            us[f"watched_{name}"] - us[name],
            "{:.2f} µs over the bare call",
            3.0,
            measured=f"{us[f'watched_{name}']:.2f} µs; bare {us[name]:.2f} µs",
            data=us,
        )
        for what, name in (("`predict`", "predict"), ("the call", "call"))
    ]


def _time_predict(model: Any, rows: Any) -> float:
    start = perf_counter()
    for _ in repeat(None, CALLS):
        model.predict(rows)
    return perf_counter() - start


def _time_call(model: Any, rows: Any) -> float:
    start = perf_counter()
    for _ in repeat(None, CALLS):
        model(rows)
    return perf_counter() - start
