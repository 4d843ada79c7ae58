"""What a live panel takes from the loop beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any

from benchmarks.kernel import kernel
from benchmarks.table import Row
from benchmarks.timing import Times, interleaved, ratio

STRETCH_SECONDS = 5.0
"""As long as the interval in which the machine is read, so that each stretch has one reading."""
REPORTS_PER_SECOND = 10
PIECES = round(STRETCH_SECONDS * REPORTS_PER_SECOND)
SETTLING_PIECES = 2 * REPORTS_PER_SECOND
"""A monitor's first readings come at once and after a second; meanwhile its file is opened."""
WAITS = Path("/proc/thread-self/schedstat")
ROWS = {
    "training": "a CPU-bound loop with a live panel at 10 updates/s",
    "metrics": "the same, and new metrics 10 times a second too",
}
PEERS = {"message": "one comm message each time", "tqdm": "tqdm.notebook"}
"""The floor, and the peer that gives the bound of the first row."""


def loop_rows(*, quick: bool) -> list[Row]:
    """Run one loop with and without a panel, and with its peers, and compare what it got done."""
    with kernel() as one:
        found = one.call(time_loop, rounds=1 if quick else 6)
        updates = Counter(
            message["content"]["comm_id"]
            for message in one.heard
            if message["msg_type"] == "comm_msg"
        )
    wall: Times = found["wall"]
    beside = ", ".join(
        f"{what} {100 * ratio(found['working'], name, 'without'):.2f} %"
        for name, what in PEERS.items()
    )
    rows = []
    peer = 100 * ratio(found["working"], "tqdm", "without")
    for name, work in ROWS.items():
        settling = len(wall[name]) * SETTLING_PIECES / REPORTS_PER_SECOND
        per_second = sum(updates[comm] for comm in found["comms"][name]) / (
            sum(wall[name]) + settling
        )
        threads = 100 * median(found["threads"][name]) / median(wall[name])
        fastest = 100 * min(wall["without"]) / min(wall[name])
        rows.append(
            Row(
                work,
                100 * ratio(found["working"], name, "without"),
                "{:.2f} % of its speed without",
                peer if name == "training" else None,
                at_least=True,
                measured=f"{per_second:.1f} updates/s; other threads {threads:.2f} % of a core; "
                f"fastest stretches {fastest:.1f} %; {beside}",
                data=found,
            )
        )
    return rows


def time_loop(rounds: int) -> dict[str, Any]:
    """Run in the kernel: the loop with and without a panel, and with its peers, in turn."""
    from comm import create_comm
    from IPython.display import display
    from tqdm.notebook import tqdm

    from ipyvitals import Monitor

    steps = _calibrate(STRETCH_SECONDS / PIECES)
    names = ("without", *PEERS, *ROWS)
    wall: Times = {name: [] for name in names}
    threads: Times = {name: [] for name in names}
    comms: dict[str, list[str]] = {name: [] for name in names}

    def timed(name: str, report: Callable[[int], None]) -> float:
        working = 0.0
        queued = _seconds_in_queue()
        cpu, own, start = process_time(), thread_time(), perf_counter()
        for piece in range(PIECES):
            before = thread_time()
            _work(steps)
            working += thread_time() - before
            report(piece)
        seconds = perf_counter() - start
        threads[name].append((process_time() - cpu) - (thread_time() - own))
        wall[name].append(seconds)
        # What waits for the kernel's other threads counts; for other programs it does not.
        return working / (seconds - (_seconds_in_queue() - queued))

    def with_panel(name: str, **settings: float) -> float:
        monitor = Monitor("bench", name="bench-loop", **settings)
        display(monitor)
        comms[name].append(monitor.panel().comm.comm_id)
        with monitor, monitor.training(total=SETTLING_PIECES + PIECES) as run:
            done = count(1)

            def report(piece: int) -> None:
                monitor.record(piece, piece, latency=0.1)
                run.update(step := next(done), loss=1.0 / step)

            for piece in range(SETTLING_PIECES):
                _work(steps)
                report(piece)
            return timed(name, report)

    def with_messages() -> float:
        comm = create_comm(target_name="bench")

        def report(piece: int) -> None:
            comm.send({"method": "update", "state": {"step": piece, "loss": 1.0 / (piece + 1)}})

        return timed("message", report)

    def with_tqdm() -> float:
        with tqdm(total=PIECES, mininterval=0.5 / REPORTS_PER_SECOND) as bar:

            def report(piece: int) -> None:
                bar.set_postfix(loss=1.0 / (piece + 1), refresh=False)
                bar.update()

            return timed("tqdm", report)

    working = interleaved(
        {
            "without": lambda: timed("without", lambda piece: None),
            "message": with_messages,
            "tqdm": with_tqdm,
            "training": lambda: with_panel("training"),
            "metrics": lambda: with_panel("metrics", metrics_interval=1 / REPORTS_PER_SECOND),
        },
        rounds,
    )
    return {"working": working, "wall": wall, "threads": threads, "comms": comms}


def _work(steps: int) -> int:
    value = 1
    for _ in range(steps):
        value = (value * 48_271) % 2_147_483_647
    return value


def _calibrate(seconds: float) -> int:
    """Return the steps that take about so long."""
    steps = 100_000
    best = min(_seconds_of(steps) for _ in range(5))
    return max(1, round(steps * seconds / best))


def _seconds_of(steps: int) -> float:
    start = perf_counter()
    _work(steps)
    return perf_counter() - start


def _seconds_in_queue() -> float:
    """Return how long this thread was ready to run and had no CPU; 0 where nobody tells."""
    return int(WAITS.read_text().split()[1]) / 1e9 if WAITS.exists() else 0.0
