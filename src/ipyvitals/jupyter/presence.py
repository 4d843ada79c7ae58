"""Whether anybody is watching this kernel."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf

__all__ = ["Presence"]

LEASE_SECONDS = 180.0
IDLE_SECONDS = 600.0
QUIET_SECONDS = 60.0


class Presence:
    """Decides whether a message is worth sending.

    Any message counts as activity and keeps a kernel from being culled; so a kernel that nobody
    watches sends nothing while it is idle, and one message a minute while a cell runs.

    Parameters
    ----------
    busy : callable
        Whether a cell is running; ``None`` where that cannot be told.
    monotonic : callable
        Returns seconds.

    Examples
    --------
    >>> presence = Presence(busy=lambda: False, monotonic=lambda: 0.0)
    >>> presence.tell(0)
    >>> presence.watching()
    False
    """

    def __init__(
        self, busy: Callable[[], bool | None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._busy = busy
        self._monotonic = monotonic
        self._viewers = 0
        self._told_at = -inf
        self._busy_at = monotonic()

    def tell(self, viewers: int) -> None:
        """Note how many are watching, as the Jupyter server counts them."""
        self._viewers = viewers
        self._told_at = self._monotonic()

    def served(self) -> bool:
        """Return whether a Jupyter server counts the viewers of this kernel."""
        return self._monotonic() - self._told_at < LEASE_SECONDS

    def watching(self) -> bool:
        """Return whether somebody watches, or may be watching."""
        return self._watched(self._busy())

    def pause(self) -> float:
        """Return the seconds to leave between two messages."""
        busy = self._busy()
        if self._watched(busy):
            return 0.0
        return QUIET_SECONDS if busy else inf

    def _watched(self, busy: bool | None) -> bool:
        now = self._monotonic()
        if busy is not False:
            self._busy_at = now
        if now - self._told_at < LEASE_SECONDS:
            return self._viewers > 0
        # Nobody counts viewers here: someone who ran a cell of late may look at it still.
        return now - self._busy_at < IDLE_SECONDS
