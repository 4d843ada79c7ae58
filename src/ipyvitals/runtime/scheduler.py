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

LONGEST_WAIT_SECONDS = 60.0
JOIN_SECONDS = 2.0
MAX_LAGS = 1_000


class ScheduledTask(Protocol):
    """Something with work that falls due."""

    def run_due(self) -> float:
        """Do what is due, never raise, and return the seconds until more will be."""
        ...


class Scheduler:
    """Runs its members when they are due; sleeps in between; ends when they are gone.

    Members are held weakly, so that a monitor that nobody else holds is no longer ticked.
    """

    def __init__(self, name: str = "ipyvitals-scheduler") -> None:
        self._name = name
        self.after_fork()
        renew_in_child(self)

    def after_fork(self) -> None:
        """Begin without a thread and without members: those of a parent stay its own."""
        self._members: list[weakref.ref[ScheduledTask]] = []
        self._lock = threading.Lock()
        # Not an Event: garbage collection may wake the ticker amid any call, even its own.
        self._alarm: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._lags: deque[tuple[float, float]] = deque(maxlen=MAX_LAGS)

    @property
    def thread_id(self) -> int | None:
        """The operating system's id of the thread; ``None`` while there is none."""
        return None if self._thread is None else self._thread.native_id

    @property
    def running(self) -> bool:
        """Return whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def add(self, member: ScheduledTask) -> None:
        """Tick `member` from here on; starts the thread for the first one."""
        with self._lock:
            self._members = [*self._others(member), weakref.ref(member)]
            weakref.finalize(member, self._alarm.put, None).atexit = False
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread = thread
                thread.start()
        self.wake()

    def remove(self, member: ScheduledTask) -> None:
        """Tick `member` no more; without members the thread ends, and is waited for."""
        with self._lock:
            self._members = self._others(member)
            last = not self._members
        self.wake()
        if last:
            self._join()

    def wake(self) -> None:
        """Look at once for what is due; takes no lock."""
        if self._thread is not None:
            self._alarm.put(None)

    def lag(self, since: float) -> float | None:
        """Return how late the thread woke at worst since a moment, in seconds.

        Every thread of this process had to wait so long for its turn. ``None`` when it did not
        wake by itself, e.g. because it does not run.
        """
        return max((late for at, late in list(self._lags) if at >= since), default=None)

    def stop(self) -> None:
        """End the thread for good: the interpreter is about to exit."""
        self._stopped = True
        self.wake()
        self._join()

    def _join(self) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopped:
            wait = self._run_members()
            with self._lock:
                self._members = self._others(None)
                if not self._members:
                    self._thread = None
                    return
            self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        due = time.monotonic() + seconds
        try:
            self._alarm.get(timeout=seconds)
        except Empty:
            now = time.monotonic()
            self._lags.append((now, max(0.0, now - due)))
            return
        while not self._alarm.empty():
            self._alarm.get_nowait()

    def _run_members(self) -> float:
        wait = LONGEST_WAIT_SECONDS
        for reference in self._members:
            member = reference()
            if member is not None:
                wait = min(wait, member.run_due())
            # This thread must not keep alive what nobody else holds.
            del member
        return wait

    def _others(self, member: ScheduledTask | None) -> list[weakref.ref[ScheduledTask]]:
        """Return the members that live, without this one."""
        return [one for one in self._members if one() not in (None, member)]


scheduler = Scheduler()
"""That of this process: it folds, evaluates, publishes and shows."""
