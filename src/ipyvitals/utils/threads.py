"""Background threads that start again after an error, and calls that no interrupt stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue

from ipyvitals.utils.locks import new_lock

__all__ = ["Worker", "run_uninterrupted"]

PAUSE_SECONDS = 0.1
"""Pause after an error, so that an error that repeats occupies no core."""


class Worker:
    """Runs one loop on a daemon thread, and starts the loop again when an error ends it.

    The owner of a worker calls `start` and `end` under a lock of its own. Any thread calls
    `check`.

    Parameters
    ----------
    name : str
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.thread: threading.Thread | None = None
        """The newest thread; ``None`` before the first start."""
        self.endings = 0
        """How often an error ended the loop or the thread."""
        self._lock = new_lock("worker")
        self._loop: Callable[[], None] | None = None

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        thread = self.thread
        return thread is not None and thread.is_alive()

    def start(self, loop: Callable[[], None]) -> None:
        """Run `loop` on a thread, unless a loop runs already."""
        with self._lock:
            if self._loop is None:
                self._loop = loop
                self._start_thread(loop)

    def end(self) -> None:
        """Let the thread end with its loop; the loop calls this just before it returns."""
        self._loop = None

    @property
    def started(self) -> bool:
        """True from `start` to `end`."""
        return self._loop is not None

    def check(self) -> None:
        """Start the thread again if it ended before its loop did."""
        if not self.started or self.alive:
            return
        with self._lock:
            if self._loop is not None and not self.alive:
                self.endings += 1
                self._start_thread(self._loop)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread; the thread itself does not wait."""
        thread = self.thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, seconds))

    def _start_thread(self, loop: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._run, args=(loop,), name=self.name, daemon=True)
        self.thread = thread
        thread.start()

    def _run(self, loop: Callable[[], None]) -> None:
        while True:
            try:
                loop()
                return
            except BaseException:
                # Also SystemExit, which a callback, a score or another thread may have raised.
                self.endings += 1
                time.sleep(PAUSE_SECONDS)


def run_uninterrupted(
    call: Callable[[], bool], seconds: float, progress: Callable[[], int]
) -> bool:
    """Return what `call` returns, and run it where no interrupt can stop it midway.

    Python raises an interrupt in the main thread only, between any two instructions. The main
    thread therefore runs `call` on a thread of its own and waits for it. An interrupt ends the
    waiting, and `call` goes on.

    Parameters
    ----------
    call : callable
        Must not raise.
    seconds : float
        Longest time that the main thread waits without progress; then the result is false.
    progress : callable
        Returns a number that changes when there is progress.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    # Not Thread.join: an interrupt amid it may raise RuntimeError (CPython 3.11).
    results: SimpleQueue[bool] = SimpleQueue()
    context = copy_context()
    thread = threading.Thread(
        target=lambda: results.put(context.run(call)), name="ipyvitals-drain", daemon=True
    )
    try:
        thread.start()
    except RuntimeError:
        # The interpreter exits, or the system allows no threads.
        return call()
    while True:
        seen = progress()
        try:
            return results.get(timeout=seconds)
        except Empty:
            if seen == progress():
                return False
