"""Say in one line how many of the workers report."""

from __future__ import annotations

from collections.abc import Sequence

from ipyvitals.render import formatting as fmt
from ipyvitals.schema import WorkerInfo
from ipyvitals.schema.workers import SILENT_STATES

__all__ = ["heard_of", "workers_text"]


def heard_of(workers: Sequence[WorkerInfo]) -> tuple[int, int]:
    """Return how many workers report, of how many that have not ended."""
    states = [one.state for one in workers if one.state != "ended"]
    return sum(state not in SILENT_STATES for state in states), len(states)


def workers_text(workers: Sequence[WorkerInfo]) -> str:
    """Return how many workers report; empty without workers.

    Examples
    --------
    >>> rank0 = WorkerInfo(worker="a", name="rank 0", last_heard_seconds=0.4)
    >>> rank1 = WorkerInfo(worker="b", name="rank 1", state="late", last_heard_seconds=14.2)
    >>> workers_text([rank0, rank1])
    'Workers 1 of 2 heard, last 14 s ago'
    """
    if not workers:
        return ""
    heard, expected = heard_of(workers)
    facts = [f"{fmt.count(heard)} of {fmt.count(expected)} heard"] if expected else []
    ages = [
        one.last_heard_seconds
        for one in workers
        if one.state in SILENT_STATES and one.last_heard_seconds is not None
    ]
    if ages:
        facts.append(f"last {fmt.roughly(min(ages))} ago")
    if len(workers) > expected:
        facts.append(f"{fmt.count(len(workers) - expected)} ended")
    return f"Workers {', '.join(facts)}"
