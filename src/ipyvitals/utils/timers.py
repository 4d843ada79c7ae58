"""When what is done regularly falls due."""

from __future__ import annotations

__all__ = ["IntervalTimer"]


class IntervalTimer:
    """Falls due at regular moments; those that were slept through are left out.

    Parameters
    ----------
    seconds : float
        From one to the next.
    now : float
        The first one, in monotonic seconds.

    Examples
    --------
    >>> due = IntervalTimer(5.0, now=0.0)
    >>> due.passed(0.0), due.passed(3.0), due.passed(17.0), due.next
    (True, False, True, 22.0)
    """

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self.next = now
        """The next moment."""

    def passed(self, now: float) -> bool:
        """Return whether the moment has come; if so, another one follows."""
        if now < self.next:
            return False
        due = self.next + self._seconds
        self.next = due if due > now else now + self._seconds
        return True

    def at_last(self, moment: float) -> None:
        """Let the next moment be this one, unless it comes before."""
        self.next = min(self.next, moment)
