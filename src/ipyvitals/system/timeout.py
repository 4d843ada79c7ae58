"""Calls functions that may never return, with a timeout."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVar

__all__ = ["TimeoutCaller"]

T = TypeVar("T")

TIMEOUT_SECONDS = 0.5

Reply: TypeAlias = "SimpleQueue[tuple[object, BaseException | None]]"


class TimeoutCaller:
    """Makes each call on a thread of its own, and waits for it up to a timeout.

    A call that hangs (a disk in a network that is gone) occupies one thread; until it returns,
    later calls fail at once and are not made. The sampling thread alone would not do: all other
    parts of a reading would wait with it.

    Parameters
    ----------
    name : str
        Names the thread, and what does not answer, in messages.
    seconds : float
        How long to wait for an answer.

    Examples
    --------
    >>> TimeoutCaller("sum").ask(lambda: 1 + 1)
    2
    """

    def __init__(self, name: str, seconds: float = TIMEOUT_SECONDS) -> None:
        self.name = name
        self.seconds = seconds
        self._late: Reply | None = None

    def ask(self, call: Callable[[], T]) -> T:
        """Return what `call` returns, or raise what it raises.

        Raises
        ------
        TimeoutError
            When it does not answer in time, or a former call still has not.
        """
        if self._late is not None:
            if self._late.empty():
                raise TimeoutError(f"{self.name} still does not answer")
            self._late = None
        reply: Reply = SimpleQueue()
        # A thread that waits for calls would have to be ended; a new one costs 0.1 ms.
        threading.Thread(
            target=_answer, args=(call, reply), name=f"ipyvitals-{self.name}", daemon=True
        ).start()
        try:
            value, error = reply.get(timeout=self.seconds)
        except Empty:
            self._late = reply
            raise TimeoutError(f"{self.name} did not answer within {self.seconds:g} s") from None
        if error is not None:
            raise error
        return value  # type: ignore[return-value]


def _answer(call: Callable[[], object], reply: Reply) -> None:
    try:
        reply.put((call(), None))
    except BaseException as error:
        reply.put((None, error))
