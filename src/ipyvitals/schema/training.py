"""Training runs: the run in front, every run of the tree, and what a run took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from ipyvitals.schema.base import (
    AlertKind,
    Goal,
    NotFiniteKind,
    RunEnd,
    SchemaStruct,
    TrainingState,
)
from ipyvitals.schema.messages import Args
from ipyvitals.schema.metrics import exposed, metric

__all__ = [
    "BestValue",
    "CurveChunk",
    "GpuCost",
    "RunAlert",
    "RunCost",
    "RunEnvironment",
    "RunInfo",
    "TrainingSection",
    "merge_runs",
    "without_stall",
]

ENDED_RUNS = 20
"""Number of ended runs in a snapshot."""


class TrainingSection(SchemaStruct, frozen=True, kw_only=True):
    """The training run that the panel shows, or ``"Ready"`` without one."""

    state: Annotated[
        TrainingState,
        metric("state", "Training", "last"),
        exposed("ipyvitals_training_state", "State of the training run in front."),
    ] = "idle"
    stage: str = "Ready"
    progress: Annotated[
        float | None,
        metric("percent", "Progress"),
        exposed("ipyvitals_training_progress_ratio", "How much of the training run is done."),
    ] = 100.0
    """Percent in [0, 100]; ``None`` while the total is not known."""
    details: str = "System ready"
    current: int | None = None
    total: int | None = None
    rate_per_second: Annotated[
        float | None,
        metric("per second", "Steps per second"),
        exposed("ipyvitals_training_steps_per_second", "How fast the training run moves."),
    ] = None
    eta_seconds: Annotated[
        float | None,
        metric("seconds", "Time left"),
        exposed("ipyvitals_training_eta_seconds", "Time until the training run is done."),
    ] = None
    elapsed_seconds: float | None = None
    metrics: dict[str, float | None] = {}
    stop_requested: bool = False
    """Whether the run was asked to end; ending may take some time."""
    run_id: str | None = None
    """The run in front, of ``Snapshot.runs``; ``None`` before the first run."""


class BestValue(SchemaStruct, frozen=True, kw_only=True):
    """The best value of one metric, of which it is known whether it is to fall or to rise."""

    value: float
    step: float | None
    """The first step with this value."""
    goal: Goal


class RunAlert(SchemaStruct, frozen=True, kw_only=True):
    """Something that is wrong with a run, or was at its end."""

    kind: AlertKind
    metric: str | None
    """The metric that is not finite; ``None`` of a stalled run."""
    value: float | None
    """Stalled: seconds of a usual step. Not finite: the last finite value."""
    step: float | None
    """Stalled: the last step. Not finite: the first step without a finite value."""
    at: float
    """When it began."""
    reason: str
    reason_code: str
    reason_args: Args = {}
    not_finite_kind: NotFiniteKind = ""
    """Not finite: what the first such value was."""


class GpuCost(SchemaStruct, frozen=True, kw_only=True):
    """The use of one GPU by a run."""

    index: int
    name: str | None
    peak_memory_bytes: int | None
    peak_memory_step: int | None
    utilization_percent: float | None
    """Mean over the readings during the run."""
    idle_ratio: float | None
    """Share of the readings with a utilization below 5 %."""
    energy_wh: float | None


class RunCost(SchemaStruct, frozen=True, kw_only=True):
    """Time, memory and energy that a run took, from its beginning to its end."""

    duration_seconds: float
    steps: int
    data_wait_seconds: float | None
    """Time inside the iterables of its `track` loops."""
    peak_memory_bytes: int | None
    """Memory of the kernel with its children."""
    peak_memory_step: int | None
    gpu_utilization_percent: float | None
    """Mean of the GPUs."""
    gpu_idle_ratio: float | None
    energy_wh: float | None
    """Of the GPUs and CPUs whose energy is known."""
    gpus: list[GpuCost] = []
    cpu_energy_wh: float | None = None
    """The part of it that all CPUs of the machine took, whatever ran on them."""


class RunEnvironment(SchemaStruct, frozen=True, kw_only=True):
    """The notebook, commit, host and versions that a run came from."""

    notebook: str | None = None
    """The notebook, or the script."""
    git_commit: str | None = None
    git_dirty: bool | None = None
    """Whether files under version control differed from that commit."""
    host: str | None = None
    python: str | None = None
    libraries: dict[str, str] = {}
    """Versions of the known libraries that were loaded."""


class RunInfo(SchemaStruct, frozen=True, kw_only=True):
    """One training run."""

    run_id: str
    parent_id: str | None = None
    """The run inside which it was opened; ``None`` at the top."""
    worker: str | None = None
    """The worker whose run it is, by `WorkerInfo.worker`; ``None``: a run of this process."""
    name: str | None = None
    """The user's name for the run."""
    place: int | None = None
    """Colour and shape of the run, 0 to 7; ``None`` while more than 8 runs are open."""
    stage: str = "Training"
    details: str = ""
    state: TrainingState = "running"
    end: RunEnd | None = None
    """What ended the run; ``None`` while it is open."""
    reason: str | None = None
    """The sentence for ``end``, where the user did not end the run."""
    reason_code: str | None = None
    reason_args: Args = {}
    unit: str = "step"
    """What is counted, such as ``"epoch"``."""
    current: int = 0
    total: int | None = None
    progress: Annotated[
        float | None,
        metric("percent", "Progress"),
        exposed("ipyvitals_run_progress_ratio", "How much of an open training run is done."),
    ] = None
    """Percent in [0, 100], those of open runs inside it included; ``None`` without a total."""
    lap: int = 1
    """How often the loop has begun within its parent: a `track` loop inside a loop is one run."""
    steps: Annotated[
        int,
        metric("count", "Steps", "total"),
        exposed("ipyvitals_run_steps", "Steps that an open training run made, over all laps."),
    ] = 0
    """Steps of all laps: where a metric stands that is logged without a step."""
    rate_per_second: float | None = None
    """Of late, and of the whole run once it has ended; falls while no step comes."""
    eta_seconds: float | None = None
    elapsed_seconds: float = 0.0
    started_at: float = 0.0
    ended_at: float | None = None
    stop_requested: bool = False
    metrics: dict[str, float | None] = {}
    """The newest value of each; ``None`` where it is not finite."""
    best: dict[str, BestValue] = {}
    """Only of metrics of which it is known whether they are to fall or to rise."""
    data_wait_ratio: Annotated[
        float | None,
        metric("ratio", "Waiting for data"),
        exposed(
            "ipyvitals_run_data_wait_ratio",
            "Share of the last minute that the loops of an open run waited for their data.",
        ),
    ] = None
    """Share of the last minute that a `track` loop spent inside its iterable."""
    data_wait_ratio_total: float | None = None
    """The same of the whole run."""
    alert: RunAlert | None = None
    """What is wrong now: stalled before not finite.

    Of a run that has ended, the metric that was not finite at its end: a fact for its summary, of
    which nobody needs to be alerted any more. No run has stalled that has ended.
    """
    model_id: str | None = None
    """The model that was active when the run began."""
    config: dict[str, str | float | bool | None] = {}
    """Hyperparameters; a value that is no number, text or flag is its text."""
    tags: list[str] = []
    environment: RunEnvironment | None = None
    cost: RunCost | None = None
    """What the run took; ``None`` while it is open."""


