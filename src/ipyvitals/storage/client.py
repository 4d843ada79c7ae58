"""`StorageClient`: passes the rows, states and requests of one monitor to the writer of a file."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path

from ipyvitals.storage.buffer import WAITING, WriteBuffer
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.rows import Row, StateRow
from ipyvitals.storage.session_queue import RestoreRequest, SessionQueue, WriterRequest
from ipyvitals.storage.writer import Writer
from ipyvitals.storage.writers import writer_of
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.threads import Worker

__all__ = ["StorageClient"]


class StorageClient:
    """Buffers rows without waiting; the thread of the writer writes them to a file.

    Parameters
    ----------
    path : Path
        The file.
    monitor : str
        Name of the monitor.
    notices : Notices
        Counts failures.
    time : callable
        Returns the Unix time in seconds.
    """

    def __init__(
        self, path: Path, monitor: str, notices: Notices, time: Callable[[], float]
    ) -> None:
        self.path = path
        self.session = Session.here(monitor, time())
        self.buffer = WriteBuffer(WAITING)
        self._all_written: bool | None = None
        """Whether all rows were written when the client was closed; ``None`` before."""
        self._queue = SessionQueue(self.session, self.buffer, notices, time)
        self._writer = writer_of(path)
        self._writer.add(self._queue)
        # Without close(): what is queued is still written when the client is garbage-collected.
        weakref.finalize(self, _close_queue, self._queue, self._writer).atexit = False

    @property
    def worker(self) -> Worker:
        """The thread that writes the file."""
        return self._writer.worker

    def put(self, row: Row) -> None:
        """Buffer a row; `wake` has it written."""
        self.buffer.put(row)

    def save(self, state: StateRow) -> None:
        """Queue the checkpoint of a model for later kernels."""
        self._queue.save(state)

    def wake(self) -> None:
        """Have the writer write what is queued, without waiting for it."""
        self._writer.wake()

    def restore(self, model_id: str) -> RestoreRequest:
        """Ask for the checkpoint that an earlier kernel stored of a model."""
        request = RestoreRequest(model_id)
        self._queue.ask(request)
        self._writer.wake()
        return request

    def flush(self, timeout: float) -> bool:
        """Wait until all rows are on the disk; return whether they are."""
        if self._all_written is not None:
            return self._all_written
        return self._flush(timeout, last=False)

    def close(self, timeout: float) -> bool:
        """Write for the last time and give up the models; return whether all rows are written."""
        if self._all_written is None:
            self._all_written = self._flush(timeout, last=True)
            self._writer.join(timeout)
        return self._all_written

    def _flush(self, timeout: float, *, last: bool) -> bool:
        request = WriterRequest()
        self._queue.ask(request, last=last)
        self._writer.wake()
        return request.wait(timeout)


def _close_queue(queue: SessionQueue, writer: Writer) -> None:
    queue.close()
    writer.wake()
