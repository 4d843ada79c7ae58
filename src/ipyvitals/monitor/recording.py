"""Records predictions, labels and errors: the methods of `Monitor` that serving code calls."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from ipyvitals.drift.detector import as_columns, as_row
from ipyvitals.errors import ArgumentValueError
from ipyvitals.ingest.queue import MAX_QUEUED_RECORDS
from ipyvitals.ingest.records import UNSET, BatchRecord, FailureRecord, RecordExtras
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.monitor.batch_rows import (
    hashables,
    labelled_rows,
    pending_rows,
    segment_of_rows,
    select_rows,
    stored_batch,
)
from ipyvitals.monitor.record_entries import KNOWN_TRUTHS, PREDICTED, RecordEntries
from ipyvitals.utils.user_code import error_text, safe_text
from ipyvitals.utils.validation import (
    MAX_LATENCY_SECONDS,
    Rows,
    as_rows,
    check_latency,
    take_hashable,
)
from ipyvitals.utils.values import PLAIN_TYPES, take_list

__all__ = ["RecordingMixin"]


class RecordingMixin(RecordEntries):
    """Checks records and appends them to the queue; the engine counts them later."""

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
            keys = self._new_ids(n) if ids is True else hashables("ids", ids)
        segments = None if segment is None else segment_of_rows(segment, n)
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
        labelled = labelled_rows(truths, n, reordered)
        unlabelled = [] if keys is None else pending_rows(keys, rows, segments, ~labelled)
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
                stored=stored_batch(rows, truths, keys, segments, labelled) if store else None,
                missing=0 if truths is None or reordered else n - int(labelled.sum()),
            )
        )
        self._after_entry()
        return keys

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
            rows, truths = select_rows(rows, labelled), select_rows(truths, labelled)
            segments = None if segments is None else list(compress(segments, labelled.tolist()))
        return self._engine.aggregator.label_evaluator.rows(rows, truths, segments)
