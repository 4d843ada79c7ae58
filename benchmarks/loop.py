"""What a live panel takes from the loop beside it."""

from __future__ import annotations

from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any

from benchmarks.kernel import kernel
from benchmarks.table import Row
from benchmarks.timing import Times, interleaved

UPDATES_PER_SECOND = 10
METRICS_SECONDS = 1 / UPDATES_PER_SECOND
STRETCH_SECONDS = 5.0
"""As long as the interval in which the machine is read, so that each stretch has one reading."""


def loop_rows(*, quick: bool) -> list[Row]:
    """Run one loop with and without a panel in turn, and compare how long it took."""
    with kernel() as one:
        found = one.call(time_loop, rounds=1 if quick else 8)
    times: Times = found["times"]
    # The fastest stretch of each: a busy neighbour slows a stretch by more than a panel does.
    speed = min(times["without"]) / min(times["with"])
    updates = found["updates"] / sum(times["with"])
    share = median(found["threads"]) / median(times["with"])
    return [
        Row(
            f"a CPU-bound loop with a live panel at {UPDATES_PER_SECOND} updates/s",
            100 * speed,
            "{:.2f} % of its speed without",
            99.0,
            at_least=True,
            measured=f"{updates:.1f} updates/s; other threads {100 * share:.2f} % of a core",
            data={**found, "updates_per_second": updates},
        )
    ]


def time_loop(rounds: int) -> dict[str, Any]:
    """Run in the kernel: the loop with and without a panel in turn."""
    from IPython.display import display

    from ipyvitals import Monitor

    pieces = round(STRETCH_SECONDS * UPDATES_PER_SECOND)
    steps = _calibrate(STRETCH_SECONDS / pieces)
    threads: list[float] = []
    updates = 0

    def without() -> float:
        start = perf_counter()
        for _ in range(pieces):
            _work(steps)
        return perf_counter() - start

    def with_panel() -> float:
        nonlocal updates
        monitor = Monitor("bench", name="bench-loop", metrics_interval=METRICS_SECONDS)
        display(monitor)
        panel = monitor.panel()
        sends, send = [], panel.send_state
        panel.send_state = lambda *keys: (sends.append(keys), send(*keys))  # type: ignore[method-assign]
        with monitor, monitor.training(total=pieces) as run:
            cpu, own, start = process_time(), thread_time(), perf_counter()
            for piece in range(pieces):
                _work(steps)
                monitor.record(piece, piece, latency=0.1)
                run.update(piece + 1, loss=1.0 / (piece + 1))
            seconds = perf_counter() - start
            threads.append((process_time() - cpu) - (thread_time() - own))
        updates += len(sends)
        return seconds

    times = interleaved({"without": without, "with": with_panel}, rounds)
    return {"times": times, "threads": threads, "updates": updates}


def _work(steps: int) -> int:
    value = 1
    for _ in range(steps):
        value = (value * 48_271) % 2_147_483_647
    return value


def _calibrate(seconds: float) -> int:
    """Return the steps that take about so long."""
    steps = 100_000
    best = min(_seconds(steps) for _ in range(5))
    return max(1, round(steps * seconds / best))


def _seconds(steps: int) -> float:
    start = perf_counter()
    _work(steps)
    return perf_counter() - start
