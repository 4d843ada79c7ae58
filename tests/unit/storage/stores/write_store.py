"""Write a small history with the version of ipyvitals that is on the path; see README.md.

PYTHONPATH=CHECKOUT/src python write_store.py FILE [SCHEMA_VERSION]
"""

from __future__ import annotations

import importlib
import sqlite3
import sys
from pathlib import Path

from ipyvitals import Drift, FakeClock, Monitor

NOON = 1_777_636_800.0
"""2026-05-01T12:00:00+00:00"""


def schema_module():
    for name in ("ipyvitals.storage.schema", "ipyvitals.sinks.store.schema"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise SystemExit("no schema of a history on the path")


def stop_at(version):
    """Let this process write files of an older version of the schema."""
    schema = schema_module()
    schema.VERSION = version
    schema.prepare.__defaults__ = (version,)


def write(path, *, predictions):
    clock = FakeClock(1_000.0, NOON)
    monitor = Monitor(
        "churn", version="2.1", interval=None, store=path, clock=clock, name="shop",
        store_predictions=predictions, drift=Drift(reference=30, window=30),
    )  # fmt: skip
    monitor.deploy("churn", version="2.1", trained_at=NOON - 86_400, baseline_accuracy=0.9)
    for _ in range(5):
        clock.advance(1)
        for row in range(10):
            actual = 0 if row == 0 else 1
            monitor.record(1, actual, latency=0.004, segment="EU" if row % 2 else "US")
        monitor.tick()
    monitor.record(1, id="late")
    monitor.record_error(TimeoutError("no reply"))
    with monitor.training(total=2, stage="Fit") as run:
        for step in (1, 2):
            clock.advance(1)
            run.update(step, loss=1 / step)
    if predictions:
        monitor.label("late", 1)
    clock.advance(1)
    monitor.tick()
    assert monitor.flush()
    monitor.close()


def main():
    path = Path(sys.argv[1])
    version = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    stop_at(version)
    path.unlink(missing_ok=True)
    write(path, predictions=version > 1)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    # What is of this machine is no part of the test.
    connection.execute("UPDATE sessions SET host = 'host', place = NULL, born = NULL, pid = 1")
    connection.commit()
    connection.execute("PRAGMA page_size = 1024")
    connection.execute("VACUUM")
    connection.close()


if __name__ == "__main__":
    main()
