"""Drift of the data: whether predictions, features and errors still look like the reference."""

from __future__ import annotations

from typing import Literal

from ipyvitals.schema.base import SchemaStruct

__all__ = ["DriftSection", "ErrorDrift", "FeatureDrift"]


class FeatureDrift(SchemaStruct, frozen=True, kw_only=True):
    """Drift of the predictions, or of one feature, from the reference window."""

    name: str
    """``""`` for the predictions themselves."""
    kind: Literal["numeric", "categorical"]
    psi: float | None = None
    """Population stability index of the window against the reference."""
    threshold: float | None = None
    """The value that ``psi`` seldom exceeds by chance, given both sizes and all columns."""
    drifted: bool = False


class ErrorDrift(SchemaStruct, frozen=True, kw_only=True):
    """The verdict of ADWIN on the stream of errors."""

    error_rate: float | None = None
    """Mean error of the labels since the last change."""
    window_labelled: int = 0
    """Labels since the last change."""
    changes: int = 0
    rising: bool = False
    """Whether the mean error rose at the last change."""


class DriftSection(SchemaStruct, frozen=True, kw_only=True):
    """Drift of the active model's features and predictions from the reference."""

    state: Literal["off", "collecting", "watching", "drifted"] = "off"
    reference_rows: int = 0
    reference_size: int = 0
    window_rows: int = 0
    window_size: int = 0
    features: list[FeatureDrift] = []
    """Predictions and features, the one furthest above its threshold first; 20 at most."""
    watched: int = 0
    """Number of all columns that are watched."""
    unwatched: list[str] = []
    """Columns in which values cannot be compared: lists, or texts that never recur; 20 at most."""
    errors: ErrorDrift | None = None
