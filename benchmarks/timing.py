"""Timing several things in turn, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

Times = dict[str, list[float]]


def interleaved(work: Mapping[str, Callable[[], float]], rounds: int) -> Times:
    """Run each thing once a round, in an order that moves on; each returns what it took."""
    names = list(work)
    times: Times = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(work[name]())
    return times


def ratio(times: Times, one: str, other: str) -> float:
    """Return the median over rounds of one time over the other's in the same round."""
    return median(a / b for a, b in zip(times[one], times[other], strict=True))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
