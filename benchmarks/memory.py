"""Whether ten million records leave anything behind."""

from __future__ import annotations

import psutil

from benchmarks.feed import predictions
from benchmarks.fresh import in_fresh_python
from benchmarks.table import Row
from ipyvitals import Monitor

MILLION = 1_000_000
CODE = """
import json
from benchmarks.memory import resident
print(json.dumps(resident({millions})))
"""


def memory_rows(*, quick: bool) -> list[Row]:
    """Compare the resident memory after the first million with that at the end."""
    millions = 3 if quick else 10
    used = in_fresh_python(CODE.format(millions=millions))
    growth = (used[-1] - used[0]) / 1e6
    return [
        Row(
            f"memory after {millions} million `record` calls, beyond that after the first",
            abs(growth),
            "{:.1f} MB",
            5.0,
            measured=f"{used[0] / 1e6:.1f} MB after 1M, {used[-1] / 1e6:.1f} MB after {millions}M, "
            f"highest {max(used) / 1e6:.1f} MB",
            data={"rss_bytes_after_each_million": used},
        )
    ]


def resident(millions: int) -> list[int]:
    """Return the resident bytes after each million records, all folded."""
    feed = predictions(100_000)
    process = psutil.Process()
    used = []
    with Monitor("bench", name="bench-memory") as monitor:
        for _ in range(millions):
            for _ in range(MILLION // len(feed)):
                for prediction, actual, latency in feed:
                    monitor.record(prediction, actual, latency=latency)
            monitor.flush()
            used.append(process.memory_info().rss)
    return used
