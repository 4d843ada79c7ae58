"""Records the calls of a model that `Monitor.watch` watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyvitals.ingest.queue import MAX_QUEUED_RECORDS
from ipyvitals.ingest.records import CountRecord, StreamRecord
from ipyvitals.serving.rows import as_column, row_count
from ipyvitals.utils.device_values import is_on_device

if TYPE_CHECKING:
    from ipyvitals.monitor.watching import WatchingMixin

__all__ = ["ModelCallSink"]


class ModelCallSink:
    """Records calls of one model; what fails here is a notice and a warning, never an exception.

    A call is counted with its number of rows. The values of predictions are taken only where the
    monitor needs them: for labels, for drift, and for the history.

    Parameters
    ----------
    monitor : Monitor
    model_id : str
        The model that the calls belong to.
    ids : callable, optional
        Returns the ids of the rows of a call, from its first argument.
    """

    def __init__(
        self, monitor: WatchingMixin, model_id: str, ids: Callable[[Any], Any] | None
    ) -> None:
        self.owner = monitor
        self.model_id = model_id
        self.monotonic = monitor._engine.clock.monotonic
        self._ids = ids
        self._queue = monitor._queue
        self._entries = monitor._entries
        self._user_warnings = monitor._user_warnings

    def answered(self, answer: Any, rows: Any, seconds: float) -> None:
        """Count a call that returned `answer` for `rows`, the first argument of the call."""
        try:
            count = row_count(answer, rows)
            queue = self._queue
            if self._ids is not None or queue.drift_enabled or queue.store_records is not None:
                self._take(answer, rows, count, seconds)
            else:
                self._count(count, seconds)
        except Exception as error:
            self._report(error)

    def failed(self, error: Exception, seconds: float) -> None:
        """Count a call that raised."""
        try:
            self.owner.record_error(error, latency=seconds, model_id=self.model_id)
        except Exception as failure:
            self._report(failure)

    def first_item(self, seconds: float) -> None:
        """Take the seconds from a call to the first item of its stream."""
        self._put(first_item_seconds=seconds)

    def stream_ended(self, items: int, seconds: float, *, left: bool) -> None:
        """Count a stream that came to its end, or that its reader left."""
        self._put(seconds=seconds, items=items, left=left)

    def _put(self, **facts: Any) -> None:
        """Append a record of a stream; takes no lock, since a stream may be left at any moment."""
        try:
            self._user_warnings.append(StreamRecord(self.monotonic(), self.model_id, **facts))
        except Exception as error:
            self._report(error)

    def _count(self, count: int, seconds: float) -> None:
        """Record the number of predictions of a call, without their values."""
        if count:
            self._user_warnings.append(CountRecord(self.monotonic(), count, seconds, self.model_id))
            if len(self._entries) > MAX_QUEUED_RECORDS:
                self.owner._engine.drain()

    def _take(self, answer: Any, rows: Any, count: int, seconds: float) -> None:
        """Record a call with the values of its predictions."""
        # A tensor on a GPU is read only for labels: reading it waits for the GPU.
        if self._ids is None and is_on_device(answer):
            self._count(count, seconds)
            return
        facts: dict[str, Any] = {"latency": seconds, "model_id": self.model_id}
        if self._queue.drift_enabled and rows is not None:
            facts["features"] = rows
        try:
            if self._ids is not None:
                facts["id" if self._is_one(answer) else "ids"] = self._ids(rows)
            self._record(answer, count, facts)
        except Exception as error:
            self._report(error)
            for name in ("features", "id", "ids"):
                facts.pop(name, None)
            try:
                self._record(answer, count, facts)
            except Exception:
                self._count(count, seconds)

    def _record(self, answer: Any, count: int, facts: dict[str, Any]) -> None:
        if self._is_one(answer) or (count == 1 and not hasattr(answer, "shape")):
            self.owner.record(answer, **facts)
        else:
            self.owner.record_batch(as_column(answer), **facts)

    @staticmethod
    def _is_one(answer: Any) -> bool:
        shape = getattr(answer, "shape", None)
        return not shape and not isinstance(answer, list)

    def _report(self, error: Exception) -> None:
        """Report that a call could not be recorded."""
        self.owner._report_failure("watch.failed", error, model=self.model_id)
