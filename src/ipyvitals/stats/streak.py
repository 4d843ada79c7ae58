"""A two-sided switch that only turns after a condition held for some steps in a row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Switch"]

Flags = npt.NDArray[np.bool_]


class Switch:
    """Turns on after `hold` "enter" flags in a row, and off after `hold` "leave" flags.

    Parameters
    ----------
    hold : int
        Steps in a row, at least 1.

    Examples
    --------
    >>> switch = Switch(2)
    >>> switch.update(np.array([True, True, False]), np.array([False, False, True]))
    [1]
    >>> switch.on
    True
    """

    def __init__(self, hold: int) -> None:
        self.hold = hold
        self.on = False
        self._entering = 0
        self._leaving = 0

    def update(self, enter: Flags, leave: Flags, ready: Flags | None = None) -> list[int]:
        """Take the next steps.

        Parameters
        ----------
        enter, leave : ndarray of bool, shape (n,)
            The two conditions at each step.
        ready : ndarray of bool, shape (n,), optional
            Where turning on is allowed at all; the streak counts even where it is not.

        Returns
        -------
        list of int
            The steps at which the switch turned; it turns to and fro.
        """
        entering = _streaks(enter, self._entering)
        leaving = _streaks(leave, self._leaving)
        if not entering.size:
            return []
        self._entering, self._leaving = int(entering[-1]), int(leaving[-1])
        ripe = entering >= self.hold
        turn_on = np.flatnonzero(ripe if ready is None else ripe & ready)
        turn_off = np.flatnonzero(leaving >= self.hold)
        turns: list[int] = []
        step = 0
        while True:
            candidates = turn_off if self.on else turn_on
            at = int(np.searchsorted(candidates, step))
            if at == candidates.size:
                return turns
            step = int(candidates[at])
            turns.append(step)
            self.on = not self.on
            step += 1


def _streaks(flags: Flags, before: int) -> npt.NDArray[np.int64]:
    """Return how many flags in a row end at each step, given the streak before the first."""
    steps = np.arange(1, flags.size + 1)
    breaks = np.maximum.accumulate(np.where(flags, -before, steps))
    return steps - breaks
