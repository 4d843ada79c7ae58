"""What one reading of the machine costs, by how many children the kernel has."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import mean
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil

from benchmarks.fresh import in_fresh_python
from benchmarks.table import Row
from benchmarks.timing import interleaved
from ipyvitals.system import SystemSampler

BOUNDS_MS = {0: None, 10: 3.0, 500: 15.0}
INTERVAL_SECONDS = 5.0
BALLAST_BYTES = 50 * 2**20
"""What the kernel holds, and its forked children share."""
CODE = """
import json
from benchmarks.sample import costs
print(json.dumps(costs({children}, {rounds})))
"""


def sample_rows(*, quick: bool) -> list[Row]:
    """Measure ours, jupyter-resource-usage's, and a plain loop over psutil in turn."""
    rows = []
    for children, bound in BOUNDS_MS.items():
        rounds = 6 if quick or children == 500 else 24
        ms = in_fresh_python(CODE.format(children=children, rounds=rounds))
        rows.append(
            Row(
                f"a reading of the machine with {children} children",
                mean(ms["ours"]),
                "{:.2f} ms of CPU",
                bound,
                measured=f"worst {max(ms['ours']):.2f}; a loop over psutil "
                f"{mean(ms['psutil']):.1f} ms, jupyter-resource-usage {mean(ms['peer']):.1f} ms",
                data={"milliseconds": ms},
            )
        )
    return rows


def costs(children: int, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of CPU of each sample, those of all threads together."""
    ballast = np.ones(BALLAST_BYTES // 8)
    with _forked(children):
        sampler, peer, loop = SystemSampler(), _peer(), _Loop()
        moments = (INTERVAL_SECONDS * number for number in range(rounds + 2))
        work: dict[str, Callable[[], Any]] = {
            "ours": lambda: sampler.sample(next(moments)),
            "psutil": loop.sample,
            "peer": peer,
        }
        for sample in work.values():
            sample()  # the first looks for what the others use
        times = interleaved({name: _timed(sample) for name, sample in work.items()}, rounds)
        assert ballast[0] == 1.0
        return {name: [1000 * one for one in seconds] for name, seconds in times.items()}


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
