"""Messages between kernels and the Jupyter server: updates, requests and replies."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from ipyvitals.schema import (
    CurveChunk,
    DriftSection,
    Durations,
    Event,
    LabelsSection,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Notice,
    RunInfo,
    SystemSection,
    TrainingSection,
    WorkerInfo,
)
from ipyvitals.schema.messages import message

__all__ = [
    "COMM_ID",
    "REPLY",
    "REQUEST",
    "VERSION",
    "Reply",
    "Request",
    "RequestKind",
    "Update",
    "ended",
]

VERSION = 1
COMM_ID = "ipyvitals"
"""Target and id of the one comm of a kernel; its topic is ``comm-ipyvitals``."""
REQUEST = "ipyvitals_request"
REPLY = "ipyvitals_reply"
"""Message types on the control channel."""

RequestKind: TypeAlias = Literal[
    "snapshot", "viewers", "stop_training", "acknowledge", "reset", "curves"
]


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of one monitor since its last update; the whole state, when `full`."""

    v: int = VERSION
    monitor: str
    n: int
    """Counts the updates of one monitor from 1; a gap means that some were lost."""
    at: float
    seq: int
    """Number of the newest event."""
    full: bool
    closed: bool = False
    interval: float | None = None
    """Seconds between readings of the machine."""
    model: ModelSection | UnsetType = UNSET
    training: TrainingSection | UnsetType = UNSET
    metrics: MetricsSection | UnsetType = UNSET
    system: SystemSection | UnsetType = UNSET
    notices: list[Notice] | UnsetType = UNSET
    models: list[ModelInfo] | UnsetType = UNSET
    """Those that changed; all of them, when `full`."""
    durations: Durations | UnsetType | None = UNSET
    """Of the active model."""
    labels: LabelsSection | UnsetType = UNSET
    drift: DriftSection | UnsetType = UNSET
    """Of the active model."""
    runs: list[RunInfo] | UnsetType = UNSET
    """Those that changed; all of them, when `full`. Of ended ones the newest 20 stay."""
    workers: list[WorkerInfo] | UnsetType = UNSET
    """All of them; the ages of their reports are those at ``at``."""
    events: list[Event] = []
    """Since the last update, oldest first."""
    history: dict[str, list[Any]] | UnsetType = UNSET
    """Columns of `Point`; only in a reply to a request that asks for them."""
    curves: list[CurveChunk] | UnsetType = UNSET
    """Whole curves; only in a reply to a request that asks for ``history`` or ``curves``."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asked on the control channel, which answers while a cell runs."""

    request: RequestKind
    monitor: str | None = None
    """Which one; all of them by default."""
    count: int = 0
    """With ``viewers``: how many are watching this kernel."""
    history: bool = False
    """With ``snapshot``: whether to add the points behind the charts."""
    run_id: str | None = None
    """With ``stop_training`` and ``curves``: which run; all of them by default."""
    metric: str | None = None
    """With ``curves``: which metric; all of them by default."""
    first_step: float | None = None
    last_step: float | None = None
    """With ``curves``: the range of steps, ends included, in as many buckets as there are."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    status: Literal["ok", "error"] = "ok"
    message: str = ""
    """What was done, or what went wrong."""
    monitors: list[Update] = []
    """With ``snapshot``: each monitor in full."""
    curves: list[CurveChunk] = []
    """With ``curves``: the buckets of the range."""
    done: int = 0
    """How many runs were asked to stop, or models acknowledged or reset."""
    open: list[str] | None = None
    """Names of all monitors of the kernel; ``None`` from a kernel that does not list them."""


def ended(update: Update) -> Update:
    """Return a full update as that of a monitor that has ended: closed, its models stopped."""
    fields: dict[str, Any] = {"closed": True}
    if update.model is not UNSET:
        fields["model"] = _stopped(update.model)
    if update.models is not UNSET:
        fields["models"] = [_stopped(row) for row in update.models]
    if update.training is not UNSET and update.training.state == "running":
        fields["training"] = replace(update.training, state="stopped", eta_seconds=None)
    if update.runs is not UNSET:
        fields["runs"] = [_closed(run, update.at) for run in update.runs]
    return replace(update, **fields)


def _closed(run: RunInfo, at: float) -> RunInfo:
    if run.state != "running":
        return run
    closed = message("run.closed")
    return replace(
        run,
        state="stopped",
        end="closed",
        reason=closed.text,
        reason_code=closed.code,
        reason_args={},
        eta_seconds=None,
        stop_requested=False,
        ended_at=at,
        alert=None,
    )


def _stopped(model: Any) -> Any:
    if model.status in ("stopped", "failed"):
        return model
    closed = message("status.closed")
    return replace(
        model,
        status="stopped",
        reason=closed.text,
        reason_code=closed.code,
        reason_args={},
        reason_rule=None,
        reason_value=None,
        reason_threshold=None,
        reason_n=None,
    )
