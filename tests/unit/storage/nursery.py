"""Many processes with a monitor each, forked from one that has imported it all but has no thread.

    python nursery.py killed PATH     100 that are killed, each at a random moment
    python nursery.py together PATH   8 that write one file at the same time

Prints JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from ipyvitals import Monitor
from ipyvitals.runtime import persistence
from ipyvitals.storage import client  # noqa: F401 - once, and not in each child

KILLED, TOGETHER, AT_ONCE = 100, 8, 16
ROWS = 20
RECORDED, FLUSHED = b"r", b"f"
ENTRY = struct.Struct("<cdq")


def main() -> None:
    what, path = sys.argv[1:]
    sys.stdout.write(json.dumps({"killed": killed, "together": together}[what](path)))


def killed(path: str) -> list[dict[str, Any]]:
    """Return of each process what it had recorded and flushed, and what its successor knew."""
    random.seed(7)
    folder = Path(tempfile.mkdtemp())
    waiting, found = list(range(KILLED)), []
    running: dict[int, tuple[int, Path, float, float | None]] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            number = waiting.pop()
            log = folder / str(number)
            log.touch()
            pid = fork(partial(serve, path, number, log))
            # Some live for so long that what they lose shows.
            life = random.uniform(2.3, 3.0) if is_patient(number) else random.uniform(0.05, 0.8)
            end = None if is_patient(number) else time.monotonic() + life
            running[pid] = (number, log, life, end)
        for pid, (number, log, life, end) in list(running.items()):
            if end is None:
                # A busy machine may take its time to start one.
                if log.stat().st_size:
                    running[pid] = (number, log, life, time.monotonic() + life)
                continue
            if time.monotonic() < end:
                continue
            os.kill(pid, signal.SIGKILL)
            at = time.monotonic()
            os.waitpid(pid, 0)
            del running[pid]
            found.append({**entries(log, at), "known": ask(partial(resumed, path, number))})
        time.sleep(0.002)
    return found


def is_patient(number: int) -> bool:
    return number % 8 == 0


def serve(path: str, number: int, log: Path) -> None:
    random.seed(number)
    nursery = os.getppid()
    monitor = Monitor("churn", name=f"m{number}", store=path)
    n = 0
    with log.open("ab", buffering=0) as file:
        while os.getppid() == nursery:
            for _ in range(ROWS):
                monitor.record(1, 1)
            n += ROWS
            file.write(ENTRY.pack(RECORDED, time.monotonic(), n))
            if random.random() < 0.05 and monitor.flush():
                file.write(ENTRY.pack(FLUSHED, time.monotonic(), n))
            time.sleep(0.02)


def entries(log: Path, at: float) -> dict[str, Any]:
    data = log.read_bytes()
    read = list(ENTRY.iter_unpack(data[: len(data) // ENTRY.size * ENTRY.size]))
    times = [moment for _, moment, _ in read]
    return {
        "flushed": max((n for kind, _, n in read if kind == FLUSHED), default=0),
        "recorded": [(moment - at, n) for kind, moment, n in read if kind == RECORDED],
        # When a machine is so busy that the loop stood still, the ticker did too.
        "stall": max((b - a for a, b in pairwise([*times, at])), default=0.0),
    }


def resumed(path: str, number: int) -> dict[str, Any]:
    # A busy machine may take its time to look into the file.
    persistence.RESTORE_SECONDS = 30.0
    monitor = Monitor("churn", name=f"m{number}", store=path)
    snapshot = monitor.snapshot()
    return {
        "predictions": snapshot.metrics.total_predictions,
        "labelled": snapshot.metrics.total_labelled,
        "window": snapshot.metrics.window_labelled,
        "notices": [notice.code for notice in snapshot.notices],
    }


def together(path: str) -> list[dict[str, Any]]:
    """Return what each of them counted; they all have the same model of the same monitor."""
    ready, set_, go, start = *os.pipe(), *os.pipe()
    pipes = [answering(partial(write, path, number, set_, go)) for number in range(TOGETHER)]
    for _ in range(TOGETHER):
        os.read(ready, 1)
    os.write(start, b"x" * TOGETHER)
    return [read_all(pipe) for pipe in pipes]


def write(path: str, number: int, ready: int, go: int) -> dict[str, Any]:
    with Monitor("churn", store=path, interval=0.1, metrics_interval=0.1) as monitor:
        # Who came after another one had gone would go on with its model.
        os.write(ready, b"x")
        os.read(go, 1)
        for _ in range(30):
            for _ in range(number + 1):
                monitor.record(1, 1)
            flushed = monitor.flush()
            with monitor.training(total=1) as run:
                run.update(1, loss=0.5)
        notices = [notice.message for notice in monitor.snapshot().notices]
        return {"flushed": flushed, "notices": notices, "total": 30 * (number + 1)}


def fork(work: Callable[[], object]) -> int:
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def ask(work: Callable[[], Any]) -> Any:
    return read_all(answering(work))


def answering(work: Callable[[], Any]) -> tuple[int, int]:
    end, begin = os.pipe()
    pid = fork(lambda: os.write(begin, json.dumps(work()).encode()))
    os.close(begin)
    return pid, end


def read_all(pipe: tuple[int, int]) -> Any:
    pid, end = pipe
    with open(end, "rb") as file:  # noqa: PTH123 - a pipe has no path
        answer = file.read()
    os.waitpid(pid, 0)
    return json.loads(answer)


if __name__ == "__main__":
    main()
