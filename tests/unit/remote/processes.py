"""Programs of the tests of real processes; each is started as a script."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from ipyvitals import Monitor


def say(*values):
    """Write a line at once."""
    sys.stdout.write(" ".join(map(str, values)) + "\n")
    sys.stdout.flush()


def record(monitor, count):
    """Record predictions in a worker; every tenth call fails."""
    for number in range(count):
        monitor.record(number % 2, 1, latency=0.01)
        if number % 10 == 9:
            monitor.record_error()
    return count


def home(store, stop):
    """Count for the workers until a file appears, then print the total."""
    monitor = Monitor("churn", name="m", interval=0.5, store=store, git=False)
    say("ready")
    while not Path(stop).exists():
        time.sleep(0.02)
    for _ in range(100):
        monitor.tick()
        if all(one.state == "ended" for one in monitor.snapshot().workers):
            break
        time.sleep(0.1)
    metrics = monitor.snapshot().metrics
    say(metrics.total_predictions, metrics.total_labelled)
    monitor.close()


def writer(stop):
    """Record until a file appears, then print how often."""
    monitor = Monitor("churn", name="m", interval=0.5, git=False)
    count = 0
    while not Path(stop).exists():
        monitor.record(1, 1)
        count += 1
        time.sleep(0.001)
    monitor.close()
    say(count)


def rank():
    """Record as a rank of a launch; the first one prints the total and the others."""
    monitor = Monitor("churn", name="m", interval=0.5, store=None, git=False, terminal=False)
    record(monitor, 20)
    if os.environ["RANK"] != "0":
        monitor.close()
        return
    for _ in range(200):
        found = monitor.snapshot()
        if [one.state for one in found.workers] == ["ended", "ended"]:
            break
        time.sleep(0.1)
    names = ",".join(sorted(one.name.replace(" ", "-") for one in found.workers))
    say(found.metrics.total_predictions, len(found.workers), names)
    monitor.close()


if __name__ == "__main__":
    {"home": home, "writer": writer, "rank": rank}[sys.argv[1]](*sys.argv[2:])
