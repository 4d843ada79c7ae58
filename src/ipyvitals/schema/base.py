"""The base of all structs of the contract, and the sets of strings in their fields."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

__all__ = [
    "GpuReason",
    "Health",
    "Rule",
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
