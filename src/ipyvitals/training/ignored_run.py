"""A run that nobody sees: for a framework's callback where there is no monitor to report to."""

from __future__ import annotations

from typing import Any

from ipyvitals.training.record import RunRecord
from ipyvitals.training.run import RunOwner, TrainingRun

__all__ = ["ignored_run"]


class IgnoringOwner(RunOwner):
    """Ignores all that a run reports."""

    def update(self, run: TrainingRun, *args: Any) -> None:
        """Ignore an update."""

    def log(self, run: TrainingRun, mapping: Any, step: Any, metrics: dict[str, Any]) -> None:
        """Ignore values of metrics."""

    def end(self, run: TrainingRun, *args: Any, **options: Any) -> None:
        """Ignore the end of a run."""

    def fold(self) -> None:
        """Do nothing: no values wait."""


def ignored_run(total: int | None, stage: str) -> TrainingRun:
    """Return a run that has ended, so that it takes nothing."""
    run = TrainingRun(IgnoringOwner(), RunRecord(0, "", 0.0, 0.0), total, stage, "")
    run.state = "stopped"
    return run
