"""A switch with hysteresis: it turns after a condition was true for some steps in a row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Flags", "HysteresisSwitch"]

Flags = npt.NDArray[np.bool_]


class HysteresisSwitch:
    """Turns on after `hold` "enter" flags in a row, and off after `hold` "leave" flags.

    Parameters
    ----------
    hold : int
        Steps in a row, at least 1.

    Examples
    --------
    >>> switch = HysteresisSwitch(2)
    >>> switch.update(np.array([True, True, False]), np.array([False, False, True]))
    [1]
    >>> switch.on
    True
    """

    def __init__(self, hold: int) -> None:
        self.hold = hold
        self.on = False
        self._entered: Flags = np.zeros(hold - 1, dtype=np.bool_)
        self._left: Flags = np.zeros(hold - 1, dtype=np.bool_)

    @property
    def streaks(self) -> tuple[Flags, Flags]:
        """The last `hold` − 1 "enter" and "leave" flags, which the next flag may complete."""
        return self._entered, self._left

    def resume(self, entered: Flags, left: Flags) -> None:
        """Restore the flags of `streaks`; ignore flags that belong to another `hold`."""
        if entered.size == left.size == self.hold - 1:
            self._entered, self._left = entered, left

    def update(self, enter: Flags, leave: Flags, ready: Flags | None = None) -> list[int]:
        """Process the next steps.

        Parameters
        ----------
        enter, leave : ndarray of bool, shape (n,)
            The two conditions at each step.
        ready : ndarray of bool, shape (n,), optional
            Steps at which the switch may turn on; a streak also grows at the other steps.

        Returns
        -------
        list of int
            The steps at which the switch turned, alternately on and off.
        """
        entered = np.concatenate([self._entered, enter])
        left = np.concatenate([self._left, leave])
        # Copies: a view would keep the whole array in memory.
        self._entered = entered[enter.size :].copy()
        self._left = left[leave.size :].copy()
        if not (leave if self.on else enter).any():
            return []
        turn_on, turn_off = _streak_ends(entered, self.hold), _streak_ends(left, self.hold)
        if ready is not None:
            turn_on = turn_on & ready
        turns: list[int] = []
        step = 0
        while step < enter.size:
            ahead = (turn_off if self.on else turn_on)[step:]
            first = int(ahead.argmax())
            if not ahead[first]:
                break
            turns.append(step + first)
            self.on = not self.on
            step += first + 1
        return turns


def _streak_ends(flags: Flags, hold: int) -> Flags:
    """Return where `hold` flags in a row end.

    The width doubles with each pass over the array, so 20 in a row take five passes.
    """
    width = 1
    while width < hold:
        step = min(width, hold - width)
        flags = flags[step:] & flags[:-step]
        width += step
    return flags
