"""Records what a worker reports of a model beyond its figures: all latencies, the newest labels."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from math import floor
from typing import NamedTuple

import numpy as np

from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.stats.latency import LogHistogram
from ipyvitals.stats.seconds import Floats

__all__ = ["JournalLabels", "ModelJournal"]


class JournalLabels(NamedTuple):
    """Labels that came in one second, oldest first."""

    second: int
    scores: Floats
    residuals: Floats | None
    segments: list[Hashable] | None


class ModelJournal:
    """Records the latencies of all calls of a model, and its newest labels with their seconds.

    Parameters
    ----------
    monotonic : callable
        Returns monotonic seconds.
    size : int
        Number of labels; the older ones are dropped.
    """

    def __init__(self, monotonic: Callable[[], float], size: int) -> None:
        self._monotonic = monotonic
        self._size = size
        self.latencies = LogHistogram()
        self.labels: deque[JournalLabels] = deque()
        self._count = 0

    def add_durations(self, seconds: Floats) -> None:
        """Add the durations of calls, shape (n,)."""
        self.latencies.update(seconds)

    def add_labels(self, labels: ScoredLabels) -> None:
        """Add labels, oldest first, of this second."""
        scores = labels.scores[-self._size :].astype(np.float64)
        residuals, segments = labels.residuals, labels.segments
        self.labels.append(
            JournalLabels(
                floor(self._monotonic()),
                scores,
                None if residuals is None else np.asarray(residuals[-self._size :], np.float64),
                None if segments is None else list(segments)[-self._size :],
            )
        )
        self._count += scores.size
        while self._count - self.labels[0].scores.size >= self._size:
            self._count -= self.labels.popleft().scores.size
