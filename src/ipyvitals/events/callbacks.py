"""Call users' callbacks on a separate thread."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.schema import EVENT_TYPES, Event
from ipyvitals.utils.locks import new_lock
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.threads import Worker
from ipyvitals.utils.user_code import safe_repr, safe_text

__all__ = ["CallbackDispatcher"]

log = logging.getLogger("ipyvitals")

MAX_QUEUED_EVENTS = 1_000

Callback = Callable[[Any], object]


class CallbackDispatcher:
    """Call subscribers in the order of the events; a slow callback delays only other callbacks.

    The thread starts with the first subscriber and ends with `close`, or when this object is
    garbage-collected.

    Parameters
    ----------
    notices : Notices
        Counts exceptions of callbacks and dropped events.
    """

    def __init__(self, notices: Notices) -> None:
        self._queue = _DeliveryQueue(notices)
        self._subscribers: list[tuple[str, Callback]] = []
        self._lock = new_lock("callbacks")
        self.worker = Worker("ipyvitals-callbacks")

    @property
    def _thread(self) -> threading.Thread | None:
        return self.worker.thread

    def on(self, event_type: str, callback: Callback) -> Callable[[], None]:
        """Subscribe; return a function that ends the subscription.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When there is no such event type, or the callback is not callable.
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
            if not self._queue.closed:
                self.worker.start(partial(_run, self._queue, self.worker))

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = [one for one in self._subscribers if one is not entry]

        return unsubscribe

    def put(self, event: Event) -> None:
        """Queue the event for its subscribers; never waits for a callback."""
        callbacks = [call for kind, call in self._subscribers if kind in ("*", event.type)]
        if callbacks:
            self._queue.put(event, callbacks)

    def wait_until_delivered(self, timeout: float) -> bool:
        """Wait until all queued events are delivered; return false after `timeout` seconds."""
        if not self.worker.alive or self._thread is threading.current_thread():
            return True
        return self._queue.wait_idle(timeout)

    def close(self, timeout: float = 1.0) -> None:
        """Deliver the queued events, then end the thread; wait at most `timeout` seconds."""
        self._queue.close()
        self.worker.join(timeout)

    def after_fork(self) -> None:
        """Close and empty the dispatcher in a forked child, which has no thread."""
        self._queue = _DeliveryQueue(self._queue.notices)
        self._queue.closed = True
        self._subscribers = []
        self._lock = new_lock("callbacks")
        self.worker = Worker(self.worker.name)

    def __del__(self) -> None:
        self._queue.close()


class _DeliveryQueue:
    """Queue events for the thread, which references the queue alone.

    So a `CallbackDispatcher` without other references is garbage-collected. The queue has no
    lock, since garbage collection may close it during any call.
    """

    def __init__(self, notices: Notices) -> None:
        self.notices = notices
        self.closed = False
        self._pending: deque[tuple[Event, list[Callback]]] = deque()
        self._waiting: deque[threading.Event] = deque()
        """Set when no event is pending."""
        self._wakeups: SimpleQueue[None] = SimpleQueue()

    def put(self, event: Event, callbacks: list[Callback]) -> None:
        if self.closed:
            return
        if len(self._pending) >= MAX_QUEUED_EVENTS:
            self._pending.popleft()
            self.notices.add("callbacks.dropped", limit=f"{MAX_QUEUED_EVENTS:,}")
        self._pending.append((event, callbacks))
        self._wakeups.put(None)

    def take(self) -> tuple[Event, list[Callback]] | None:
        """Wait for an event; return ``None`` when the queue is closed and empty."""
        while True:
            try:
                return self._pending.popleft()
            except IndexError:
                pass
            self._wake_waiting()
            if self.closed and not self._pending:
                return None
            self._wakeups.get()

    def _wake_waiting(self) -> None:
        while self._waiting and not self._pending:
            idle = self._waiting.popleft()
            if self._pending:
                # An event that was queued before this wait.
                self._waiting.appendleft(idle)
            else:
                idle.set()

    def wait_idle(self, timeout: float) -> bool:
        idle = threading.Event()
        self._waiting.append(idle)
        self._wakeups.put(None)
        return idle.wait(timeout)

    def close(self) -> None:
        self.closed = True
        self._wakeups.put(None)


def _run(queue: _DeliveryQueue, worker: Worker) -> None:
    while (job := queue.take()) is not None:
        _call(queue, *job)
        queue.notices.log_new()
        # A waiting thread must not reference callbacks, since they may reference the monitor.
        del job
    worker.end()


def _call(queue: _DeliveryQueue, event: Event, callbacks: list[Callback]) -> None:
    for callback in callbacks:
        try:
            callback(event)
        except BaseException as error:
            # BaseException: a callback that calls sys.exit() must not end the thread.
            name = getattr(callback, "__qualname__", None)
            queue.notices.add(
                "callbacks.failed",
                callback=name if isinstance(name, str) else safe_repr(callback),
                error=type(error).__name__,
                event=event.type,
                text=safe_text(error),
            )
            log.debug("callback %s failed", name, exc_info=True)
