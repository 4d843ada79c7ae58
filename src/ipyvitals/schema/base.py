"""The base of all structs of the contract, and the sets of strings in their fields."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

__all__ = [
    "AlertKind",
    "Goal",
    "GpuReason",
    "Health",
    "NotFiniteKind",
    "Rule",
    "RunEnd",
    "SchemaStruct",
    "Scope",
    "Status",
    "Task",
    "TrainingState",
]

Status: TypeAlias = Literal[
    "registered", "training", "active", "idle", "degraded", "unhealthy", "stopped", "failed"
]
Health: TypeAlias = Literal["unknown", "healthy", "degraded", "unhealthy"]
TrainingState: TypeAlias = Literal["idle", "running", "completed", "stopped", "failed", "lost"]
RunEnd: TypeAlias = Literal[
    "completed",
    "failed",
    "stopped",
    "requested",
    "interrupted",
    "left",
    "cell",
    "replaced",
    "returned",
    "closed",
]
"""What ended a run: its own call (completed, failed, stopped), a request to stop, an interrupt, a
loop that was left, the error of its cell, the next run of the same owner, the return of the call
that trained without a word of its end, the monitor's end."""
AlertKind: TypeAlias = Literal["stalled", "not_finite", "recovered"]
NotFiniteKind: TypeAlias = Literal["", "nan", "inf", "-inf"]
"""What a value that is not finite is; empty where there is none."""
Goal: TypeAlias = Literal["min", "max"]
"""Whether a metric is to fall or to rise."""
Rule: TypeAlias = Annotated[str, msgspec.Meta(title="Rule")]
"""The name of a rule of `ipyvitals.health.RULES`, such as ``"accuracy"``; TypeScript and the
server's schemas list the names."""
Task: TypeAlias = Literal["classification", "regression"]
Scope: TypeAlias = Literal["host", "container"]
GpuReason: TypeAlias = Literal[
    "no_library",
    "no_driver",
    "no_device",
    "no_permission",
    "not_supported",
    "mig",
    "pid_namespace",
    "lost",
    "timeout",
    "failed",
]


class SchemaStruct(msgspec.Struct, frozen=True, kw_only=True):
    """The base of the structs that leave a process."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers: what goes on the wire."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain
