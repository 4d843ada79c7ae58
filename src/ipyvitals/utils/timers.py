"""Timers for regular work."""

from __future__ import annotations

__all__ = ["IntervalTimer"]


class IntervalTimer:
    """Fall due at regular intervals; missed intervals are skipped.

    Parameters
    ----------
    seconds : float
        Length of the interval.
    now : float
        First due time, in monotonic seconds.

    Examples
    --------
    >>> timer = IntervalTimer(5.0, now=0.0)
    >>> timer.poll(0.0), timer.poll(3.0), timer.poll(17.0), timer.next
    (True, False, True, 22.0)
    """

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self.next = now
        """Next due time, in monotonic seconds."""

    def poll(self, now: float) -> bool:
        """Return true if the timer is due at `now`, and then schedule the next due time."""
        if now < self.next:
            return False
        due = self.next + self._seconds
        self.next = due if due > now else now + self._seconds
        return True

    def bring_forward(self, moment: float) -> None:
        """Set the next due time to `moment` if that is earlier."""
        self.next = min(self.next, moment)
