"""Finds the calls that are open in the current context: a thread, or a task of asyncio.

Of calls inside each other for one monitor, the outermost counts. Tasks inherit the context in which
they began, also after the call around them has ended: an ended call is passed over.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

__all__ = ["OpenCall", "enter_call", "innermost"]


class OpenCall:
    """One call that is being measured, for one monitor.

    Parameters
    ----------
    owner : object
        The monitor.
    around : OpenCall or None
        The innermost call of this context, which becomes the innermost one again at the end.
    """

    __slots__ = ("_around", "_owner")

    def __init__(self, owner: Any, around: OpenCall | None) -> None:
        self._owner = owner
        self._around = around

    def is_inside(self, owner: object) -> bool:
        """Return whether this call, or one around it, is open and of `owner`."""
        call: OpenCall | None = self
        while call is not None:
            if call._owner is owner:
                return True
            call = call._around
        return False

    def leave(self) -> None:
        """End the call."""
        # The owner is released: a context of a task may outlive the monitor.
        self._owner = None
        innermost.set(self._around)


innermost: ContextVar[OpenCall | None] = ContextVar("ipyvitals_call", default=None)
"""The innermost call of this context; it may have ended."""


def enter_call(owner: object) -> OpenCall | None:
    """Open a call in this context; return ``None`` inside another call for the same owner."""
    around = innermost.get()
    if around is not None and around.is_inside(owner):
        return None
    call = OpenCall(owner, around)
    innermost.set(call)
    return call
