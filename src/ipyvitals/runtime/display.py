"""When a snapshot is shown, and which."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from math import inf

import msgspec

from ipyvitals.runtime.publisher import Publisher
from ipyvitals.schema import Snapshot, TrainingSection
from ipyvitals.utils.clock import Clock

__all__ = ["Display"]


class Display:
    """Shows snapshots in the order in which they were made, and not while nobody watches.

    Parameters
    ----------
    publisher : Publisher
        Has the views.
    clock : Clock
        Where all times come from.
    pause : callable
        Returns the seconds to leave between two showings; 0 while somebody watches.
    """

    def __init__(self, publisher: Publisher, clock: Clock, pause: Callable[[], float]) -> None:
        self._publisher = publisher
        self._clock = clock
        self._pause = pause
        self.due = False
        """Whether there is something to show."""
        self.progress_due = False
        """Whether training moved."""
        self.progress = TrainingSection()
        """How training stood when it moved last."""
        self._shown: Snapshot | None = None
        self._shown_at = -inf
        self._turn = 0

    def show(
        self,
        snapshot: Callable[[], Snapshot],
        seq: Callable[[], int],
        lock: AbstractContextManager[object],
        *,
        closed: bool,
    ) -> None:
        """Show what is due: a new snapshot, or the last one with new progress.

        Parameters
        ----------
        snapshot : callable
            Makes one, under the `lock`.
        seq : callable
            Returns the number of the newest event.
        lock : context manager
            Held while a snapshot is made, and not while it is shown.
        closed : bool
            Whether it is the last one, which is shown in any case.
        """
        whole, self.due, self.progress_due = self.due or closed, False, False
        now = self._clock.monotonic()
        too_early = now - self._shown_at < self._pause() and not closed
        if too_early or not self._publisher.watched:
            return
        self._shown_at = now
        with lock:
            self._turn += 1
            if whole or self._shown is None:
                shown = snapshot()
            else:
                # Ten times a second, beside a busy cell: figures wait for their own interval.
                shown = msgspec.structs.replace(
                    self._shown, at=self._clock.time(), seq=seq(), training=self.progress
                )
            turn, self._shown = self._turn, shown
        self._publisher.show(shown, turn)
