"""Users' callbacks, on a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.schema import EVENT_TYPES, Event
from ipyvitals.utils.notices import Notices

__all__ = ["Callbacks"]

log = logging.getLogger("ipyvitals")

QUEUE_LIMIT = 1_000

Callback = Callable[[Any], object]


class Callbacks:
    """Calls subscribers in the order of the events; a slow one delays only the others here.

    The thread starts with the first subscriber and ends with `close`, or when this object is
    dropped.

    Parameters
    ----------
    notices : Notices
        Where exceptions of callbacks and dropped events are counted.
    """

    def __init__(self, notices: Notices) -> None:
        self._state = _State(notices)
        self._subscribers: list[tuple[str, Callback]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def on(self, event_type: str, callback: Callback) -> Callable[[], None]:
        """Subscribe; return a function that ends the subscription.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When there is no such event, or the callback cannot be called.
        """
        if event_type != "*" and event_type not in EVENT_TYPES:
            raise ArgumentValueError(
                f"on({event_type!r}): expected '*' or one of {', '.join(EVENT_TYPES)}."
            )
        if not callable(callback):
            raise ArgumentTypeError(
                f"on(): expected a function that takes an event, got {callback!r}."
            )
        entry = (event_type, callback)
        with self._lock:
            self._subscribers = [*self._subscribers, entry]
            if self._thread is None and not self._state.closed:
                self._thread = threading.Thread(
                    target=_run, args=(self._state,), name="ipyvitals-callbacks", daemon=True
                )
                self._thread.start()

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = [one for one in self._subscribers if one is not entry]

        return unsubscribe

    def put(self, event: Event) -> None:
        """Queue the event for those who want it; never blocks."""
        wanted = [call for kind, call in self._subscribers if kind in ("*", event.type)]
        if wanted:
            self._state.put(event, wanted)

    def drain(self, timeout: float) -> bool:
        """Wait until everything queued was called; false when that took longer."""
        if self._thread is None or self._thread is threading.current_thread():
            return True
        return self._state.wait_idle(timeout)

    def close(self, timeout: float = 1.0) -> None:
        """Call what is queued, then end the thread, waiting for it at most `timeout` seconds."""
        self._state.close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def after_fork(self) -> None:
        """Go on without a thread in a forked child."""
        self._state = _State(self._state.notices)
        self._state.closed = True
        self._subscribers = []
        self._lock = threading.Lock()
        self._thread = None

    def __del__(self) -> None:
        self._state.close()


class _State:
    """What the thread holds: not the `Callbacks`, which therefore can be dropped."""

    def __init__(self, notices: Notices) -> None:
        self.notices = notices
        self.closed = False
        self._queue: deque[tuple[Event, list[Callback]]] = deque()
        self._changed = threading.Condition()
        self._busy = False

    def put(self, event: Event, wanted: list[Callback]) -> None:
        with self._changed:
            if self.closed:
                return
            if len(self._queue) >= QUEUE_LIMIT:
                self._queue.popleft()
                self.notices.add("callbacks.dropped", limit=f"{QUEUE_LIMIT:,}")
            self._queue.append((event, wanted))
            self._changed.notify_all()

    def take(self) -> tuple[Event, list[Callback]] | None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            while not self._queue:
                if self.closed:
                    return None
                self._changed.wait()
            self._busy = True
            return self._queue.popleft()

    def wait_idle(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, timeout)

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._changed.notify_all()


def _run(state: _State) -> None:
    while (job := state.take()) is not None:
        _call(state, *job)
        # While this thread waits it must not hold the callbacks, which may hold the monitor.
        del job


def _call(state: _State, event: Event, wanted: list[Callback]) -> None:
    for callback in wanted:
        try:
            callback(event)
        except BaseException as error:
            # A callback that calls sys.exit() must not end the thread for all others.
            name = getattr(callback, "__qualname__", repr(callback))
            state.notices.add(
                "callbacks.failed",
                callback=name,
                error=type(error).__name__,
                event=event.type,
                text=str(error),
            )
            log.debug("callback %s failed", name, exc_info=True)
