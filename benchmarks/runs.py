"""What parallel training runs cost a kernel whose panel is shown, and what they leave in memory."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import psutil

from benchmarks.fresh import in_fresh_python
from benchmarks.kernel import Kernel, kernel
from benchmarks.table import Row

RUNS, METRICS, UPDATES_PER_SECOND = 8, 6, 50
SETTLE_SECONDS = 7.0
UPDATES = 1_000_000
MEMORY_CODE = """
import json
from benchmarks.runs import resident
print(json.dumps(resident({updates})))
"""


def runs_rows(*, quick: bool) -> list[Row]:
    """Train in two kernels at the same time, one with a monitor; count CPU time and bytes."""
    seconds = 15.0 if quick else 45.0
    with kernel() as one, kernel() as other:
        one.call(show_monitor)
        other.call(show_nothing)
        one.listen(SETTLE_SECONDS)
        trained: dict[str, dict[str, float]] = {}

        def train(name: str, where: Kernel) -> None:
            trained[name] = where.call(train_in_parallel, name=name, seconds=seconds)

        threads = [
            threading.Thread(target=train, args=pair)
            for pair in (("with", one), ("without", other))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent = sum(_update_bytes(message) for message in one.heard)
    extra = trained["with"]["percent"] - trained["without"]["percent"]
    used = in_fresh_python(MEMORY_CODE.format(updates=UPDATES))
    work = f"{RUNS} parallel runs x {METRICS} metrics at {UPDATES_PER_SECOND} updates/s each"
    return [
        Row(
            f"{work}, panel shown: CPU over the bare loops",
            extra,
            "{:.2f} % of a core",
            3.0,
            measured=f"bare loops {trained['without']['percent']:.2f} %",
            data=trained,
        ),
        Row(f"{work}: bytes to the panel a second", sent / seconds / 1e3, "{:.1f} kB", 12.0),
        Row(
            "memory after 1,000,000 updates of 4 metrics, beyond that before",
            (used[-1] - used[0]) / 1e6,
            "{:.1f} MB",
            5.0,
            data={"rss_bytes": used},
        ),
    ]


_held: list[Any] = []
"""A monitor that nobody holds ends."""


def show_monitor() -> None:
    """Run in the kernel: a displayed monitor."""
    from IPython.display import display

    from ipyvitals import Monitor

    monitor = Monitor("bench", name="bench-runs")
    _held.append(monitor)
    display(monitor)


def show_nothing() -> None:
    """Run in the other kernel: the same libraries, without a monitor."""
    import ipyvitals.jupyter.panel  # noqa: F401


def train_in_parallel(name: str, seconds: float) -> dict[str, float]:
    """Run in a kernel: the loops, each on a thread; return percent of a core, also by thread."""
    monitor = _held[0] if _held else None
    threads = [threading.Thread(target=_train, args=(monitor, seconds)) for _ in range(RUNS)]
    process = psutil.Process()
    before, by_thread, started = process.cpu_times(), _thread_seconds(process), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed, after = time.monotonic() - started, process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return {
        "percent": 100.0 * used / passed,
        **{
            thread: 100.0 * (spent - by_thread.get(thread, 0.0)) / passed
            for thread, spent in _thread_seconds(process).items()
        },
    }


def _thread_seconds(process: psutil.Process) -> dict[str, float]:
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    return {
        names[one.id]: one.user_time + one.system_time
        for one in process.threads()
        if one.id in names
    }


def _train(monitor: Any, seconds: float) -> None:
    steps = int(seconds * UPDATES_PER_SECOND)
    started = time.monotonic()
    run = monitor.training(total=steps, stage="Fit") if monitor is not None else None
    for step in range(1, steps + 1):
        values = {f"metric_{number}": 1.0 / (step + number) for number in range(METRICS)}
        if run is not None:
            run.update(step, **values)
        time.sleep(max(0.0, started + step / UPDATES_PER_SECOND - time.monotonic()))
    if run is not None:
        run.complete()


def _update_bytes(message: dict[str, Any]) -> int:
    if message["header"]["msg_type"] != "comm_msg":
        return 0
    data = message["content"]["data"]
    return len(json.dumps(data).encode()) if data.get("method") == "update" else 0


def resident(updates: int) -> list[int]:
    """Return the resident bytes before and after the updates, all folded."""
    from ipyvitals import Monitor

    process = psutil.Process()
    with Monitor("bench", name="bench-run-memory") as monitor:
        with monitor.training(total=100, stage="Warm up") as run:
            run.update(1, loss=1.0, accuracy=1.0, val_loss=1.0, val_accuracy=1.0)
        monitor.flush()
        used = [process.memory_info().rss]
        with monitor.training(total=updates) as run:
            for step in range(1, updates + 1):
                value = 1.0 / step
                run.update(step, loss=value, accuracy=value, val_loss=value, val_accuracy=value)
            monitor.flush()
            used.append(process.memory_info().rss)
    return used
