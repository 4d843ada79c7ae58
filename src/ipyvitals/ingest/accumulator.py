"""What one fold found for one model."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import repeat
from operator import is_, itemgetter
from typing import Any

import numpy as np

from ipyvitals.drift.detector import columns_of
from ipyvitals.ingest.label_join import Owner
from ipyvitals.ingest.labeling import Labeler
from ipyvitals.ingest.records import UNSET, Batch, Extra
from ipyvitals.models.labelled import Labelled
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import Registry
from ipyvitals.utils.validation import Rows

__all__ = ["NO_EXTRA", "AccumulatorsByModel", "ModelAccumulator"]

AT, PREDICTION, ACTUAL, LATENCY, EXTRA = (itemgetter(place) for place in (0, 1, 2, 4, 6))
NO_EXTRA = Extra()


class ModelAccumulator:
    """Calls, labels and rows of one model, to be added to its statistics at once.

    Parameters
    ----------
    owner : tuple
        The model's id, and which of its deployments this is.
    labeller : Labeler
        Scores the pairs.
    watching : bool
        Whether somebody watches for drift.
    """

    def __init__(self, owner: Owner, labeler: Labeler, *, watching: bool) -> None:
        self.owner = owner
        self._labeler = labeler
        self._watching = watching
        self.plain: list[Any] = []
        """Records without id, behind all that came before them."""
        self.records: list[Any] = []
        """Records of which no more is to be taken than when they were and how long they took."""
        self.failures: list[float] = []
        self.delays: list[float] = []
        self.stale = 0
        """Labels of a former deployment: counted, though in no window."""
        self._batches: list[Batch] = []
        self._predictions: list[Any] = []
        self._actuals: list[Any] = []
        self._segments: list[Hashable] = []
        self._segmented = False
        self._labelled: list[Labelled] = []
        self._watched: list[tuple[Rows, Any]] = []
        self._single: tuple[list[Any], list[Any]] = ([], [])

    def add_pair(self, prediction: Any, actual: Any, segment: Hashable) -> None:
        """Note one label."""
        if self.plain:
            self._take_plain()
        self._predictions.append(prediction)
        self._actuals.append(actual)
        self._segments.append(segment)
        self._segmented |= segment is not None

    def add_batch(self, batch: Batch) -> None:
        """Note the rows of one call."""
        self._batches.append(batch)
        if batch.watched is not None:
            self._settle_watched()
            self._watched.append(batch.watched)
        if batch.labelled is not None:
            self._settle_pairs()
            self._labelled.append(batch.labelled)

    def watch(self, prediction: Any, features: Mapping[str, Any] | None) -> None:
        """Note a single prediction for whoever watches for drift."""
        if self.plain:
            self._take_plain()
        self._single[0].append(prediction)
        self._single[1].append(features)

    def add_to(self, model: ModelState) -> None:
        """Hand everything on."""
        self._settle_pairs()
        self._settle_watched()
        if self.records:
            _add_records(self.records, model)
        if self._batches:
            _add_batches(self._batches, model)
        if self.failures:
            model.add_errors(np.array(self.failures))
        if self.stale:
            model.add_stale_labels(self.stale)
        for labelled in self._labelled:
            model.add_labels(labelled)
        model.add_delays(self.delays)
        for rows, features in self._watched:
            model.add_rows(rows, features)

    def _take_plain(self) -> None:
        # Column by column: zip(*plain) would make one object an entry for the collector to track.
        plain, self.plain = self.plain, []
        self.records = self.records + plain if self.records else plain
        mixed = any(map(EXTRA, plain))
        if self._watching:
            self._single[0].extend(map(PREDICTION, plain))
            self._single[1].extend(_extras(plain, 1) if mixed else repeat(None, len(plain)))
        if any(map(is_, map(ACTUAL, plain), repeat(UNSET))):
            plain = [entry for entry in plain if entry[2] is not UNSET]
        self._predictions.extend(map(PREDICTION, plain))
        self._actuals.extend(map(ACTUAL, plain))
        if mixed:
            segments = _extras(plain, 0)
            self._segmented |= any(segment is not None for segment in segments)
            self._segments.extend(segments)
        else:
            self._segments.extend(repeat(None, len(plain)))

    def _settle_pairs(self) -> None:
        """Score the pairs so far, so that a batch behind them keeps its place."""
        if self.plain:
            self._take_plain()
        if self._predictions:
            segments = self._segments if self._segmented else None
            self._labelled.append(self._labeler.pairs(self._predictions, self._actuals, segments))
            self._predictions, self._actuals, self._segments = [], [], []
            self._segmented = False

    def _settle_watched(self) -> None:
        """Make columns of the single predictions so far."""
        if self.plain:
            self._take_plain()
        predictions, features = self._single
        if predictions:
            named = columns_of(features) if any(features) else None
            self._watched.append((predictions, named))
            self._single = ([], [])


class AccumulatorsByModel(dict[str | None, ModelAccumulator]):
    """Columns of each model's id, made when they are asked for; ``None`` is the active model.

    Parameters
    ----------
    registry : Registry
        Whose models get the figures.
    labeller, watching
        See `ModelAccumulator`.
    """

    def __init__(self, registry: Registry, labeler: Labeler, *, watching: bool) -> None:
        self._registry = registry
        self._active = registry.active.model_id
        self._labeler = labeler
        self._watching = watching

    def __missing__(self, model_id: str | None) -> ModelAccumulator:
        if model_id is None:
            columns = self[self._active]
        else:
            model = self._registry.find(model_id)
            owner = model_id, model.deployment if model is not None else 0
            columns = ModelAccumulator(owner, self._labeler, watching=self._watching)
        self[model_id] = columns
        return columns

    def add_to_models(self) -> None:
        """Hand everything on, but what belongs to a model that is forgotten."""
        for model_id, columns in self.items():
            model = None if model_id is None else self._registry.find(model_id)
            if model is not None:
                columns.add_to(model)


def _extras(records: list[Any], place: int) -> list[Any]:
    return [(record[6] or NO_EXTRA)[place] for record in records]


def _add_records(records: list[Any], model: ModelState) -> None:
    at = np.fromiter(map(AT, records), np.float64, len(records))
    model.add_calls(at)
    # None becomes NaN, which `record` lets nobody pass.
    seconds = np.array(list(map(LATENCY, records)), dtype=np.float64)
    timed = ~np.isnan(seconds)
    if timed.all():
        model.add_durations(at, seconds)
    elif timed.any():
        model.add_durations(at[timed], seconds[timed])


def _add_batches(batches: list[Batch], model: ModelState) -> None:
    rows = np.array([batch.rows for batch in batches], dtype=np.int64)
    model.add_calls(np.array([batch.at for batch in batches]), rows)
    timed = [(batch.at, batch.latency) for batch in batches if batch.latency is not None]
    if timed:
        at, seconds = np.array(timed).T
        model.add_durations(at, seconds)
