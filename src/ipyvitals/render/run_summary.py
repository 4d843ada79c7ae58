"""Say in words what a training run did: state, steps, time, waiting, cost and best values."""

from __future__ import annotations

from collections.abc import Iterable

from ipyvitals.render import formatting as fmt
from ipyvitals.schema import RunInfo

__all__ = ["run_facts", "run_title", "shown_runs"]

MOST_BEST = 4
"""Metrics of a run whose best value is shown."""
LEAST_WAIT = 0.005
"""Share of waiting for data from which a summary mentions it."""


def shown_runs(runs: Iterable[RunInfo], most: int) -> list[RunInfo]:
    """Return the runs that have a summary: those at the top, and those inside that have metrics."""
    return [run for run in runs if run.parent_id is None or run.metrics][:most]


def run_title(run: RunInfo) -> str:
    """Return the name of a run, or its stage."""
    return run.name or run.stage


def run_facts(run: RunInfo) -> list[str]:
    """Return the facts of a run, each a few words; only what is known.

    Examples
    --------
    >>> run = RunInfo(run_id="a-1", state="completed", steps=1_200, elapsed_seconds=252.0)
    >>> run_facts(run)
    ['completed', '1,200 steps in 4m 12s']
    """
    facts: list[str] = [run.state]
    if run.alert is not None:
        facts.append("stalled" if run.alert.kind == "stalled" else f"{run.alert.metric} not finite")
    cost = run.cost
    steps = cost.steps if cost is not None else run.steps
    seconds = cost.duration_seconds if cost is not None else run.elapsed_seconds
    facts.append(f"{fmt.plural(steps, run.unit)} in {fmt.elapsed(seconds)}")
    waited = run.data_wait_ratio_total
    if waited is not None and waited >= LEAST_WAIT:
        facts.append(f"waited for data {fmt.ratio_whole(waited)}")
    if cost is not None and cost.peak_memory_bytes is not None:
        facts.append(f"peak memory {fmt.bytes_text(cost.peak_memory_bytes)}")
    if cost is not None and cost.gpu_utilization_percent is not None:
        facts.append(f"GPU {fmt.percent(cost.gpu_utilization_percent)}")
    if cost is not None and cost.energy_wh is not None:
        facts.append(f"{fmt.metric(cost.energy_wh)} Wh")
    for name, best in list(run.best.items())[:MOST_BEST]:
        at = "" if best.step is None else f" at step {fmt.count(best.step)}"
        facts.append(f"best {name} {fmt.metric(best.value)}{at}")
    return facts
