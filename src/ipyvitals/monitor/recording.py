"""Records predictions, labels and errors: the part of `Monitor` that serving code calls."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from os import urandom
from typing import Any

import numpy as np

from ipyvitals.drift.detector import as_columns, as_row
from ipyvitals.errors import ArgumentValueError
from ipyvitals.ingest.queue import QUEUE_LIMIT, ROWS_LIMIT
from ipyvitals.ingest.records import UNSET, Batch, Extra, Failure, Label, StoredBatch
from ipyvitals.monitor.base import MonitorBase
from ipyvitals.monitor.user_warnings import UserWarnings
from ipyvitals.runtime.engine import Engine
from ipyvitals.utils.validation import Rows, as_rows, check_hashable, check_latency

__all__ = ["RecordingMixin"]

INFINITY = float("inf")


class RecordingMixin(MonitorBase):
    """Checks records and appends them to the queue; the engine counts them later."""

    def __init__(self, engine: Engine, user_warnings: UserWarnings) -> None:
        super().__init__(engine, user_warnings)
        self._now = engine.clock.monotonic
        self._model_of = engine.aggregator.registry.get
        self._queue = engine.aggregator.queue
        self._waiting = engine.aggregator.queue.entries
        self._append = self._waiting.append
        self._ids_begin, self._ids = urandom(4).hex(), count(1)

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
        """Count one prediction.

        Parameters
        ----------
        prediction : object
            What the model said.
        actual : object, optional
            The truth. Leave it out where it is not known; ``None`` is a truth like any other.
        id : hashable, optional
            What `label` will call this prediction; ``True`` asks for a new id.
        latency : float, optional
            How long the call took, in seconds.
        model_id : str, optional
            Whose prediction it is; the active model's by default.
        segment : hashable, optional
            The group, such as a class or a country, whose accuracy is told apart.
        features : mapping or sequence, optional
            What the model saw, by name or by place, to be watched for drift; looked at only
            with ``Monitor(drift=…)``.

        Returns
        -------
        hashable or None
            The id.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When `latency` is negative, NaN or no number, `id` or `segment` is not hashable, no
            model has the `model_id`, or `features` have no names and no order. The prediction
            is not counted then.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> id = monitor.record(1, id=True, latency=0.003)
        >>> monitor.label(id, 1)
        >>> monitor.snapshot().metrics.window_labelled
        1
        """
        if latency is not None:
            try:
                # 0.0 and not 0: comparing floats with floats is twice as fast.
                if not 0.0 <= latency < INFINITY:
                    check_latency(latency)
            except (TypeError, ValueError):
                latency = check_latency(latency)
        if id is None and model_id is None and segment is None and features is None:
            entry: Any = (self._now(), prediction, actual, None, latency, None, None)
        else:
            if id is True:
                (id,) = self._new_ids(1)
            self._check_marks(id, model_id)
            extra = None if segment is features is None else self._extra(segment, features)
            entry = (self._now(), prediction, actual, id, latency, model_id, extra)
        if self._user_warnings.idle:
            self._append(entry)
        elif self._user_warnings.accepts():
            self._append(entry)
            self._user_warnings.warn_pending()
        if len(self._waiting) > QUEUE_LIMIT:
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
        """Count the rows of one call.

        Parameters
        ----------
        predictions : array-like, shape (n,)
            What the model said, one value a row; arrays, lists or Series.
        actuals : array-like, shape (n,), optional
            The truth of each row. A ``None`` in it is a truth like any other.
        ids : sequence of hashable, shape (n,), optional
            What `label` or `label_batch` will call the rows; ``True`` asks for new ids.
        latency : float, optional
            How long the whole call took, in seconds.
        model_id : str, optional
            Whose predictions they are; the active model's by default.
        segment : sequence of hashable, shape (n,), or a string or number, optional
            The group of each row, or of all of them, whose accuracy is told apart.
        features : DataFrame, mapping of arrays or array of shape (n, k), optional
            What the model saw, to be watched for drift; looked at only with
            ``Monitor(drift=…)``.

        Returns
        -------
        list of hashable or None
            The ids.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When lengths differ or a value makes no sense. Nothing is counted then.

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
            self._check_marks(None, model_id)
        if not n or not self._user_warnings.accepts():
            return keys
        figures = self._engine.aggregator
        late = keys is not None and truths is None
        self._queue.put(
            Batch(
                at=self._now(),
                rows=n,
                labelled=None if truths is None else figures.labeler.rows(rows, truths, segments),
                waiting=_waiting(keys, rows, segments) if late and keys else [],
                settled=keys if keys is not None and not late else [],
                latency=seconds,
                model_id=model_id,
                watched=(rows.copy(), columns) if self._queue.watching else None,
                kept=None if self._queue.keep is None else _kept(rows, truths, keys, segments),
            )
        )
        self._after_entry()
        return keys

    def label(self, id: Hashable, actual: Any) -> None:
        """Tell the truth about a prediction that was recorded with an `id`.

        The first label of an id counts. Ids that are unknown or labelled already are counted
        as notices and never raise, since labels come from systems of their own.

        Parameters
        ----------
        id : hashable
            What `record` was given.
        actual : object
            The truth.

        Raises
        ------
        ArgumentTypeError
            When `id` is not hashable.
        """
        check_hashable("id", id)
        if self._user_warnings.accepts():
            self._queue.put(Label(id, actual, self._now()))
            self._after_entry()

    def label_batch(self, ids: Any, actuals: Any) -> None:
        """Tell the truth about several predictions; see `label`.

        Parameters
        ----------
        ids : sequence of hashable, shape (n,)
            What `record` or `record_batch` was given.
        actuals : array-like, shape (n,)
            The truths.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When lengths differ, or an id is not hashable. No label is taken then.
        """
        keys, truths = _hashables("ids", ids), as_rows("actuals", actuals)
        if len(keys) != len(truths):
            raise ArgumentValueError(
                f"label_batch(): expected as many actuals as ids ({len(keys)}), got {len(truths)}."
            )
        if self._user_warnings.accepts():
            now = self._now()
            pairs = zip(keys, _plain(truths), strict=True)
            self._queue.extend([Label(key, truth, now) for key, truth in pairs])
            self._after_entry()

    def record_error(
        self,
        error: BaseException | str | None = None,
        *,
        latency: float | None = None,
        model_id: str | None = None,
    ) -> None:
        """Count a prediction that failed; it is no prediction and has no part in latencies.

        Parameters
        ----------
        error : Exception or str, optional
            What happened; its type and text become the notice ``predictions.failed``.
        latency : float, optional
            How long the call took, in seconds; checked, then left out of the quantiles.
        model_id : str, optional
            Whose failure it is; the active model's by default.
        """
        if latency is not None:
            check_latency(latency)
        if model_id is not None:
            self._check_marks(None, model_id)
        if self._user_warnings.accepts():
            if error is not None:
                kind = f"{type(error).__name__}: " if isinstance(error, BaseException) else ""
                self._engine.notices.add("predictions.failed", f"{kind}{error}")
            self._queue.put(Failure(self._now(), model_id))
            self._after_entry()

    def _new_ids(self, n: int) -> list[Hashable]:
        begin, numbers = self._ids_begin, self._ids
        return [f"{begin}-{next(numbers)}" for _ in range(n)]

    def _extra(self, segment: Hashable, features: Any) -> Extra | None:
        if segment is not None:
            check_hashable("segment", segment)
        row = None if features is None else as_row(features)
        if not self._queue.watching:
            row = None
        return None if segment is None and row is None else Extra(segment, row)

    def _check_marks(self, id: Hashable, model_id: str | None) -> None:
        if id is not None:
            check_hashable("id", id)
        if model_id is not None:
            self._model_of(model_id)
        # Before the entry, so that no fold takes it for a plain one.
        self._queue.needs_slow_path = True

    def _after_entry(self) -> None:
        if len(self._waiting) > QUEUE_LIMIT or self._queue.rows > ROWS_LIMIT:
            self._engine.drain()
        self._user_warnings.warn_pending()


def _hashables(what: str, values: Any) -> list[Hashable]:
    keys = list(as_rows(what, values))
    for key in keys:
        check_hashable(what, key)
    return keys


def _segments(segment: Any, n: int) -> list[Hashable]:
    if isinstance(segment, (str, bytes, int, float, np.generic)):
        return [segment] * n
    return _hashables("segment", segment)


def _kept(
    rows: Rows, truths: Rows | None, keys: list[Hashable] | None, segments: list[Hashable] | None
) -> StoredBatch:
    # The arrays are still the user's.
    return StoredBatch(rows.copy(), None if truths is None else truths.copy(), keys, segments)


def _waiting(
    keys: list[Hashable], rows: Rows, segments: list[Hashable] | None
) -> list[tuple[Hashable, Any, Hashable]]:
    return list(zip(keys, _plain(rows), segments or [None] * len(keys), strict=True))


def _plain(rows: Rows) -> list[Any]:
    """Return plain Python values where they are exactly the same, which compare much faster."""
    if isinstance(rows, np.ndarray) and (rows.dtype.kind in "biuU" or rows.dtype == np.float64):
        plain: list[Any] = rows.tolist()
        return plain
    return list(rows)
