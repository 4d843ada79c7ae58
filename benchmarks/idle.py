"""What a displayed monitor costs while nobody does anything."""

from __future__ import annotations

import json
from typing import Any

import psutil

from benchmarks.kernel import Kernel, kernel
from benchmarks.table import Row

SETTLE_SECONDS = 7.0
"""The monitor's first readings come at once, one second and five seconds later."""
TIMING = {"at"}
"""What comes with every message, to tell that the kernel lives."""


def idle_rows(*, quick: bool) -> list[Row]:
    """Watch two kernels at the same time: one with a monitor, one without."""
    seconds = 15.0 if quick else 60.0
    with kernel() as one, kernel() as other:
        one.call(show_monitor)
        other.call(show_nothing)
        one.listen(SETTLE_SECONDS)
        before = _cpu_seconds(one), _cpu_seconds(other)
        messages = one.listen(seconds)
        after = _cpu_seconds(one), _cpu_seconds(other)
        sent = _updates(one.heard)
    with_monitor, without = (
        100 * (end - start) / seconds for start, end in zip(before, after, strict=True)
    )
    updates = _updates(messages)
    size = sum(len(json.dumps(state).encode()) for state in updates)
    keys = {name: sum(name in state for state in updates) for name in set().union(*updates)}
    listed = ", ".join(f"{name} {count}" for name, count in sorted(keys.items()))
    data = {"messages": len(updates), "bytes": size, "keys": keys, "seconds": seconds}
    return [
        Row(
            "idle kernel with a displayed monitor",
            with_monitor,
            "{:.2f} % of a core",
            0.3,
            measured=f"a kernel without {without:.2f} %",
            data={"with_percent": with_monitor, "without_percent": without},
        ),
        Row(
            "sections that it sends unchanged",
            _unchanged(sent),
            "{:.0f}",
            0,
            measured=f"in {seconds:.0f} s {len(updates)} messages, {size} bytes: {listed}",
            data=data,
        ),
    ]


_held: list[Any] = []
"""A monitor that nobody holds ends."""


def show_monitor() -> None:
    """Run in the kernel: a model is deployed, and nothing happens to it."""
    from IPython.display import display

    from ipyvitals import Monitor

    monitor = Monitor("bench", version="1.0", name="bench-idle")
    _held.append(monitor)
    display(monitor)


def show_nothing() -> None:
    """Run in the other kernel: the same libraries, without a monitor."""
    import ipyvitals.jupyter.panel  # noqa: F401


def _cpu_seconds(one: Kernel) -> float:
    times = psutil.Process(one.pid).cpu_times()
    return times.user + times.system


def _updates(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the changes of state among messages."""
    return [
        message["content"]["data"]["state"]
        for message in messages
        if message["msg_type"] == "comm_msg"
        and message["content"]["data"].get("method") == "update"
    ]


def _unchanged(updates: list[dict[str, Any]]) -> int:
    """Return how many sections were sent again as they were."""
    known: dict[str, Any] = {}
    count = 0
    for state in updates:
        count += sum(
            name in known and known[name] == value
            for name, value in state.items()
            if name not in TIMING
        )
        known |= state
    return count
