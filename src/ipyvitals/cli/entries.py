"""Define one line of the list: a model of a monitor, with its status."""

from __future__ import annotations

from typing import Literal

import msgspec

from ipyvitals.schema import Status, TrainingState

__all__ = ["ModelEntry"]


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A model of a monitor. Times are Unix seconds, ratios lie in [0, 1]; unknown is ``None``."""

    source: Literal["store", "server"]
    """Whether it comes from a file of history or from a running server."""
    monitor: str
    live: bool
    """Whether a running process has it."""
    model_id: str | None = None
    name: str | None = None
    version: str | None = None
    active: bool | None = None
    """Whether it gets the predictions that name no model."""
    status: Status | None = None
    """The last one known; of a model that is not live, that of its end."""
    reason: str | None = None
    current_accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    total_predictions: int | None = None
    predictions_per_minute: int | None = None
    latency_p95_seconds: float | None = None
    stage: str | None = None
    """Of the training run in progress."""
    progress: float | None = None
    """Percent of that run."""
    lost: str | None = None
    """What became of the newest training run, where its process died."""
    run: str | None = None
    """Name, or else stage, of the newest training run at the top; an open one comes first."""
    run_state: TrainingState | None = None
    run_progress: float | None = None
    """Percent of that run, as far as it came."""
    run_metric: str | None = None
    """The metric that stands for its result: one that has a best value, where there is one."""
    run_value: float | None = None
    run_best: bool | None = None
    """Whether that value is the best one, and not the last."""
    run_ended_at: float | None = None
    """When that run ended; of a lost one, its last word."""
    workers: int | None = None
    """Processes that report to the monitor and have not ended; ``None`` without any."""
    workers_heard: int | None = None
    """How many of them do report."""
    kernel_id: str | None = None
    notebook: str | None = None
    """Path of the notebook on a server; from a file its name, where the run knows it."""
    last_at: float | None = None
    """When its last update or row was written."""
