"""What a monitor is made with."""

from __future__ import annotations

from typing import Any

import msgspec

from ipyvitals.errors import ArgumentTypeError
from ipyvitals.intake.arguments import check_count, check_seconds, check_text
from ipyvitals.intake.scoring import Score
from ipyvitals.status import Thresholds

__all__ = ["Settings", "check_settings"]

SHORTEST_INTERVAL_SECONDS = 0.1


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `Monitor` that stay for life, checked."""

    name: str
    accuracy_window: int
    score: Score | None
    thresholds: Thresholds
    interval: float | None
    metrics_interval: float
    pending_limit: int
    label_ttl: float


def check_settings(
    *,
    name: Any,
    accuracy_window: Any,
    score: Any,
    thresholds: Any,
    interval: Any,
    metrics_interval: Any,
    pending_limit: Any,
    label_ttl: Any,
) -> Settings:
    """Return the settings, or raise an error that says which one makes no sense."""
    if thresholds is not None and not isinstance(thresholds, Thresholds):
        raise ArgumentTypeError(
            f"thresholds={thresholds!r}: expected ipyvitals.Thresholds(…), such as "
            "Thresholds(accuracy=0.85)."
        )
    if score is not None and not callable(score):
        raise ArgumentTypeError(
            f"score={score!r}: expected a function of a prediction and its label."
        )
    shortest = SHORTEST_INTERVAL_SECONDS
    return Settings(
        name=check_text("name", name),
        accuracy_window=check_count("accuracy_window", accuracy_window),
        score=score,
        thresholds=thresholds if thresholds is not None else Thresholds(),
        interval=None if interval is None else check_seconds("interval", interval, shortest),
        metrics_interval=check_seconds("metrics_interval", metrics_interval, shortest),
        pending_limit=check_count("pending_limit", pending_limit),
        label_ttl=check_seconds("label_ttl", label_ttl, 0.0),
    )
