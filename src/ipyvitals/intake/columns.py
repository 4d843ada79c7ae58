"""What one fold found for one model."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from ipyvitals.intake.arguments import Rows
from ipyvitals.intake.drift import columns_of
from ipyvitals.intake.labelling import Labelled, Labeller
from ipyvitals.intake.model import ModelState

__all__ = ["Columns"]


class Columns:
    """Calls, labels and rows of one model, to be added to its statistics at once.

    Parameters
    ----------
    labeller : Labeller
        Scores the pairs.
    """

    def __init__(self, labeller: Labeller) -> None:
        self._labeller = labeller
        self.times: list[float] = []
        self.rows: list[int] = []
        self._predictions: list[Any] = []
        self._actuals: list[Any] = []
        self._segments: list[Hashable] = []
        self._segmented = False
        self.labelled: list[Labelled] = []
        self.timed: list[float] = []
        self.latencies: list[float] = []
        self.failures: list[float] = []
        self.delays: list[float] = []
        self.stale = 0
        """Labels of a former deployment: counted, though in no window."""
        self.watched: list[tuple[Rows, Any]] = []
        self._single: tuple[list[Any], list[Any]] = ([], [])

    def add_call(self, at: float, rows: int, latency: float | None) -> None:
        """Note one call that succeeded."""
        self.times.append(at)
        self.rows.append(rows)
        if latency is not None:
            self.timed.append(at)
            self.latencies.append(latency)

    def add_pair(self, prediction: Any, actual: Any, segment: Hashable) -> None:
        """Note one label."""
        self._predictions.append(prediction)
        self._actuals.append(actual)
        self._segments.append(segment)
        self._segmented |= segment is not None

    def add_labelled(self, labelled: Labelled) -> None:
        """Note the labels of a batch, behind all that came before them."""
        self.settle_pairs()
        self.labelled.append(labelled)

    def settle_pairs(self) -> None:
        """Score the pairs so far, so that a batch behind them keeps its place."""
        if self._predictions:
            segments = self._segments if self._segmented else None
            self.labelled.append(self._labeller.pairs(self._predictions, self._actuals, segments))
            self._predictions, self._actuals, self._segments = [], [], []
            self._segmented = False

    def watch(self, prediction: Any, features: Mapping[str, Any] | None) -> None:
        """Note a single prediction for whoever watches for drift."""
        self._single[0].append(prediction)
        self._single[1].append(features)

    def watch_rows(self, rows: Rows, features: Any) -> None:
        """Note the rows of a batch, behind all that came before them."""
        self.settle_watched()
        self.watched.append((rows, features))

    def settle_watched(self) -> None:
        """Make columns of the single predictions so far."""
        predictions, features = self._single
        if predictions:
            self.watched.append((predictions, columns_of(features)))
            self._single = ([], [])

    def add_to(self, model: ModelState) -> None:
        """Hand everything on."""
        self.settle_pairs()
        self.settle_watched()
        model.add_calls(np.array(self.times), np.array(self.rows, dtype=np.int64))
        model.add_durations(np.array(self.timed), np.array(self.latencies))
        if self.failures:
            model.add_errors(np.array(self.failures))
        if self.stale:
            model.add_stale_labels(self.stale)
        for labelled in self.labelled:
            model.add_labels(labelled)
        model.add_delays(self.delays)
        for rows, features in self.watched:
            model.add_rows(rows, features)
