"""Computes what follows from the state of a run and of the runs inside it."""

from __future__ import annotations

from operator import length_hint
from typing import TYPE_CHECKING, NamedTuple

from ipyvitals.errors import TrainingStopped
from ipyvitals.schema import CurveChunk, RunInfo, TrainingState
from ipyvitals.schema.messages import LABELS

if TYPE_CHECKING:
    from ipyvitals.training.run import TrainingRun

__all__ = [
    "COUNTER_LENGTH",
    "INTERRUPTED",
    "STOPPED",
    "ProgressReport",
    "end_by_error",
    "is_elsewhere",
    "is_inside",
    "leaf_steps",
    "nested_fraction",
    "newest_step",
    "raise_if_stopped",
    "report_of",
    "subtree",
]

COUNTER_LENGTH = 1 << 62
STOPPED = LABELS["training.stopped_on_request"]
INTERRUPTED = LABELS["training.interrupted"]


class ProgressReport(NamedTuple):
    """State of a run, with the metrics that were reported along with it."""

    run: int
    """Number of the run, counted from 1."""
    at: float
    """Unix seconds."""
    stage: str
    state: TrainingState
    step: float | None
    total: int | None
    details: str
    metrics: dict[str, float | None]
    info: RunInfo | None = None
    """What a snapshot says of the run; only from time to time."""
    curves: tuple[tuple[int, CurveChunk], ...] = ()
    """Final curves, each with the number of its run: those of the run, and of loops inside it."""


def report_of(
    run: TrainingRun,
    at: float,
    step: float,
    metrics: dict[str, float | None],
    info: RunInfo | None = None,
) -> ProgressReport:
    """Return the state of a run, with some metrics."""
    return ProgressReport(
        *(run.record.number, at, run.stage, run.state, step),
        *(run.total, run.details, metrics, info),
    )


def leaf_steps(run: TrainingRun) -> int:
    """Return the number of steps of the lowest level inside a run."""
    if not run._has_inner:
        return run.current
    return run.finished_steps + sum(
        leaf_steps(child) for child in list(run.children) if not child.aside
    )


def newest_step(run: TrainingRun) -> int:
    """Return the step at which a value stands that is logged without one."""
    for record in list(run.loops.values()):
        # The first kind of loop inside: validation does not move the axis of the training.
        inner = record.run
        if inner is not None and inner.aside:
            continue
        return record.steps if inner is None or inner.state != "running" else newest_step(inner)
    if run._counter is not None:
        return run.offset + COUNTER_LENGTH - length_hint(run._counter)
    return run.offset + (run._current if run.counted else run.reports)


def nested_fraction(run: TrainingRun) -> float | None:
    """Return the completed share with that of the open runs inside, which never goes back."""
    fraction = run.fraction
    if fraction is None or not run.total:
        return fraction
    inside = sum(nested_fraction(child) or 0.0 for child in list(run.children) if not child.aside)
    run.reached = max(run.reached, min(1.0, fraction + inside / run.total))
    return run.reached


def subtree(run: TrainingRun) -> list[TrainingRun]:
    """Return a run and the open runs inside it, each before those inside it."""
    return [run, *(inner for child in run.children for inner in subtree(child))]


def is_inside(run: TrainingRun | None, run_id: str) -> bool:
    """Return whether a run has this id, or is inside a run that has it."""
    while run is not None:
        if run.run_id == run_id:
            return True
        run = run.parent
    return False


def is_elsewhere(run: TrainingRun) -> bool:
    """Return whether another thread or task that opened the run goes on."""
    return run.place is not None and run.place.is_elsewhere()


def raise_if_stopped(run: TrainingRun | None) -> None:
    """Raise `TrainingStopped` after a request to stop, if a run or one around it asks for that."""
    while run is not None and run.should_stop:
        if run.stop_raises and run.state == "running":
            raise TrainingStopped(run.stage, run.current)
        run = run.parent


def end_by_error(run: TrainingRun, error: BaseException) -> None:
    """End a run as failed, or as stopped when the error is an interrupt or a cancelled task."""
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError":
        run.owner.end(run, "stopped", INTERRUPTED, "interrupted")
    else:
        run.fail(error)
