"""Tracks whether anybody watches this kernel, and limits its messages when nobody does."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

__all__ = ["ViewerPresence"]

LEASE_SECONDS = 180.0
"""A viewer count expires after this time unless the server repeats it."""
IDLE_SECONDS = 600.0
"""Without a server, somebody may watch for this long after the last cell."""
QUIET_SECONDS = 60.0
"""Interval between messages of a busy kernel that nobody watches."""


class ViewerPresence:
    """Decides how often a kernel may send messages, from its viewers and its cells.

    Jupyter counts any message as activity, which prevents culling of the kernel. A kernel that
    nobody watches therefore sends nothing while it is idle, and one message a minute while a cell
    runs.

    Parameters
    ----------
    busy : callable
        Returns whether a cell is running; ``None`` where that is unknown.
    monotonic : callable
        Returns seconds.

    Examples
    --------
    >>> presence = ViewerPresence(busy=lambda: False, monotonic=lambda: 0.0)
    >>> presence.set_viewers(0)
    >>> presence.is_watched()
    False
    """

    def __init__(
        self, busy: Callable[[], bool | None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._busy = busy
        self._monotonic = monotonic
        self._viewers = 0
        self._counted_at = -inf
        self._busy_at = monotonic()

    def set_viewers(self, count: int) -> None:
        """Store the number of viewers that the Jupyter server has counted."""
        self._viewers = count
        self._counted_at = self._monotonic()

    def has_server(self) -> bool:
        """Return whether a Jupyter server counts the viewers of this kernel."""
        return self._monotonic() - self._counted_at < LEASE_SECONDS

    def is_watched(self) -> bool:
        """Return whether somebody watches, or may be watching."""
        return self._is_watched(self._busy())

    def pause(self) -> float:
        """Return the minimum seconds between two messages: 0, 60 or infinity."""
        busy = self._busy()
        if self._is_watched(busy):
            return 0.0
        return QUIET_SECONDS if busy else inf

    def _is_watched(self, busy: bool | None) -> bool:
        now = self._monotonic()
        if busy is not False:
            self._busy_at = now
        if now - self._counted_at < LEASE_SECONDS:
            return self._viewers > 0
        # No server counts viewers: the user who ran the last cell may still be looking.
        return now - self._busy_at < IDLE_SECONDS
