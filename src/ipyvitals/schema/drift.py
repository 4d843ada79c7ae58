"""Drift of the data: whether predictions, features and errors still look like the reference."""

from __future__ import annotations

from typing import Literal

from ipyvitals.schema.base import SchemaStruct

__all__ = ["DriftSection", "ErrorDrift", "FeatureDrift"]


class FeatureDrift(SchemaStruct, frozen=True, kw_only=True):
    """How far the predictions, or one feature, moved away from the reference window."""

    name: str
    """``""`` for the predictions themselves."""
    kind: Literal["numeric", "categorical"]
    psi: float | None = None
    """Population stability index of the window against the reference."""
    threshold: float | None = None
    """What ``psi`` seldom exceeds by chance alone, given both sizes and all that is watched."""
    drifted: bool = False


class ErrorDrift(SchemaStruct, frozen=True, kw_only=True):
    """What ADWIN says of the stream of errors."""

    error_rate: float | None = None
    """Mean error of the labels since the last change."""
    window_labelled: int = 0
    """Labels since the last change."""
    changes: int = 0
    rising: bool = False
    """Whether the last change was for the worse."""


class DriftSection(SchemaStruct, frozen=True, kw_only=True):
    """Whether what the active model sees and says still looks like the reference."""

    state: Literal["off", "collecting", "watching", "drifted"] = "off"
    reference_rows: int = 0
    reference_size: int = 0
    window_rows: int = 0
    window_size: int = 0
    features: list[FeatureDrift] = []
    """Predictions and features, the one furthest above its threshold first; 20 at most."""
    watched: int = 0
    """How many there are in all."""
    errors: ErrorDrift | None = None
