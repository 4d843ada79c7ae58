"""Holds the facts of one run: identity, times, rate, waiting, and its row in a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ipyvitals.schema import Goal, RunAlert, RunCost, RunEnd, RunEnvironment, RunInfo
from ipyvitals.schema.messages import Args
from ipyvitals.training.config import RunConfig
from ipyvitals.training.cost import CostMeter
from ipyvitals.training.data_wait import RecentWait, StepTimer
from ipyvitals.training.environment import GitState
from ipyvitals.training.eta import EtaEstimator
from ipyvitals.training.run_states import leaf_steps, nested_fraction
from ipyvitals.training.series import RunSeries
from ipyvitals.utils.storable import MAX_INTEGER

if TYPE_CHECKING:
    from ipyvitals.training.run import TrainingRun

__all__ = ["MAX_METRICS", "MAX_TAGS", "RunRecord"]

UNITS = ("epoch", "batch", "fold", "trial", "iteration", "episode", "round")
UNTIMED_SECONDS = 0.5
"""Longest time in which a loop does not look at the clock, if it makes a step."""
MAX_TAGS = 20
MAX_METRICS = 200
"""Metrics of one run that are taken; 100 of them have a curve."""


class RunRecord:
    """The facts of one run. A `track` loop inside a loop has one record for all its laps.

    Parameters
    ----------
    number : int
        Number of the run in its monitor, from 1.
    run_id : str
    started, started_at : float
        Monotonic and Unix seconds.
    goals : dict, optional
        Goals of metrics that the user named.
    """

    def __init__(
        self,
        number: int,
        run_id: str,
        started: float,
        started_at: float,
        goals: dict[str, Goal] | None = None,
    ) -> None:
        self.number = number
        self.run_id = run_id
        self.started, self.started_at = started, started_at
        self.run: TrainingRun | None = None
        """The newest lap."""
        self.parent_id: str | None = None
        self.name: str | None = None
        self.place: int | None = None
        self.unit = "step"
        self.lap = 0
        self.initial = 0
        """Steps that were done before the run began, such as those of a checkpoint."""
        self.steps = 0
        """Steps of the laps that have ended."""
        self.lap_started = started
        self.finished_seconds = 0.0
        """Duration of the laps that have ended."""
        self.config = RunConfig()
        self.tags: list[str] = []
        self.metric_names: set[str] = set()
        self.has_all_metrics = False
        """Whether a further metric was left out."""
        self.environment: RunEnvironment | None = None
        self.model_id: str | None = None
        self.series = RunSeries(run_id, goals)
        self.timer = StepTimer()
        self.eta = EtaEstimator(started)
        self.leaf_eta = EtaEstimator(started)
        """Of the steps of the lowest level."""
        self.inner_metrics: dict[str, float | None] = {}
        """Metrics of the runs inside this one that have ended."""
        self.inner_waited = 0.0
        """Seconds that the runs inside this one waited which have ended."""
        self.recent_wait = RecentWait()
        self.stepped = started
        """When the run was last seen to have made a step, in monotonic seconds."""
        self.seen_steps = self._seen_given = 0
        self.counted_at = started
        """When the user last counted a step."""
        self.stalled: RunAlert | None = None
        self.stalled_since = started
        self.alerts: dict[str, RunAlert] = {}
        """What is wrong with metrics now, by name."""
        self.end: RunEnd | None = None
        self.reason: tuple[str, str, Args] | None = None
        """Sentence, code and arguments."""
        self.ended_at: float | None = None
        self.ended: float | None = None
        self.meter = CostMeter()
        self.cost: RunCost | None = None

    def describe(
        self,
        stage: str,
        *,
        name: str | None,
        config: dict[str, Any],
        tags: list[str],
        goals: dict[str, Goal],
        unit: str | None,
    ) -> None:
        """Take over the user's description; a part that was left out stays."""
        self.name = name or self.name
        self.config.update(config)
        self.tags = tags[:MAX_TAGS] or self.tags
        self.series.goals.update(goals)
        self.unit = unit or unit_of(stage)

    def take_git(self, state: GitState) -> None:
        """Add the state of git to the environment."""
        if self.environment is not None:
            self.environment = replace(
                self.environment, git_commit=state.commit, git_dirty=state.dirty
            )

    def count(self, steps: int, now: float) -> None:
        """Take the time of steps that the user counted."""
        self.timer.add_duration((now - self.counted_at) / steps)
        self.counted_at = now

    def begin_lap(self, run: TrainingRun, now: float) -> None:
        """Go on with the next lap."""
        self.run = run
        self.lap += 1
        self.lap_started = self.stepped = self.counted_at = now
        self.end = self.reason = self.ended = self.ended_at = None
        self.stalled = self.cost = None
        self.initial = self.seen_steps = run.current
        self._seen_given = 0
        start = now, run.current, run.fraction or 0.0
        self.eta, self.leaf_eta = EtaEstimator(*start), EtaEstimator(*start)
        self.timer.begin()

    def end_lap(self, steps: int, now: float, at: float) -> None:
        """Take over what the lap did."""
        self.steps = min(MAX_INTEGER, self.steps + steps)
        self.finished_seconds += now - self.lap_started
        self.ended, self.ended_at = now, at
        waited = self.wait_totals(now)
        self.cost = self.meter.result(
            max(0.0, now - self.started), self.steps, None if waited is None else waited[0]
        )

    def active_seconds(self, now: float) -> float:
        """Return the duration of all laps."""
        return self.finished_seconds + (now - self.lap_started if self.ended is None else 0.0)

    def look(self, now: float) -> bool:
        """Notice the steps that were made, and return whether there were any.

        A loop counts its steps without a look at the clock.
        """
        run = self.run
        if run is None or run.state != "running":
            return False
        leaves, given = leaf_steps(run), run._given
        moved = (leaves, given) != (self.seen_steps, self._seen_given)
        if self.timer.until is not None and now - self.timer.until > UNTIMED_SECONDS:
            # The steps became slow, or one is: the loop looks at the clock at the next one.
            run.interrupt = True
        if moved:
            self.seen_steps, self._seen_given, self.stepped = leaves, given, now
        elif self.timer.until is not None:
            # The count of a loop follows with the next item.
            self.stepped = max(self.stepped, self.timer.until)
        fraction = nested_fraction(run)
        self.eta.update(now, run.current, fraction)
        self.leaf_eta.update(now, leaves, fraction)
        waited = self.wait_totals(now)
        if waited is not None:
            self.recent_wait.update(now, *waited)
        return moved

    def wait_totals(self, now: float) -> tuple[float, float] | None:
        """Return the seconds spent waiting for data and all seconds; ``None`` without a loop."""
        elapsed = self.active_seconds(now)
        ratio = self.timer.ratio
        inside = [run.record.wait_totals(now) for run in (self.run.children if self.run else ())]
        known = [waited[0] for waited in inside if waited is not None]
        if ratio is None and not known and not self.inner_waited:
            return None
        own = ratio * elapsed if ratio is not None else 0.0
        return min(elapsed, own + self.inner_waited + sum(known)), elapsed

    def info(self, now: float) -> RunInfo:
        """Return the row of the run in a snapshot, at a monotonic time."""
        run = self.run
        if run is None:
            raise ValueError("expected a run that has begun")
        running = run.state == "running"
        fraction = nested_fraction(run)
        waited = self.wait_totals(now)
        sentence, code, args = self.reason or (None, None, {})
        return RunInfo(
            run_id=self.run_id,
            parent_id=self.parent_id,
            name=self.name,
            place=self.place,
            stage=run.stage,
            details=run.details,
            state=run.state,
            end=self.end,
            reason=sentence,
            reason_code=code,
            reason_args=args,
            unit=self.unit,
            current=run.current,
            total=run.total,
            progress=None if fraction is None else 100.0 * fraction,
            lap=self.lap,
            steps=min(MAX_INTEGER, self.steps + run.current) if running else self.steps,
            rate_per_second=self.eta.rate(now) if running else self._mean_rate(),
            eta_seconds=self.eta.eta_seconds(now) if running else None,
            elapsed_seconds=max(0.0, (now if self.ended is None else self.ended) - self.started),
            started_at=self.started_at,
            ended_at=self.ended_at,
            stop_requested=running and run.should_stop,
            metrics=dict(self.series.metrics),
            best=dict(self.series.best),
            data_wait_ratio=None if waited is None else self.recent_wait.ratio(*waited),
            data_wait_ratio_total=(
                waited[0] / waited[1] if waited is not None and waited[1] > 0 else None
            ),
            alert=self.stalled or next(reversed(self.alerts.values()), None),
            model_id=self.model_id,
            config=self.config.plain(),
            tags=self.tags,
            environment=self.environment,
            cost=self.cost,
        )

    def _mean_rate(self) -> float | None:
        steps = self.steps - self.initial
        if steps <= 0 or self.finished_seconds <= 0.0:
            return None
        return steps / self.finished_seconds


def unit_of(stage: str) -> str:
    """Return what a run of this stage counts.

    Examples
    --------
    >>> unit_of("Epochs"), unit_of("Training"), unit_of("Fold 3")
    ('epoch', 'step', 'step')
    """
    first, *others = stage.lower().split()[:3] or [""]
    if len(others) == 1 and others[0].strip("#:").isdecimal():
        return "step"  # The stage names one fold; the run counts what is inside that fold.
    word = first.removesuffix("s").removesuffix("e")
    return next((unit for unit in UNITS if word in (unit, unit.removesuffix("e"))), "step")
