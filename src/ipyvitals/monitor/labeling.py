"""Labels predictions that were recorded before: the methods of `Monitor` for late labels."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import compress
from typing import Any

from ipyvitals.errors import ArgumentValueError
from ipyvitals.ingest.records import MISSING, LabelRecord, UncountedLabels
from ipyvitals.monitor.batch_rows import hashables, labelled_rows, python_values
from ipyvitals.monitor.record_entries import RecordEntries
from ipyvitals.utils.validation import as_rows, take_hashable
from ipyvitals.utils.values import PLAIN_TYPES

__all__ = ["LabelingMixin"]


class LabelingMixin(RecordEntries):
    """Checks labels and appends them to the queue; the engine joins them later."""

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
        keys, truths = hashables("ids", ids), as_rows("actuals", actuals)
        if len(keys) != len(truths):
            raise ArgumentValueError(
                f"label_batch(): expected as many actuals as ids ({len(keys)}), got {len(truths)}."
            )
        if self._user_warnings.accepts():
            reordered = self._reordered(ids, first="ids", actuals=actuals)
            labelled = labelled_rows(truths, len(keys), reordered)
            now = self._monotonic()
            pairs = compress(zip(keys, python_values(truths), strict=True), labelled.tolist())
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
