"""`Monitor.track` around a loop that does nothing, beside tqdm in the same kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.kernel import kernel
from benchmarks.table import Row
from benchmarks.timing import Times, interleaved

STEPS = 10**6


def track_rows(*, quick: bool) -> list[Row]:
    """Time three loops in a kernel in which the panel is displayed."""
    with kernel() as one:
        times: Times = one.call(time_loops, rounds=3 if quick else 9)
    ns = {
        name: 1e9
        * median(loop - bare for loop, bare in zip(times[name], times["bare"], strict=True))
        / STEPS
        for name in ("track", "tqdm")
    }
    ns["bare"] = 1e9 * median(times["bare"]) / STEPS
    work = "`track(range(10**6))`, an iteration over the bare loop"
    return [
        Row(work, ns["track"], "{:.0f} ns", 40, measured=f"bare loop {ns['bare']:.0f} ns", data=ns),
        Row(
            work,
            ns["track"] / ns["tqdm"],
            "{:.2f} × tqdm.notebook",
            0.5,
            measured=f"tqdm.notebook {ns['tqdm']:.0f} ns",
            data=ns,
        ),
    ]


def time_loops(rounds: int) -> Times:
    """Run in the kernel: the loops, one after the other."""
    from IPython.display import display
    from tqdm.notebook import tqdm

    from ipyvitals import Monitor

    monitor = Monitor("bench", name="bench-track")
    display(monitor)
    with monitor:
        return interleaved(
            {
                "bare": _timed(lambda: range(STEPS)),
                "track": _timed(lambda: monitor.track(range(STEPS))),
                "tqdm": _timed(lambda: tqdm(range(STEPS))),
            },
            rounds,
        )


def _timed(make: Callable[[], Iterable[Any]]) -> Callable[[], float]:
    def run() -> float:
        start = perf_counter()
        for _ in make():
            pass
        return perf_counter() - start

    return run
