"""Finds the writer of a file, and finishes all writers when the interpreter exits."""

from __future__ import annotations

import time
import weakref
from pathlib import Path

from ipyvitals.storage.writer import Writer
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import new_lock

__all__ = ["finish", "writer_of"]


class WriterRegistry:
    """Holds weak references to the writers of this process, one a file."""

    def __init__(self) -> None:
        self.after_fork()
        renew_in_child(self)

    def after_fork(self) -> None:
        """Start without writers in a forked child, where their threads do not exist."""
        self._by_path: weakref.WeakValueDictionary[Path, Writer] = weakref.WeakValueDictionary()
        self._lock = new_lock("writers")

    def of(self, path: Path) -> Writer:
        """Return the writer of a file."""
        with self._lock:
            key = path.absolute()
            writer = self._by_path.get(key)
            if writer is None:
                writer = self._by_path[key] = Writer(key)
            return writer

    def finish(self, seconds: float) -> None:
        """Let all writers write what is queued, for at most `seconds`."""
        end = time.monotonic() + seconds
        for writer in list(self._by_path.values()):
            writer.finish(end - time.monotonic())


_writers = WriterRegistry()
writer_of = _writers.of
finish = _writers.finish
