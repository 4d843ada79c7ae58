"""Lists the runs of a tracker: the open ones, and the last ones that ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf

from msgspec.structs import replace

from ipyvitals.schema import RunInfo, TrainingSection
from ipyvitals.schema.messages import Message
from ipyvitals.schema.training import ENDED_RUNS
from ipyvitals.training.alerts import Alert
from ipyvitals.training.curve_feed import CurveFeed
from ipyvitals.training.environment import GitState, RunFacts
from ipyvitals.training.record import RunRecord
from ipyvitals.training.reports import ReportQueue
from ipyvitals.training.run import RunOwner, TrainingRun
from ipyvitals.training.run_states import ProgressReport
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import new_rlock
from ipyvitals.utils.notices import Notices

__all__ = ["PLACES", "RunList"]

PLACES = 8
"""Colours of runs at the top."""


class RunList(RunOwner):
    """Lists the open runs, oldest first, and the last ones that ended.

    Two locks, the outer one first: that of the report queue guards the values of metrics, that of
    the tracker guards which runs are open and how far they are.

    Parameters
    ----------
    clock : Clock
        Source of rates and elapsed times.
    notices : Notices
        Counts values that cannot be taken, and those that are not finite.
    on_change : callable
        Called after each change, outside the locks; of reports, only after `quiet_until`.
    on_end : callable
        Called, outside the locks, when a run at the top ends: with its section, and whether
        `Monitor.log` opened it.
    wake : callable
        Wakes the scheduler. It may be called from the garbage collector, so it must take no lock.
    on_report : callable
        Called with a `ProgressReport` whenever a run begins or ends, or a run reports metrics.
    on_alert : callable
        Called, outside the locks, with an `Alert`.
    warn : callable
        Called with a message, on the user's thread, when a value cannot be taken.
    """

    def __init__(
        self,
        clock: Clock,
        notices: Notices,
        on_change: Callable[[], None],
        on_end: Callable[[TrainingSection, bool], None],
        wake: Callable[[], None],
        on_report: Callable[[ProgressReport], object] = lambda report: None,
        on_alert: Callable[[Alert], object] = lambda alert: None,
        warn: Callable[[Message], object] = lambda message: None,
    ) -> None:
        self._clock = clock
        self.monotonic = clock.monotonic
        self._on_change = on_change
        self._on_end = on_end
        self._wake = wake
        self._on_report = on_report
        self._on_alert = on_alert
        self.reports = ReportQueue(notices, on_report, on_alert, warn)
        self.stall_seconds: float | None = 30.0
        """Shortest time without a step that is a stall; ``None`` for no such alert."""
        self.quiet_until = -inf
        """Monotonic seconds before which a report needs no call of `on_change`."""
        self.prefix = "run"
        """What the ids of runs begin with."""
        self._number = 0
        self._cell = 0
        self._abandoned: deque[tuple[TrainingRun, float]] = deque()
        self._make_lock()
        self._open: list[TrainingRun] = []
        """Open runs, oldest first."""
        self._owned: dict[int, TrainingRun] = {}
        """The newest run of each owner, by the owner's id."""
        self._ended: deque[tuple[RunRecord, RunInfo]] = deque()
        """The last runs that ended, newest first."""
        self._place_used = [0] * PLACES
        """Number of the last run that took each place."""
        self._last = TrainingSection()
        self.describe: Callable[[], RunFacts] = RunFacts
        """Returns what is known of the process and the model when a run begins."""
        self._without_git: deque[RunRecord] = deque(maxlen=ENDED_RUNS)
        self._feed: CurveFeed | None = None
        self.version = 0
        """Grows with each change of a run that a view shows, looked at ten times a second."""

    @property
    def running(self) -> bool:
        """True while a run is open."""
        return bool(self._open)

    @property
    def has_abandoned_loops(self) -> bool:
        """True while an abandoned loop waits for `end_abandoned_loops`."""
        return bool(self._abandoned)

    @property
    def open_runs(self) -> list[TrainingRun]:
        """Open runs, oldest first."""
        return list(self._open)

    @property
    def others(self) -> int:
        """Number of open runs at the top besides the one in front."""
        return max(0, sum(run.parent is None for run in self.open_runs) - 1)

    @property
    def tracked(self) -> list[TrainingRun]:
        """Open runs that belong to a `track` loop, oldest first."""
        return [run for run in self.open_runs if run._counter is not None]

    def fold(self) -> None:
        """Apply the values that wait."""
        self.reports.fold()

    @property
    def wants_git(self) -> bool:
        """True while a run waits for the state of git."""
        return bool(self._without_git)

    def take_git(self, state: GitState) -> None:
        """Add the state of git to the runs that wait for it, also to those that have ended."""
        with self.reports.lock, self._lock:
            while self._without_git:
                # Another thread may add a run meanwhile.
                self._without_git.popleft().take_git(state)
            self._ended = deque(
                (record, replace(info, environment=record.environment))
                for record, info in self._ended
            )

    def reset_lock(self) -> None:
        """Replace the locks in a forked child, where no thread would release the old ones."""
        self.reports.make_lock()
        self._make_lock()

    def _make_lock(self) -> None:
        # Reentrant: the garbage collector may run any code on the thread that has it.
        self._lock = new_rlock("training runs")
