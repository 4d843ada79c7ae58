"""A background thread that runs tasks when they fall due, shared by all monitors."""

from __future__ import annotations

import time
import weakref
from collections import deque
from queue import Empty, SimpleQueue
from typing import Protocol

from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import new_lock
from ipyvitals.utils.threads import Worker

__all__ = ["Scheduler", "scheduler"]

MAX_WAIT_SECONDS = 60.0
JOIN_SECONDS = 2.0
"""Longest wait for the end of the thread."""
RETRY_SECONDS = 1.0
"""Pause of a task that raised."""
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
        self._lock = new_lock("scheduler")
        # Not an Event: the garbage collector may call `wake` during any call, even one of an Event.
        self._wakeups: SimpleQueue[None] = SimpleQueue()
        self.worker = Worker(self._name)
        """The thread that runs the tasks."""
        self._stopped = False
        self._lags: deque[tuple[float, float]] = deque(maxlen=MAX_LAGS)

    @property
    def thread_id(self) -> int | None:
        """The operating system's id of the thread; ``None`` while there is none."""
        thread = self.worker.thread if self.worker.started else None
        return None if thread is None else thread.native_id

    @property
    def running(self) -> bool:
        """True while the thread is alive."""
        return self.worker.alive

    def add(self, task: ScheduledTask) -> None:
        """Run `task` from now on; starts the thread for the first task."""
        with self._lock:
            self._tasks = [*self._others(task), weakref.ref(task)]
            weakref.finalize(task, self._wakeups.put, None).atexit = False
            if not self._stopped:
                self.worker.start(self._run)
        self.wake()

    def remove(self, task: ScheduledTask) -> None:
        """Stop running `task`; after the last task, wait for the end of the thread."""
        with self._lock:
            self._tasks = self._others(task)
            last = not self._tasks
        self.wake()
        if last:
            self.worker.join(JOIN_SECONDS)

    def wake(self) -> None:
        """Run the tasks that are due at once; takes no lock."""
        if self.worker.started:
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
        self.worker.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopped:
            wait = self._run_tasks()
            with self._lock:
                self._tasks = self._others(None)
                if not self._tasks:
                    self.worker.end()
                    return
            self._sleep(wait)
        self.worker.end()

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
                wait = min(wait, self._run_task(task))
            # This frame must not keep an unused task alive while the thread sleeps.
            del task
        return wait

    def _run_task(self, task: ScheduledTask) -> float:
        try:
            return task.run_due()
        except BaseException:
            # The other tasks run all the same.
            self.worker.endings += 1
            return RETRY_SECONDS

    def _others(self, task: ScheduledTask | None) -> list[weakref.ref[ScheduledTask]]:
        """Return the live tasks except `task`."""
        return [one for one in self._tasks if one() not in (None, task)]


scheduler = Scheduler()
"""The instance that drains, evaluates, publishes and shows in this process."""
