"""What readings of the machine cost, and what progress waits for them, by how many children."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random
from statistics import mean, median
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil

from benchmarks.fresh import in_fresh_python
from benchmarks.kernel import kernel
from benchmarks.table import Row
from benchmarks.timing import interleaved, quantile
from ipyvitals.system.sampler import SystemSampler

CHILDREN = (0, 10, 500)
BOUND_PERCENT = 0.5
DELAY_BOUND_MS = 20.0
INTERVAL_SECONDS = 5.0
"""The default one."""
BALLAST_BYTES = 50 * 2**20
"""What the kernel holds, and its forked children share."""
CODE = """
import json
from benchmarks.sample import costs
print(json.dumps(costs({children}, {rounds})))
"""
AROUND_SECONDS = (-0.02, 0.1)
"""When progress is reported, from the moment at which a reading is due."""


def sample_rows(*, quick: bool) -> list[Row]:
    """Measure ours, jupyter-resource-usage's, and a plain loop over psutil in turn."""
    rows = [_cost_row(children, _rounds(children, quick=quick)) for children in CHILDREN]
    return [*rows, _delay_row(CHILDREN[-1], 6 if quick else 12)]


def _rounds(children: int, *, quick: bool) -> int:
    # The peers take seconds for a round with 500 children.
    return 12 if quick else 30 if children > 100 else 60


def _cost_row(children: int, rounds: int) -> Row:
    ms = in_fresh_python(CODE.format(children=children, rounds=rounds))
    share = {name: mean(one) / 10 / INTERVAL_SECONDS for name, one in ms.items()}
    return Row(
        f"readings of the machine each {INTERVAL_SECONDS:g} s, {children} children",
        share["ours"],
        "{:.2f} % of a core",
        BOUND_PERCENT,
        measured=f"{mean(ms['ours']):.1f} ms a reading, worst {max(ms['ours']):.1f}; a loop over "
        f"psutil {share['psutil']:.2f} %, jupyter-resource-usage {share['peer']:.2f} %",
        data={"milliseconds": ms},
    )


def costs(children: int, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of CPU of each sample, those of all threads together."""
    ballast = np.ones(BALLAST_BYTES // 8)
    with _forked(children):
        sampler, peer, loop = SystemSampler(), _peer(), _Loop()
        moments = (INTERVAL_SECONDS * number for number in range(rounds + 1))
        work: dict[str, Callable[[], Any]] = {
            "ours": lambda: sampler.sample(next(moments)),
            "psutil": loop.sample,
            "peer": peer,
        }
        for sample in work.values():
            sample()  # the first looks for what the others use
        timed = {name: _timed(sample) for name, sample in work.items()}
        waiting = timed.pop("peer")
        times = interleaved(timed, rounds)
        # It waits for 50 ms at each child.
        times["peer"] = [waiting() for _ in range(max(1, rounds // (1 + children)))]
        assert ballast[0] == 1.0
        return {name: [1000 * one for one in seconds] for name, seconds in times.items()}


def _delay_row(children: int, readings: int) -> Row:
    """Report progress in a busy cell, in turn as a reading is due and in between; see it sent."""
    with kernel() as one:
        marked = one.call(busy_cell, children=children, readings=readings)
        sent = _sent(one.heard)
    ms = {name: [1e3 * (sent[mark] - at) for mark, at in marks] for name, marks in marked.items()}
    p95 = {name: quantile(one, 0.95) for name, one in ms.items()}
    return Row(
        f"progress beside a busy cell, later for a reading, {children} children, p95",
        p95["reading"] - p95["between"],
        "{:.1f} ms",
        DELAY_BOUND_MS,
        measured=", ".join(
            f"{name} p50 {median(one):.1f}, p95 {p95[name]:.1f}, highest {max(one):.1f} ms"
            for name, one in ms.items()
        ),
        data={"milliseconds": ms},
    )


def busy_cell(children: int, readings: int) -> dict[str, list[tuple[str, float]]]:
    """Run in the kernel: compute, report progress, and return what was reported when."""
    from IPython.display import display

    from ipyvitals import Monitor

    random = Random(7)
    marked: dict[str, list[tuple[str, float]]] = {"reading": [], "between": []}
    with _forked(children), Monitor("bench", name="bench-sample", store=False) as monitor:
        # The second reading comes a second after the first, the others at the interval.
        due = time.monotonic() + 1.0 + INTERVAL_SECONDS
        display(monitor)
        with monitor.training(total=1000, details="mark") as run:
            for number in range(readings):
                for name, after in (("reading", 0.0), ("between", INTERVAL_SECONDS / 2)):
                    _compute_until(due + after + random.uniform(*AROUND_SECONDS))
                    mark = f"{name}-{number};"
                    marked[name].append((mark, time.time()))
                    run.update(number, details=mark)
                due += INTERVAL_SECONDS
            _compute_until(time.monotonic() + 1.0)
    return marked


def _compute_until(moment: float) -> None:
    value = 1
    while time.monotonic() < moment:
        for _ in range(1_000):
            value = (value * 48_271) % 2_147_483_647


def _sent(heard: list[dict[str, Any]]) -> dict[str, float]:
    """Return when the first message with each mark was made."""
    sent: dict[str, float] = {}
    for message in heard:
        if message["msg_type"] == "comm_msg":
            details = message["content"]["data"].get("state", {}).get("training", {})
            date: datetime = message["header"]["date"]
            if details:
                sent.setdefault(details["details"], date.timestamp())
    return sent


class _Loop:
    """The same figures, as far as psutil tells them, the way its documents show."""

    def __init__(self) -> None:
        self._root = psutil.Process()
        self._known: dict[Any, Any] = {}

    def sample(self) -> None:
        psutil.cpu_percent()
        psutil.virtual_memory()
        psutil.disk_usage(".")
        psutil.disk_io_counters()
        psutil.net_io_counters()
        processes = [self._root, *self._root.children(recursive=True)]
        self._known = {one: self._known.get(one, one) for one in processes}
        for one in self._known.values():
            with one.oneshot():
                one.cpu_percent()
                one.memory_info()
                one.num_threads()
                one.num_fds()
                one.net_connections(kind="tcp")


def _peer() -> Callable[[], None]:
    """Return what jupyter-resource-usage does at each request, with all that it can show."""
    from jupyter_resource_usage.config import ResourceUseDisplay
    from jupyter_resource_usage.metrics import PSUtilMetricsLoader

    settings = {"jupyter_resource_usage_display_config": ResourceUseDisplay()}
    loader = PSUtilMetricsLoader(SimpleNamespace(web_app=SimpleNamespace(settings=settings)))

    def sample() -> None:
        loader.memory_metrics()
        loader.cpu_metrics()
        loader.disk_metrics()

    return sample


def _timed(sample: Callable[[], Any]) -> Callable[[], float]:
    def seconds() -> float:
        begun = time.process_time()
        sample()
        return time.process_time() - begun

    return seconds


@contextmanager
def _forked(count: int) -> Iterator[None]:
    """Have so many children that share this process's memory, as workers of a data loader do."""
    pids = []
    try:
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                signal.pause()
                os._exit(0)
            pids.append(pid)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
