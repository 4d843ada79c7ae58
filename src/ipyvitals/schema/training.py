"""Training runs: progress, pace and newest metrics of the run in front."""

from __future__ import annotations

from typing import Annotated

from ipyvitals.schema.base import SchemaStruct, TrainingState
from ipyvitals.schema.metrics import exposed, metric

__all__ = ["TrainingSection"]


class TrainingSection(SchemaStruct, frozen=True, kw_only=True):
    """The training run that the panel shows, or ``"Ready"`` without one."""

    state: Annotated[
        TrainingState,
        metric("state", "Training", "last"),
        exposed("ipyvitals_training_state", "State of the training run in front."),
    ] = "idle"
    stage: str = "Ready"
    progress: Annotated[
        float | None,
        metric("percent", "Progress"),
        exposed("ipyvitals_training_progress_ratio", "How much of the training run is done."),
    ] = 100.0
    """Percent in [0, 100]; ``None`` while the total is not known."""
    details: str = "System ready"
    current: int | None = None
    total: int | None = None
    rate_per_second: Annotated[
        float | None,
        metric("per second", "Steps per second"),
        exposed("ipyvitals_training_steps_per_second", "How fast the training run moves."),
    ] = None
    eta_seconds: Annotated[
        float | None,
        metric("seconds", "Time left"),
        exposed("ipyvitals_training_eta_seconds", "Time until the training run is done."),
    ] = None
    elapsed_seconds: float | None = None
    metrics: dict[str, float | None] = {}
    stop_requested: bool = False
    """Whether the run was asked to end; ending may take some time."""
