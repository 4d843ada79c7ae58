"""Builds the sections that show training: the run in front, and the rows of all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipyvitals.schema import TrainingSection
from ipyvitals.training.run_states import nested_fraction

if TYPE_CHECKING:
    from ipyvitals.training.run import TrainingRun

__all__ = ["training_section", "trains_a_model"]

NO_TRAINING = frozenset(
    {
        *("eval", "evaluate", "evaluation", "val", "valid", "validate", "validation", "test"),
        *("testing", "predict", "predicting", "prediction", "inference", "score", "scoring"),
    }
)
"""Words of a stage that trains nothing."""


def training_section(run: TrainingRun, now: float) -> TrainingSection:
    """Return the section of a run at the top, with the details of the newest run inside it."""
    record = run.record
    inner = run
    while inner.children:
        inner = inner.children[-1]
    running = run.state == "running"
    fraction = nested_fraction(run)
    details = run.details
    if not details and inner is not run:
        of = f" of {inner.total}" if inner.total else ""
        details = f"{inner.stage} {inner.current}{of}"
    eta = record.leaf_eta
    return TrainingSection(
        state=run.state,
        stage=run.stage,
        progress=None if fraction is None else 100.0 * fraction,
        details=details,
        current=run.current,
        total=run.total,
        rate_per_second=eta.rate(now) if running else eta.mean_rate(now),
        eta_seconds=eta.eta_seconds(now) if running else None,
        elapsed_seconds=eta.elapsed_seconds(now),
        metrics=_metrics(run),
        stop_requested=running and run.should_stop,
        run_id=run.run_id,
    )


def trains_a_model(section: TrainingSection) -> bool:
    """Return whether a model has been trained once this run has completed.

    Examples
    --------
    >>> trains_a_model(TrainingSection(state="completed", stage="Fit", current=3))
    True
    >>> trains_a_model(TrainingSection(state="completed", stage="Validation", current=3))
    False
    """
    words = set(section.stage.lower().split())
    done = section.state == "completed" and bool(section.current)
    return done and NO_TRAINING.isdisjoint(words)


def _metrics(run: TrainingRun) -> dict[str, float | None]:
    """Return the newest metrics of a run and of those inside it, of which the innermost win."""
    metrics = run.record.inner_metrics | run.record.series.metrics
    for child in run.children:
        metrics |= _metrics(child)
    return metrics