class CurveChunk(SchemaStruct, frozen=True, kw_only=True):
    """Buckets of one curve that follow those before: columns of equal length.

    Each bucket stands for ``count`` values in a row. A column that is empty says nothing new:
    ``first_step`` is then ``step``, ``low`` and ``high`` are ``mean``, each of ``count`` is 1, and
    each of ``not_finite`` is 0, each of ``not_finite_kind`` empty.
    """

    run_id: str
    metric: str
    start: int
    """Number of values before the first bucket. With 0 the curve begins anew: drop what is there.

    With any other number than the page has, a message was lost: leave a gap.
    """
    step: list[float]
    """Step of the last value of each bucket."""
    seconds: list[float]
    """Time of that value, since the run began."""
    mean: list[float | None]
    """Mean of the finite values; ``None`` where there is none."""
    first_step: list[float] = []
    low: list[float | None] = []
    high: list[float | None] = []
    count: list[int] = []
    not_finite: list[int] = []
    """How many of ``count`` were NaN or infinite."""
    not_finite_kind: list[NotFiniteKind] = []
    """What the first of those was; the first of the whole curve begins a bucket."""


def merge_runs(before: Iterable[RunInfo], changed: Iterable[RunInfo]) -> list[RunInfo]:
    """Return the runs of a snapshot, of which some changed.

    Examples
    --------
    >>> old = RunInfo(run_id="a", started_at=1.0)
    >>> new = RunInfo(run_id="b", started_at=2.0)
    >>> done = RunInfo(run_id="a", started_at=1.0, state="completed", ended_at=3.0)
    >>> [run.run_id for run in merge_runs([old, new], [done])]
    ['b', 'a']
    """
    runs = {run.run_id: run for run in (*before, *changed)}.values()
    running = sorted((run for run in runs if run.ended_at is None), key=lambda run: run.started_at)
    ended = [run for run in runs if run.ended_at is not None]
    ended.sort(key=lambda run: run.ended_at or 0.0, reverse=True)
    return [*running, *ended[:ENDED_RUNS]]


def without_stall(run: RunInfo) -> RunInfo:
    """Return the row of a run that has ended, for which no stall is an alert any more."""
    if run.alert is None or run.alert.kind != "stalled":
        return run
    return msgspec.structs.replace(run, alert=None)
