"""What a source of system readings is, and how often it may afford to look."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

__all__ = ["MIN_GAP_SECONDS", "Fields", "Pace", "Part", "Source", "UnreadError"]

MIN_GAP_SECONDS = 0.1
"""Differences over less than this say more about the kernel's tick than about the load."""

Fields: TypeAlias = Mapping[str, Any]
"""Fields of `SystemSection`, by name."""

Part: TypeAlias = Callable[[float, Fields], Fields]
"""Takes the monotonic time and the fields read so far; returns more fields."""


class Source(Protocol):
    """Anything that can read some fields of `SystemSection`.

    A part that raises leaves its own fields unknown and the other parts unharmed. Sources are
    read in order, and a later one may correct an earlier one: it is handed what they read.
    """

    def parts(self) -> Mapping[str, Part]:
        """Return the parts, by the name under which their failures are counted."""
        ...


class UnreadError(Exception):
    """Something could not be read, as its cause says; and there are fields that tell of it."""

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.fields = fields


class Pace:
    """Keeps the cost of a repeated look below a share of the time that passes.

    Parameters
    ----------
    share : float
        The largest share of time that looking may take, in (0, 1].
    timer : callable
        Returns seconds; measures what a look costs.
    least : float
        Seconds between two looks, however little they cost.

    Examples
    --------
    >>> ticks = iter([0.0, 0.5])
    >>> pace = Pace(share=0.1, timer=lambda: next(ticks))
    >>> with pace.look(now=100.0):
    ...     pass
    >>> pace.due(104.9), pace.due(105.0)
    (False, True)
    """

    def __init__(
        self,
        share: float,
        timer: Callable[[], float] = time.perf_counter,
        *,
        least: float = 0.0,
    ) -> None:
        self._share = share
        self._timer = timer
        self._least = least
        self._due_at = float("-inf")

    def due(self, now: float) -> bool:
        """Return whether enough time has passed to afford another look."""
        return now >= self._due_at

    def look(self, now: float) -> _Look:
        """Return a context manager that measures one look."""
        return _Look(self, now)

    def spent(self, now: float, seconds: float) -> None:
        """Put off the next look by what this one cost."""
        self._due_at = now + max(self._least, seconds / self._share)


class _Look:
    def __init__(self, pace: Pace, now: float) -> None:
        self._pace = pace
        self._now = now

    def __enter__(self) -> None:
        self._started = self._pace._timer()

    def __exit__(self, *_: object) -> None:
        self._pace.spent(self._now, self._pace._timer() - self._started)
