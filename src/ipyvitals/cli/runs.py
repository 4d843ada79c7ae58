"""Choose what the list shows of a training run: its name, state and result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipyvitals.cli.entries import ModelEntry
from ipyvitals.render import formatting as fmt
from ipyvitals.schema import BestValue, TrainingState

__all__ = ["ago", "run_fields", "run_text"]

NOW_SECONDS = 10.0


def run_fields(
    *,
    name: str | None,
    stage: str,
    state: TrainingState,
    progress: float | None,
    metrics: Mapping[str, float | None],
    best: Mapping[str, BestValue],
    ended_at: float | None,
) -> dict[str, Any]:
    """Return the fields of a `ModelEntry` that show a run.

    Its result is the best value of a validation metric, else of any metric, else the last value.
    """
    chosen = next((one for one in best if "val" in one.lower()), next(iter(best), None))
    value = None if chosen is None else best[chosen].value
    if chosen is None:
        known = ((one, last) for one, last in metrics.items() if last is not None)
        chosen, value = next(known, (None, None))
    return {
        "run": name or stage,
        "run_state": state,
        "run_progress": progress,
        "run_metric": chosen,
        "run_value": value,
        "run_best": None if chosen is None else chosen in best,
        "run_ended_at": ended_at,
    }


def ago(seconds: float) -> str:
    """Return for how long something is over: ``now``, ``9 h ago``."""
    return "now" if seconds < NOW_SECONDS else f"{fmt.roughly(seconds)} ago"


def run_text(one: ModelEntry, now: float) -> str:
    """Return a run in words: ``Fit completed, best loss 0.25, 9 h ago``."""
    open_share = one.run_state == "running" and one.run_progress is not None
    parts = [f"{one.run}" if open_share else f"{one.run} {one.run_state}"]
    if one.run_progress is not None and one.run_state != "completed":
        parts[0] += f" {'' if open_share else 'at '}{fmt.progress(one.run_progress)}"
    if one.run_metric is not None and one.run_value is not None:
        best = "best " if one.run_best else ""
        parts.append(f"{best}{one.run_metric} {fmt.metric(one.run_value)}")
    if one.run_ended_at is not None:
        parts.append(ago(now - one.run_ended_at))
    return ", ".join(parts)
