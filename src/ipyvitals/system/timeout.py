"""Asking something that may never answer, without being held up by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVar

__all__ = ["TimeoutCaller"]

T = TypeVar("T")

PATIENCE_SECONDS = 0.5

Reply: TypeAlias = "SimpleQueue[tuple[object, Exception | None]]"


class TimeoutCaller:
    """Makes calls on a thread of their own, and waits for each only so long.

    A call that hangs (a disk in a network that is gone) keeps that one thread; until it comes
    back, later calls fail at once and are not made.

    Parameters
    ----------
    name : str
        Of what is asked, for the thread and for messages.
    seconds : float
        How long to wait for an answer.

    Examples
    --------
    >>> TimeoutCaller("sum").ask(lambda: 1 + 1)
    2
    """

    def __init__(self, name: str, seconds: float = PATIENCE_SECONDS) -> None:
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
        # A thread that lives on would cost an idle kernel more than one every few seconds.
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
    except Exception as error:
        reply.put((None, error))
