"""Messages between the Jupyter server and its clients, by REST and by WebSocket.

Sections and events are those of ``ipyvitals.schema``, updates those of ``schema.protocol``. The
docstrings here become the descriptions in ``openapi.yaml`` and the comments in ``wire.gen.ts``.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

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
from ipyvitals.schema.protocol import Update

__all__ = [
    "ActionAnswer",
    "ActionRequest",
    "ClientMessage",
    "CurvesAnswer",
    "EndReason",
    "ErrorAnswer",
    "EventsAnswer",
    "HiddenMessage",
    "KernelChange",
    "KernelEnd",
    "KernelMessage",
    "KernelState",
    "KernelsAnswer",
    "MissedMessage",
    "ModelRow",
    "ModelsAnswer",
    "RealTimeMetrics",
    "ResumeMessage",
    "StateMessage",
    "StreamMessage",
    "SystemAnswer",
    "UpdateMessage",
    "VisibleMessage",
    "event_message",
    "model_row",
]

KernelChange: TypeAlias = Literal["added", "restarted", "dead", "removed", "unavailable", "session"]


EndReason: TypeAlias = Literal["out_of_memory", "signal", "exited", "restarted"]


class KernelEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a kernel's process that died, or that was restarted amid a training run."""

    at: float
    """Unix time at which the server noticed it."""
    last_seen: float | None = None
    """Unix time of its last update."""
    reason: EndReason | None = None
    """``"restarted"``: by a user. ``None`` where the cause is not known."""
    text: str = ""
    """The reason for people, such as ``"out of memory: 7.9 of 8.0 GiB"``."""
    exit_code: int | None = None
    signal: str | None = None
    """Name of the signal that ended the process, such as ``"SIGKILL"``."""
    memory_used_bytes: int | None = None
    """Memory in use at its last reading; the limit where its container had none left."""
    memory_limit_bytes: int | None = None
    stage: str | None = None
    """The training run that was lost; likewise the next."""
    current: int | None = None
    total: int | None = None


class KernelState(msgspec.Struct, frozen=True, kw_only=True):
    """One kernel and the full state of its monitors."""

    kernel_id: str
    kernel_name: str | None = None
    path: str | None = None
    """Path of the kernel's notebook, relative to the server's root; ``None`` without a session."""
    session_name: str | None = None
    execution_state: str | None = None
    connections: int = 0
    """Number of frontends that are connected to the kernel."""
    connected: bool = False
    """Whether the server is connected to the kernel."""
    unavailable: str | None = None
    """Why the server cannot connect to the kernel; ``None`` where it can."""
    last_seen: float | None = None
    """Unix time of the last update; ``None`` before the first one."""
    ended: KernelEnd | None = None
    """How the process before this one ended, if it died or a training run was lost."""
    monitors: list[Update] = []
    """A full update of each monitor, with the points of its charts."""


class KernelsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``GET kernels``: the state of each kernel."""

    kernels: list[KernelState]


class ModelRow(ModelInfo, frozen=True, kw_only=True):
    """One model, with the kernel and the monitor that it belongs to."""

    kernel_id: str
    monitor: str


class ModelsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``GET models``: the models of all monitors."""

    models: list[ModelRow]


class RealTimeMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The most important current figures of the active model."""

    predictions_per_minute: int
    live_accuracy: float | None
    model_uptime: str | None
    """Duration in its two largest units, e.g. ``"2h 15m"``."""


class SystemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``GET monitoring/system``: a snapshot of one monitor."""

    active_model: ModelSection
    system_status: SystemSection
    real_time_metrics: RealTimeMetrics
    kernel_id: str
    monitor: str
    seq: int
    at: float
    model: ModelSection
    training: TrainingSection
    metrics: MetricsSection
    system: SystemSection
    notices: list[Notice]
    models: list[ModelInfo]
    durations: Durations | None
    labels: LabelsSection
    drift: DriftSection
    runs: list[RunInfo]
    workers: list[WorkerInfo]


class EventsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``GET kernels/{id}/events``: the last events, newest last."""

    events: list[Event]


class CurvesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to ``GET kernels/{id}/curves``: whole curves of the runs of a snapshot."""

    curves: list[CurveChunk]


class ActionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a ``POST`` request."""

    monitor: str | None = None
    """Name of the monitor; all monitors of the kernel by default."""
    run_id: str | None = None
    """With ``stop_training``: the run, with those inside it; all runs by default."""


class ActionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a ``POST`` request."""

    done: int
    """Number of runs that were asked to stop, or of models that were acknowledged or reset."""


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a failed request: a message for people."""

    message: str


class StateMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="state"):
    """The state of all kernels after the message `id`."""

    id: int
    stream: str
    """Identifies this run of the server; message ids of another run are not comparable."""
    kernels: list[KernelState]


class UpdateMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="update"):
    """An update of one monitor; its events follow as separate messages."""

    id: int
    kernel_id: str
    update: Update


class KernelMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="kernel"):
    """A kernel was added, removed or changed."""

    id: int
    kernel_id: str
    change: KernelChange
    kernel: KernelState | None
    """The state after the change; ``None`` when the kernel is gone."""


class MissedMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="missed"):
    """The client was too slow and missed `count` messages; the current state follows."""

    id: int
    count: int


StreamMessage: TypeAlias = StateMessage | UpdateMessage | KernelMessage | MissedMessage
"""Messages to a client besides the events, which carry `id` and `kernel_id` as well."""


class ResumeMessage(msgspec.Struct, frozen=True, tag_field="type", tag="resume"):
    """The client has received all messages up to the id `since`."""

    since: int


class HiddenMessage(msgspec.Struct, frozen=True, tag_field="type", tag="hidden"):
    """The client is not visible to anybody."""


class VisibleMessage(msgspec.Struct, frozen=True, tag_field="type", tag="visible"):
    """The client is visible again."""


ClientMessage: TypeAlias = ResumeMessage | HiddenMessage | VisibleMessage
"""The messages that the server accepts from a client."""


def event_message(event: Event, *, id: int, kernel_id: str) -> dict[str, Any]:
    """Return an event as a message of the stream."""
    return {"type": event.type, "id": id, "kernel_id": kernel_id, **event.to_dict()}


def model_row(info: ModelInfo, *, kernel_id: str, monitor: str) -> ModelRow:
    """Return a model with its kernel and monitor."""
    return ModelRow(kernel_id=kernel_id, monitor=monitor, **msgspec.structs.asdict(info))
