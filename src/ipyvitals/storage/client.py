"""`StorageClient`: how a monitor hands over what is to be kept."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path

from ipyvitals.storage.buffer import WAITING, WriteBuffer
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.rows import Row, StateRow
from ipyvitals.storage.session_queue import Notices, Request, RestoreRequest, SessionQueue
from ipyvitals.storage.writer import Writer, writer_of

__all__ = ["StorageClient"]


class StorageClient:
    """Takes rows without waiting; a thread of its own writes them to a file.

    Parameters
    ----------
    path : Path
        The file.
    monitor : str
        Name of the monitor.
    notices : Notices
        Where what goes wrong is counted.
    time : callable
        Returns the Unix time in seconds.
    """

    def __init__(
        self, path: Path, monitor: str, notices: Notices, time: Callable[[], float]
    ) -> None:
        self.path = path
        self.session = Session.here(monitor, time())
        self.backlog = WriteBuffer(WAITING)
        self._kept: bool | None = None
        """Whether all was kept when it was closed; ``None`` before."""
        self._account = SessionQueue(self.session, self.backlog, notices, time)
        self._writer = writer_of(path)
        self._writer.add(self._account)
        # Dropped, and not closed: what it was handed is still written.
        weakref.finalize(self, _end, self._account, self._writer).atexit = False

    def put(self, row: Row) -> None:
        """Hand over a row; `wake` has it written."""
        self.backlog.put(row)

    def save(self, state: StateRow) -> None:
        """Hand over what a new kernel needs to go on with a model."""
        self._account.save(state)

    def wake(self) -> None:
        """Have what was handed over written soon."""
        self._writer.wake()

    def restore(self, model_id: str) -> RestoreRequest:
        """Ask for what an earlier kernel left of a model."""
        recall = RestoreRequest(model_id)
        self._account.ask(recall)
        self._writer.wake()
        return recall

    def flush(self, timeout: float) -> bool:
        """Wait until all that was handed over is on the disk; false when it is not."""
        return self._ask(timeout, last=False) if self._kept is None else self._kept

    def close(self, timeout: float) -> bool:
        """Hand over nothing more, let others go on with the models; return whether all is kept."""
        if self._kept is None:
            self._kept = self._ask(timeout, last=True)
            self._writer.join(timeout)
        return self._kept

    def _ask(self, timeout: float, *, last: bool) -> bool:
        flush = Request()
        self._account.ask(flush, last=last)
        self._writer.wake()
        return flush.wait(timeout)


def _end(account: SessionQueue, writer: Writer) -> None:
    account.closing = True
    writer.wake()
