"""One line of the list: a model of a monitor, and how it is."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ipyvitals.schema import Status

__all__ = ["Entry"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A model of a monitor. Times are Unix seconds, ratios lie in [0, 1]; unknown is ``None``."""

    source: Literal["store", "server"]
    """Whether it was read from a file, or told by a running server."""
    monitor: str
    live: bool
    """Whether a living process has it."""
    model_id: str | None = None
    name: str | None = None
    version: str | None = None
    active: bool | None = None
    """Whether predictions belong to it that name no model."""
    status: Status | None = None
    """As it was told last; of one that is not live, as it was then."""
    reason: str | None = None
    current_accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    total_predictions: int | None = None
    predictions_per_minute: int | None = None
    latency_p95_seconds: float | None = None
    stage: str | None = None
    """Of a training run that is on."""
    progress: float | None = None
    """Percent of that run."""
    kernel_id: str | None = None
    notebook: str | None = None
    last_at: float | None = None
    """When it was heard of last."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain strings and numbers."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain
