"""Scored labels, as a model's windows and rules receive them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.window import Scores

__all__ = ["ScoredLabels"]


class ScoredLabels(NamedTuple):
    """Scores, residuals and segments of valid labels, oldest first."""

    scores: Scores
    residuals: Floats | None = None
    """Prediction minus label; for regression."""
    segments: Sequence[Hashable] | None = None
    """Segment of each label; ``None`` for an unknown segment."""
    mismatched: int = 0
    """Number of labels left out since they can never be equal to their prediction."""
