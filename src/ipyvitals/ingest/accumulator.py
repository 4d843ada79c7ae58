"""Accumulate the records of one drain by model, and add them to the models' statistics."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

import numpy as np

from ipyvitals.drift.features import Columns, columns_of
from ipyvitals.ingest.label_join import DeploymentKey
from ipyvitals.ingest.labeling import LabelEvaluator
from ipyvitals.ingest.plain_values import PlainValues
from ipyvitals.ingest.records import (
    MISSING,
    BatchRecord,
    CountRecord,
    RecordExtras,
    StreamRecord,
    UnsetType,
)
from ipyvitals.ingest.row_fallback import apply_to_rows
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import Registry
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.stats.seconds import Floats
from ipyvitals.utils.user_code import is_interrupt
from ipyvitals.utils.validation import Rows

__all__ = ["NO_EXTRAS", "AccumulatorsByModel", "ModelAccumulator"]

AT, PREDICTION, ACTUAL, LATENCY, EXTRAS = (itemgetter(field) for field in (0, 1, 2, 4, 6))
"""Fields of a plain record."""
NO_EXTRAS = RecordExtras()

T = TypeVar("T")
LostRow: TypeAlias = Callable[[Any, BaseException], object]


class ModelAccumulator:
    """Collect calls, labels and drift rows of one model during a drain.

    Parameters
    ----------
    deployment : DeploymentKey
        Id of the model, and number of its deployment.
    label_evaluator : LabelEvaluator
        Scores pairs of prediction and label.
    on_lost : callable
        Called with a row that cannot be counted, and the exception.
    drift_enabled : bool
        True collects rows for drift detection.
    """

    def __init__(
        self,
        deployment: DeploymentKey,
        label_evaluator: LabelEvaluator,
        on_lost: LostRow,
        *,
        drift_enabled: bool,
    ) -> None:
        self.deployment = deployment
        self._label_evaluator = label_evaluator
        self._on_lost = on_lost
        self._drift_enabled = drift_enabled
        self.plain: list[Any] = []
        """Records without an id that are not processed yet, newer than everything else here."""
        self.records: list[Any] = []
        """Records of which only time and latency are still to be added."""
        self.failures: list[float] = []
        self.streams: list[StreamRecord] = []
        self.label_delays: list[float] = []
        self.stale_labels = 0
        """Labels of a former deployment, which are counted but enter no window."""
        self.missing_labels = 0
        """Labels that stand for no value."""
        self.mismatched_labels = 0
        """Labels that can never be equal to their prediction."""
        self._batches: list[BatchRecord | CountRecord] = []
        self._predictions: list[Any] = []
        self._actuals: list[Any] = []
        self._segments: list[Hashable] = []
        self._has_segments = False
        self._labels: list[ScoredLabels] = []
        self._times: tuple[Floats, Floats] | None = None
        """Time and latency of each of `records`, once they are evaluated."""
        self._drift_rows: list[tuple[Rows, Any]] = []
        """Predictions, and features by column or of each row."""
        self._plain_drift_rows: list[tuple[Rows, Columns | None]] = []
        self._single_rows: tuple[list[Any], list[Any]] = ([], [])
        """Predictions, and features of each, that are not in `_drift_rows` yet."""

    def add_pair(self, prediction: Any, actual: Any, segment: Hashable) -> None:
        """Add one prediction with its label."""
        if self.plain:
            self._flush_plain()
        self._predictions.append(prediction)
        self._actuals.append(actual)
        self._segments.append(segment)
        self._has_segments |= segment is not None

    def add_batch(self, batch: BatchRecord) -> None:
        """Add the rows of one call."""
        self._batches.append(batch)
        self.missing_labels += batch.missing
        if batch.drift_rows is not None:
            self._flush_single_rows()
            self._drift_rows.append(batch.drift_rows)
        if batch.labels is not None:
            self._flush_pairs()
            self._add_labels(batch.labels)

    def add_counted(self, call: CountRecord) -> None:
        """Add the rows of one call of which only the number is known."""
        self._batches.append(call)

    def add_drift_row(self, prediction: Any, features: Mapping[str, Any] | None) -> None:
        """Add a single prediction for drift detection."""
        if self.plain:
            self._flush_plain()
        self._single_rows[0].append(prediction)
        self._single_rows[1].append(features)

    def __len__(self) -> int:
        others = len(self._batches) + len(self.failures) + len(self.streams)
        return len(self.plain) + len(self.records) + others

    def evaluate(self, plain_values: PlainValues) -> None:
        """Score the pairs, and replace objects of the user; `add_to` then calls no user code."""
        self._flush_pairs()
        self._times = _times_of(self.records)
        self._labels = [
            labels
            if labels.segments is None
            else labels._replace(segments=plain_values.segments(labels.segments))
            for labels in self._labels
        ]

    def evaluate_drift(self, plain_values: PlainValues) -> None:
        """Turn the drift rows into columns of plain values; without it, there are none."""
        self._flush_single_rows()
        collected, self._drift_rows = self._drift_rows, []
        for rows, features in collected:
            columns = columns_of(features) if isinstance(features, list) else features
            self._plain_drift_rows.append(plain_values.columns(rows, columns))

    def add_to(self, model: ModelState) -> None:
        """Add everything that was evaluated to the statistics of `model`."""
        if self._times is not None:
            _add_times(*self._times, model)
        if self._batches:
            _add_batches(self._batches, model)
        if self.failures:
            model.add_errors(np.array(self.failures))
        if self.streams:
            _add_streams(self.streams, model)
        if self.stale_labels:
            model.add_stale_labels(self.stale_labels)
        for labels in self._labels:
            model.add_labels(labels)
        model.add_delays(self.label_delays)
        for rows, features in self._plain_drift_rows:
            self._add_rows(model, rows, features)

    def _flush_plain(self) -> None:
        """Split the plain records into columns."""
        plain, self.plain = self.plain, []
        apply_to_rows(plain, self._split, self._on_lost)

    def _split(self, plain: Sequence[Any]) -> None:
        # Field by field: zip(*plain) would create a GC-tracked object per record.
        plain = list(plain)
        has_extras = any(map(EXTRAS, plain))
        self.records = self.records + plain if self.records else plain
        if self._drift_enabled:
            self._single_rows[0].extend(map(PREDICTION, plain))
            self._single_rows[1].extend(
                _extras(plain, 1) if has_extras else repeat(None, len(plain))
            )
        if UnsetType in set(map(type, map(ACTUAL, plain))):
            self.missing_labels += sum(entry[2] is MISSING for entry in plain)
            plain = [entry for entry in plain if type(entry[2]) is not UnsetType]
        self._predictions.extend(map(PREDICTION, plain))
        self._actuals.extend(map(ACTUAL, plain))
        if has_extras:
            segments = _extras(plain, 0)
            self._has_segments |= any(segment is not None for segment in segments)
            self._segments.extend(segments)
        else:
            self._segments.extend(repeat(None, len(plain)))

    def _flush_pairs(self) -> None:
        """Score the pairs so far, so that labels stay in order when a batch follows."""
        if self.plain:
            self._flush_plain()
        if self._predictions:
            predictions, actuals = self._predictions, self._actuals
            segments = self._segments if self._has_segments else None
            self._predictions, self._actuals, self._segments = [], [], []
            self._has_segments = False

            def evaluate(rows: Sequence[int]) -> None:
                part = slice(rows[0], rows[-1] + 1)
                self._add_labels(
                    self._label_evaluator.pairs(
                        predictions[part],
                        actuals[part],
                        None if segments is None else segments[part],
                    )
                )

            apply_to_rows(
                range(len(predictions)),
                evaluate,
                lambda row, error: self._on_lost((predictions[row], actuals[row]), error),
            )

    def _add_labels(self, labels: ScoredLabels) -> None:
        self.mismatched_labels += labels.mismatched
        self._labels.append(labels)

    def _add_rows(self, model: ModelState, predictions: Rows, features: Any) -> None:
        def add(rows: Sequence[int]) -> None:
            part = slice(rows[0], rows[-1] + 1)
            model.add_rows(
                predictions[part],
                None if features is None else {name: features[name][part] for name in features},
            )

        if len(predictions):
            apply_to_rows(
                range(len(predictions)),
                add,
                lambda row, error: self._on_lost(predictions[row], error),
            )

    def _flush_single_rows(self) -> None:
        """Move the single drift rows so far to those of batches, so that they stay in order."""
        if self.plain:
            self._flush_plain()
        predictions, features = self._single_rows
        if predictions:
            self._drift_rows.append((predictions, features if any(features) else None))
            self._single_rows = ([], [])


class AccumulatorsByModel(dict[str | None, ModelAccumulator]):
    """Map model ids to accumulators, created on access; ``None`` is the active model.

    Parameters
    ----------
    registry : Registry
        Models that receive the statistics.
    label_evaluator, on_lost, drift_enabled
        See `ModelAccumulator`.
    on_failure : callable
        Called with a number of records that cannot be counted, and the exception.
    """

    def __init__(
        self,
        registry: Registry,
        label_evaluator: LabelEvaluator,
        on_lost: LostRow,
        on_failure: Callable[[int, BaseException], None],
        *,
        drift_enabled: bool,
    ) -> None:
        self._registry = registry
        self._active = registry.active.model_id
        self._label_evaluator = label_evaluator
        self._on_lost = on_lost
        self._on_failure = on_failure
        self._drift_enabled = drift_enabled

    def __missing__(self, model_id: str | None) -> ModelAccumulator:
        if model_id is None:
            accumulator = self[self._active]
        else:
            model = self._registry.find(model_id)
            # The id of the model itself, since that of a record may be an object of the user.
            deployment = (model_id, 0) if model is None else (model.model_id, model.deployment)
            accumulator = ModelAccumulator(
                deployment,
                self._label_evaluator,
                self._on_lost,
                drift_enabled=self._drift_enabled,
            )
        self[model_id] = accumulator
        return accumulator

    def evaluate(self, plain_values: PlainValues) -> None:
        """Call all user code that the records need, before `add_to_models`."""
        for model_id, accumulator in list(self.items()):
            if model_id is None:
                continue
            if not self._try(accumulator, accumulator.evaluate, plain_values):
                del self[model_id]
            elif self._drift_enabled:
                self._try(accumulator, accumulator.evaluate_drift, plain_values)

    def add_to_models(self) -> None:
        """Add what was evaluated to the models; drop records of models no longer registered."""
        with np.errstate(all="ignore"):
            for model_id, accumulator in self.items():
                model = None if model_id is None else self._registry.find(accumulator.deployment[0])
                if model is not None:
                    self._try(accumulator, accumulator.add_to, model)

    def _try(self, accumulator: ModelAccumulator, step: Callable[[T], None], argument: T) -> bool:
        """Do a step for one model; return whether it succeeded. A failure harms no other model."""
        try:
            step(argument)
        except BaseException as error:
            if is_interrupt(error):
                raise
            self._on_failure(len(accumulator), error)
            return False
        return True

    def count(self, what: str) -> int:
        """Return the sum of an attribute over the accumulators of all models."""
        return sum(getattr(one, what) for id, one in self.items() if id is not None)


def _extras(records: list[Any], field: int) -> list[Any]:
    return [(record[6] or NO_EXTRAS)[field] for record in records]


def _times_of(records: list[Any]) -> tuple[Floats, Floats] | None:
    if not records:
        return None
    at = np.fromiter(map(AT, records), np.float64, len(records))
    # A latency of None becomes NaN; `record` rejects NaN, so NaN means no latency.
    return at, np.array(list(map(LATENCY, records)), dtype=np.float64)


def _add_times(at: Floats, seconds: Floats, model: ModelState) -> None:
    model.add_calls(at)
    timed = ~np.isnan(seconds)
    if timed.all():
        model.add_durations(at, seconds)
    elif timed.any():
        model.add_durations(at[timed], seconds[timed])


def _add_batches(batches: list[BatchRecord | CountRecord], model: ModelState) -> None:
    rows = np.array([batch.rows for batch in batches], dtype=np.int64)
    model.add_calls(np.array([batch.at for batch in batches]), rows)
    timed = [(batch.at, batch.latency) for batch in batches if batch.latency is not None]
    if timed:
        at, seconds = np.array(timed).T
        model.add_durations(at, seconds)


def _add_streams(streams: list[StreamRecord], model: ModelState) -> None:
    began = [
        (one.at, one.first_item_seconds) for one in streams if one.first_item_seconds is not None
    ]
    if began:
        model.add_first_items(*np.array(began, dtype=np.float64).T)
    ended = [one for one in streams if one.seconds is not None]
    if ended:
        model.add_streams(
            np.array([one.at for one in ended]),
            np.array([one.seconds for one in ended], dtype=np.float64),
            np.array([one.items for one in ended], dtype=np.int64),
            np.array([one.left for one in ended], dtype=np.bool_),
        )
