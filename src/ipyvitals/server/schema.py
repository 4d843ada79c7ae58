"""What REST and WebSocket of the Jupyter server answer: the contract with the browser.

Sections and events are those of ``ipyvitals.schema``, updates those of its ``protocol``.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from ipyvitals.schema import (
    DriftSection,
    Durations,
    Event,
    LabelsSection,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Notice,
    SystemSection,
    TrainingSection,
)
from ipyvitals.schema.protocol import Update

__all__ = [
    "ActionAnswer",
    "ActionRequest",
    "ClientMessage",
    "ErrorAnswer",
    "EventsAnswer",
    "Hidden",
    "KernelChange",
    "KernelMessage",
    "KernelState",
    "KernelsAnswer",
    "MissedMessage",
    "ModelRow",
    "ModelsAnswer",
    "RealTimeMetrics",
    "Resume",
    "StateMessage",
    "StreamMessage",
    "SystemAnswer",
    "UpdateMessage",
    "Visible",
    "event_message",
    "model_row",
]

KernelChange: TypeAlias = Literal["added", "restarted", "dead", "removed", "unavailable", "session"]


class KernelState(msgspec.Struct, frozen=True, kw_only=True):
    """One kernel, and everything that is known of its monitors."""

    kernel_id: str
    kernel_name: str | None = None
    path: str | None = None
    """Of its notebook, relative to the server's root; ``None`` where it has no session."""
    session_name: str | None = None
    execution_state: str | None = None
    connections: int = 0
    """Frontends that are connected to the kernel."""
    connected: bool = False
    """Whether the server listens to the kernel."""
    unavailable: str | None = None
    """Why the server cannot listen to it."""
    last_seen: float | None = None
    """When its last update came."""
    monitors: list[Update] = []
    """Each in full, with the points behind its charts."""


class KernelsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``GET kernels``."""

    kernels: list[KernelState]


class ModelRow(ModelInfo, frozen=True, kw_only=True):
    """One model of one monitor, and where it lives."""

    kernel_id: str
    monitor: str


class ModelsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``GET models``."""

    models: list[ModelRow]


class RealTimeMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the moment, in few words."""

    predictions_per_minute: int
    live_accuracy: float | None
    model_uptime: str | None
    """In its two largest units, e.g. ``"2h 15m"``."""


class SystemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``GET monitoring/system``: one monitor at one moment."""

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


class EventsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``GET kernels/{id}/events``: the newest last."""

    events: list[Event]


class ActionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a ``POST``."""

    monitor: str | None = None
    """Which one; all of the kernel by default."""


class ActionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a ``POST`` did."""

    done: int
    """How many runs were asked to stop, or models acknowledged or reset."""


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, for people."""

    message: str


class StateMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="state"):
    """Everything, as of the message `id`."""

    id: int
    stream: str
    """Names this run of the server: numbers of another run mean nothing here."""
    kernels: list[KernelState]


class UpdateMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="update"):
    """What changed in one monitor; its events come as messages of their own."""

    id: int
    kernel_id: str
    update: Update


class KernelMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="kernel"):
    """A kernel came, went, or is otherwise than before."""

    id: int
    kernel_id: str
    change: KernelChange
    kernel: KernelState | None
    """As it is now; ``None`` once it is gone."""


class MissedMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="missed"):
    """The client was too slow for `count` messages; the state as it is now comes next."""

    id: int
    count: int


StreamMessage: TypeAlias = StateMessage | UpdateMessage | KernelMessage | MissedMessage
"""What a client hears, beside the events: those bear `id` and `kernel_id` as well."""


class Resume(msgspec.Struct, frozen=True, tag_field="type", tag="resume"):
    """The client has everything up to the message `since`."""

    since: int


class Hidden(msgspec.Struct, frozen=True, tag_field="type", tag="hidden"):
    """Nobody looks at the client."""


class Visible(msgspec.Struct, frozen=True, tag_field="type", tag="visible"):
    """Somebody looks at it again."""


ClientMessage: TypeAlias = Resume | Hidden | Visible
"""All that a client may say."""


def event_message(event: Event, *, id: int, kernel_id: str) -> dict[str, Any]:
    """Return an event as the stream tells it."""
    return {"type": event.type, "id": id, "kernel_id": kernel_id, **event.to_dict()}


def model_row(info: ModelInfo, *, kernel_id: str, monitor: str) -> ModelRow:
    """Return a model with the place where it lives."""
    return ModelRow(kernel_id=kernel_id, monitor=monitor, **msgspec.structs.asdict(info))
