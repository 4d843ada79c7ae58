"""Labels that were scored: what a model learns of the truth."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.window import Scores

__all__ = ["Labelled"]


class Labelled(NamedTuple):
    """Labels that count, oldest first."""

    scores: Scores
    residuals: Floats | None = None
    """Prediction less truth; of a regression."""
    segments: Sequence[Hashable] | None = None
    """Of each; ``None`` among them where one is not known."""
