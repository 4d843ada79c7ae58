"""Records predictions, labels and errors: the methods of `Monitor` that serving code calls."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import compress, count
from os import urandom
from typing import Any

import numpy as np
import numpy.typing as npt

from ipyvitals.drift.detector import as_columns, as_row
from ipyvitals.errors import ArgumentValueError
from ipyvitals.ingest.queue import MAX_QUEUED_RECORDS, MAX_QUEUED_VALUES
from ipyvitals.ingest.records import (
    MISSING,
    UNSET,
    BatchRecord,
    FailureRecord,
    LabelRecord,
    RecordExtras,
    StoredBatch,
    UncountedLabels,
    UnsetType,
)
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.monitor.base import MonitorBase
from ipyvitals.monitor.user_warnings import UserWarnings
from ipyvitals.runtime.engine import Engine
from ipyvitals.schema.messages import message
from ipyvitals.utils.device_values import DeviceValue
from ipyvitals.utils.user_code import error_text, safe_text
from ipyvitals.utils.validation import (
    MAX_LATENCY_SECONDS,
    Rows,
    as_rows,
    check_latency,
    has_labels_reordered,
    take_hashable,
)
from ipyvitals.utils.values import (
    PLAIN_TYPES,
    is_missing,
    missing_rows,
    take_list,
    take_value,
)

__all__ = ["RecordingMixin"]

PREDICTED = PLAIN_TYPES - {type(None)}
KNOWN_TRUTHS = frozenset({int, str, bool, bytes, UnsetType})
"""Types of labels that are never missing, and whose values never change."""


class RecordingMixin(MonitorBase):
    """Checks records and appends them to the queue; the engine counts them later."""

    def __init__(self, engine: Engine, user_warnings: UserWarnings) -> None:
        super().__init__(engine, user_warnings)
        self._monotonic = engine.clock.monotonic
        self._get_model = engine.aggregator.registry.get
        self._queue = engine.aggregator.queue
        self._entries = engine.aggregator.queue.entries
        self._id_prefix, self._id_numbers = urandom(4).hex(), count(1)
        self._predicts_none = False
        """True from the first prediction of None on, which makes None a label."""
        self._has_reported_order = False

    def record(
        self,
        prediction: Any,
        actual: Any = UNSET,
        *,
        id: Hashable = None,
        latency: float | None = None,
        model_id: str | None = None,
        segment: Hashable = None,
        features: Any = None,
    ) -> Hashable:
        """Record one prediction, with its label if that is known.

        Parameters
        ----------
        prediction : object
            Output of the model.
        actual : object, optional
            The true label. Leave it out where it is not known yet. NaN and other missing values
            are no label, and ``None`` is one only after a prediction of ``None``.
        id : hashable, optional
            Id under which `label` can label the prediction later; ``True`` requests a new id.
        latency : float, optional
            Duration of the call, in seconds.
        model_id : str, optional
            Id of the model that predicted; the active model by default.
        segment : hashable, optional
            Group of the prediction, such as a class or a country, for an accuracy per group.
        features : mapping or sequence, optional
            Input of the model, by name or by position, for drift detection; ignored without
            ``Monitor(drift=…)``.

        Returns
        -------
        hashable or None
            The id of the prediction, if it has one.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When `latency` is negative, NaN or no number, `id` or `segment` is not hashable, or
            `features` have no names and no order. Nothing is recorded then.
        UnknownModelError
            When no model has the `model_id`. Nothing is recorded then.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> id = monitor.record(1, id=True, latency=0.003)
        >>> monitor.label(id, 1)
        >>> monitor.snapshot().metrics.window_labelled
        1
        """
        # __class__ costs less than type(), and 0.0 less than 0.
        if latency.__class__ is float:
            if not 0.0 <= latency < MAX_LATENCY_SECONDS:
                check_latency(latency)
        elif latency is not None:
            latency = check_latency(latency)
        if prediction.__class__ not in PREDICTED or (
            actual.__class__ not in KNOWN_TRUTHS
            and (actual.__class__ is not float or actual != actual)  # noqa: PLR0124
        ):
            prediction, actual = self._take(prediction, actual)
        if id is None and model_id is None and segment is None and features is None:
            entry: Any = (self._monotonic(), prediction, actual, None, latency, None, None)
        else:
            if id is True:
                (id,) = self._new_ids(1)
            elif type(id) not in PLAIN_TYPES:
                id = take_hashable("id", id)
            self._check_model(model_id)
            extra = None if segment is features is None else self._extra(segment, features)
            entry = (self._monotonic(), prediction, actual, id, latency, model_id, extra)
        self._user_warnings.append(entry)
        if len(self._entries) > MAX_QUEUED_RECORDS:
            self._engine.drain()
        return id

    def record_batch(
        self,
        predictions: Any,
        actuals: Any = None,
        *,
        ids: Any = None,
        latency: float | None = None,
        model_id: str | None = None,
        segment: Any = None,
        features: Any = None,
    ) -> list[Hashable] | None:
        """Record the predictions of one call that predicted several rows.

        Parameters
        ----------
        predictions : array-like, shape (n,)
            Outputs of the model, one value per row: an array, a list or a Series.
        actuals : array-like, shape (n,), optional
            True label of each row. A missing one (``None``, NaN, ``pandas.NA``) is no label: the
            row counts as a prediction alone, and its id waits for a label.
        ids : sequence of hashable, shape (n,), optional
            Ids under which `label` or `label_batch` can label the rows later; ``True`` requests
            new ids.
        latency : float, optional
            Duration of the whole call, in seconds.
        model_id : str, optional
            Id of the model that predicted; the active model by default.
        segment : sequence of hashable, shape (n,), or a string or number, optional
            Group of each row, or of all rows, for an accuracy per group.
        features : DataFrame, mapping of arrays or array of shape (n, k), optional
            Inputs of the model, for drift detection; ignored without ``Monitor(drift=…)``.

        Returns
        -------
        list of hashable or None
            The ids of the rows, if they have some.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When lengths differ or a value is invalid. Nothing is recorded then.
        UnknownModelError
            When no model has the `model_id`. Nothing is recorded then.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record_batch([1, 0, 1, 1], [1, 0, 0, 1], latency=0.002)
        >>> monitor.snapshot().metrics.current_accuracy
        0.75
        """
        rows = as_rows("predictions", predictions)
        truths = None if actuals is None else as_rows("actuals", actuals)
        n = len(rows)
        keys = None
        if ids is not None:
            keys = self._new_ids(n) if ids is True else _hashables("ids", ids)
        segments = None if segment is None else _segments(segment, n)
        for what, other in (("actuals", truths), ("ids", keys), ("segments", segments)):
            if other is not None and len(other) != n:
                raise ArgumentValueError(
                    f"record_batch(): expected as many {what} as predictions ({n}), "
                    f"got {len(other)}."
                )
        columns = None if features is None else as_columns(features, n)
        seconds = None if latency is None else check_latency(latency)
        if model_id is not None:
            self._check_model(model_id)
        if not n or not self._user_warnings.accepts():
            return keys
        if type(None) in set(map(type, rows if isinstance(rows, list) else ())):
            self._predicts_none = True
        reordered = self._reordered(predictions, actuals=actuals, ids=ids, segment=segment)
        labelled = _present(truths, n, reordered)
        unlabelled = [] if keys is None else _pending_rows(keys, rows, segments, ~labelled)
        store = self._queue.store_records is not None
        self._queue.put(
            BatchRecord(
                at=self._monotonic(),
                rows=n,
                labels=self._evaluate(rows, truths, segments, labelled, reordered),
                pending=[] if reordered - {"actuals"} else unlabelled,
                labelled_ids=[] if keys is None else list(compress(keys, labelled.tolist())),
                latency=seconds,
                model_id=model_id,
                drift_rows=(rows.copy(), columns) if self._queue.drift_enabled else None,
                stored=_stored_batch(rows, truths, keys, segments, labelled) if store else None,
                missing=0 if truths is None or reordered else n - int(labelled.sum()),
            )
        )
        self._after_entry()
        return keys

    def label(self, id: Hashable, actual: Any) -> None:
        """Label a prediction that was recorded with an `id`.

        The first label of an id counts. An id that is unknown or labelled already becomes a
        notice and never raises, since labels often come from other systems. A label may arrive
        up to a minute before its prediction.

        Parameters
        ----------
        id : hashable
            Id that was given to `record`, or returned by it.
        actual : object
            The true label; a missing value such as NaN is counted and uses up no id.

        Raises
        ------
        ArgumentTypeError
            When `id` is not hashable.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record("stays", id="customer-7")
        'customer-7'
        >>> monitor.label("customer-7", "leaves")
        >>> monitor.snapshot().metrics.current_accuracy
        0.0
        """
        if type(id) not in PLAIN_TYPES:
            id = take_hashable("id", id)
        if self._user_warnings.accepts():
            actual = self._take_label(actual)
            missing = actual is MISSING
            now = self._monotonic()
            self._queue.put(UncountedLabels(1) if missing else LabelRecord(id, actual, now))
            self._after_entry()

    def label_batch(self, ids: Any, actuals: Any) -> None:
        """Label several predictions at once, as `label` does for one.

        Parameters
        ----------
        ids : sequence of hashable, shape (n,)
            Ids that were given to `record` or `record_batch`, or returned by them.
        actuals : array-like, shape (n,)
            The true labels; those that are missing are counted and use up no id.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When lengths differ, or an id is not hashable. No label is recorded then.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> ids = monitor.record_batch([1, 0, 1, 1], ids=True)
        >>> monitor.label_batch(ids, [1, 0, 0, 1])
        >>> monitor.snapshot().metrics.current_accuracy
        0.75
        """
        keys, truths = _hashables("ids", ids), as_rows("actuals", actuals)
        if len(keys) != len(truths):
            raise ArgumentValueError(
                f"label_batch(): expected as many actuals as ids ({len(keys)}), got {len(truths)}."
            )
        if self._user_warnings.accepts():
            reordered = self._reordered(ids, first="ids", actuals=actuals)
            labelled = _present(truths, len(keys), reordered)
            now = self._monotonic()
            pairs = compress(zip(keys, _python_values(truths), strict=True), labelled.tolist())
            left = len(keys) - int(labelled.sum())
            records: list[LabelRecord | UncountedLabels] = [
                LabelRecord(key, truth, now) for key, truth in pairs
            ]
            if left:
                records.append(
                    UncountedLabels(mismatched=left) if reordered else UncountedLabels(left)
                )
            self._queue.extend(records)
            self._after_entry()

    def record_error(
        self,
        error: BaseException | str | None = None,
        *,
        latency: float | None = None,
        model_id: str | None = None,
    ) -> None:
        """Record a call that failed; it counts for the error rate, not as a prediction.

        Parameters
        ----------
        error : Exception or str, optional
            The error; its type and text become the notice ``predictions.failed``.
        latency : float, optional
            Duration of the call, in seconds; it is checked, but not part of the latency
            quantiles.
        model_id : str, optional
            Id of the model that failed; the active model by default.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When `latency` is negative, NaN or no number.
        UnknownModelError
            When no model has the `model_id`.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record_error(TimeoutError("no reply of the model server"))
        >>> monitor.snapshot().metrics.total_predictions
        0
        """
        if latency is not None:
            check_latency(latency)
        if model_id is not None:
            self._check_model(model_id)
        if self._user_warnings.accepts():
            if error is not None:
                describe = error_text if isinstance(error, BaseException) else safe_text
                self._engine.notices.add("predictions.failed", describe(error))
            self._queue.put(FailureRecord(self._monotonic(), model_id))
            self._after_entry()

    def _new_ids(self, n: int) -> list[Hashable]:
        prefix, numbers = self._id_prefix, self._id_numbers
        return [f"{prefix}-{next(numbers)}" for _ in range(n)]

    def _take(self, prediction: Any, actual: Any) -> tuple[Any, Any]:
        """Return prediction and label as they are now, and ``MISSING`` for a missing label."""
        prediction = self._take_value(prediction)
        if prediction is None:
            self._predicts_none = True
        return prediction, actual if type(actual) is UnsetType else self._take_label(actual)

    def _take_label(self, actual: Any) -> Any:
        if actual is None:
            return None if self._predicts_none else MISSING
        actual = self._take_value(actual)
        return MISSING if is_missing(actual) else actual

    def _take_value(self, value: Any) -> Any:
        value = take_value(value, defer=True)
        if type(value) is DeviceValue:
            # Before the append, so that no concurrent drain leaves the value on the GPU.
            self._queue.has_device_values = True
        return value

    def _extra(self, segment: Hashable, features: Any) -> RecordExtras | None:
        if segment is not None:
            segment = take_hashable("segment", segment)
        row = None if features is None else as_row(features)
        if not self._queue.drift_enabled:
            row = None
        if row is not None:
            row = dict(zip(row, take_list(list(row.values())), strict=True))
        return None if segment is None and row is None else RecordExtras(segment, row)

    def _check_model(self, model_id: str | None) -> None:
        if model_id is not None:
            self._get_model(model_id)
        # Before the append, so that no concurrent drain takes the fast path.
        self._queue.needs_slow_path = True

    def _evaluate(
        self,
        rows: Rows,
        truths: Rows | None,
        segments: list[Hashable] | None,
        labelled: npt.NDArray[np.bool_],
        reordered: set[str],
    ) -> ScoredLabels | None:
        if truths is None:
            return None
        if reordered:
            return ScoredLabels(np.empty(0, dtype=np.bool_), mismatched=len(rows))
        if not labelled.all():
            rows, truths = _select(rows, labelled), _select(truths, labelled)
            segments = None if segments is None else list(compress(segments, labelled.tolist()))
        return self._engine.aggregator.label_evaluator.rows(rows, truths, segments)

    def _reordered(self, rows: Any, *, first: str = "predictions", **others: Any) -> set[str]:
        """Return the arguments whose index has the labels of the first one in another order."""
        found = {name for name, other in others.items() if has_labels_reordered(rows, other)}
        if found and not self._has_reported_order:
            self._has_reported_order = True
            self._user_warnings.on_mismatch(message("labels.order", one=first, other=min(found)))
        return found

    def _after_entry(self) -> None:
        if len(self._entries) > MAX_QUEUED_RECORDS or self._queue.batch_values > MAX_QUEUED_VALUES:
            self._engine.drain()
        self._user_warnings.warn_pending()


def _hashables(what: str, values: Any) -> list[Hashable]:
    return [take_hashable(what, key) for key in as_rows(what, values)]


def _segments(segment: Any, n: int) -> list[Hashable]:
    if getattr(segment, "shape", None) == ():
        segment = take_value(segment)
    if isinstance(segment, (str, bytes, int, float, np.generic)):
        return [segment] * n
    return _hashables("segment", segment)


def _present(truths: Rows | None, n: int, reordered: set[str]) -> npt.NDArray[np.bool_]:
    """Return whether each of `n` rows has a label."""
    if truths is None or reordered:
        return np.zeros(n, dtype=np.bool_)
    missing = missing_rows(truths)
    return np.ones(n, dtype=np.bool_) if missing is None else ~missing


def _select(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Rows:
    if isinstance(rows, np.ndarray):
        return rows[chosen]
    return list(compress(rows, chosen.tolist()))


def _stored_batch(
    rows: Rows,
    truths: Rows | None,
    keys: list[Hashable] | None,
    segments: list[Hashable] | None,
    labelled: npt.NDArray[np.bool_],
) -> StoredBatch:
    # Copies, since the user may change the arrays later.
    actuals = None if truths is None else truths.copy()
    if actuals is not None and not labelled.all():
        known = labelled.tolist()
        pairs = zip(_python_values(actuals), known, strict=True)
        actuals = [truth if is_known else UNSET for truth, is_known in pairs]
    return StoredBatch(rows.copy(), actuals, keys, segments)


def _pending_rows(
    keys: list[Hashable],
    rows: Rows,
    segments: list[Hashable] | None,
    pending: npt.NDArray[np.bool_],
) -> list[tuple[Hashable, Any, Hashable]]:
    columns = zip(keys, _python_values(rows), segments or [None] * len(keys), strict=True)
    return list(compress(columns, pending.tolist()))


def _python_values(rows: Rows) -> list[Any]:
    """Convert an array to Python values where they are exactly equal; they compare much faster."""
    if isinstance(rows, np.ndarray) and (rows.dtype.kind in "biuU" or rows.dtype == np.float64):
        plain: list[Any] = rows.tolist()
        return plain
    return list(rows)
