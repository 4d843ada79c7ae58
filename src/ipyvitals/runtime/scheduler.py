"""A background thread that runs tasks when they fall due, shared by all monitors."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from queue import Empty, SimpleQueue
from typing import Protocol

from ipyvitals.utils.fork import renew_in_child

__all__ = ["Scheduler", "scheduler"]

MAX_WAIT_SECONDS = 60.0
JOIN_SECONDS = 2.0
"""Longest wait for the end of the thread."""
MAX_LAGS = 1_000
"""Number of measured lags that are stored."""


class ScheduledTask(Protocol):
    """An object with periodic work."""

    def run_due(self) -> float:
        """Do the work that is due; return the seconds until the next work is. Must not raise."""
        ...


class Scheduler:
    """Runs tasks when they are due; the thread ends when there are no more tasks.

    The scheduler holds only weak references, so that it does not keep an unused monitor alive.
    """

    def __init__(self, name: str = "ipyvitals-scheduler") -> None:
        self._name = name
        self.after_fork()
        renew_in_child(self)

    def after_fork(self) -> None:
        """Start without a thread and without tasks: those of the parent stay in the parent."""
        self._tasks: list[weakref.ref[ScheduledTask]] = []
        self._lock = threading.Lock()
        # Not an Event: the garbage collector may call `wake` during any call, even one of an Event.
        self._wakeups: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._lags: deque[tuple[float, float]] = deque(maxlen=MAX_LAGS)

    @property
    def thread_id(self) -> int | None:
        """The operating system's id of the thread; ``None`` while there is none."""
        return None if self._thread is None else self._thread.native_id

    @property
    def running(self) -> bool:
        """True while the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def add(self, task: ScheduledTask) -> None:
        """Run `task` from now on; starts the thread for the first task."""
        with self._lock:
            self._tasks = [*self._others(task), weakref.ref(task)]
            weakref.finalize(task, self._wakeups.put, None).atexit = False
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread = thread
                thread.start()
        self.wake()

    def remove(self, task: ScheduledTask) -> None:
        """Stop running `task`; after the last task, wait for the end of the thread."""
        with self._lock:
            self._tasks = self._others(task)
            last = not self._tasks
        self.wake()
        if last:
            self._join()

    def wake(self) -> None:
        """Run the tasks that are due at once; takes no lock."""
        if self._thread is not None:
            self._wakeups.put(None)

    def lag(self, since: float) -> float | None:
        """Return the longest delay of the thread's wake-ups since a time, in seconds.

        Every thread of this process had to wait that long for the GIL or for a core.

        Parameters
        ----------
        since : float
            Seconds of ``time.monotonic()``.

        Returns
        -------
        float or None
            None when no wake-up by timeout happened, e.g. because the thread does not run.
        """
        return max((late for at, late in list(self._lags) if at >= since), default=None)

    def stop(self) -> None:
        """End the thread permanently: the interpreter is about to exit."""
        self._stopped = True
        self.wake()
        self._join()

    def _join(self) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopped:
            wait = self._run_tasks()
            with self._lock:
                self._tasks = self._others(None)
                if not self._tasks:
                    self._thread = None
                    return
            self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        try:
            self._wakeups.get(timeout=seconds)
        except Empty:
            now = time.monotonic()
            self._lags.append((now, max(0.0, now - due)))
            return
        while not self._wakeups.empty():
            self._wakeups.get_nowait()

    def _run_tasks(self) -> float:
        wait = MAX_WAIT_SECONDS
        for reference in self._tasks:
            task = reference()
            if task is not None:
                wait = min(wait, task.run_due())
            # This frame must not keep an unused task alive while the thread sleeps.
            del task
        return wait

    def _others(self, task: ScheduledTask | None) -> list[weakref.ref[ScheduledTask]]:
        """Return the live tasks except `task`."""
        return [one for one in self._tasks if one() not in (None, task)]


scheduler = Scheduler()
"""The instance that drains, evaluates, publishes and shows in this process."""
