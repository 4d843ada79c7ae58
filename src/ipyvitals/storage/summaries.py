"""Describes the monitors, models and training runs of a history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

import msgspec

from ipyvitals.schema import RunInfo, Status, TrainingState

if TYPE_CHECKING:
    import pandas as pd

LostReason: TypeAlias = Literal["out_of_memory"]

__all__ = ["LostReason", "RunSource", "StoredModel", "StoredMonitor", "StoredRun", "with_source"]


class RunSource(Protocol):
    """Reads the values of training runs: a `Store`, or the history of a monitor."""

    def history(self, section: str) -> pd.DataFrame:
        """Return all rows of a section."""
        ...

    def curves(self, run_id: str | None) -> pd.DataFrame:
        """Return the thinned curves of one run, or of all."""
        ...


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


class StoredMonitor(_Summary, frozen=True, kw_only=True):
    """All sessions of monitors of one name. Times are Unix seconds."""

    name: str
    sessions: int
    """Number of monitors of that name: one a kernel, or more."""
    first_at: float
    last_at: float
    """When the newest session ended, or its last heartbeat."""
    live: bool
    """Whether a session is alive."""


class StoredModel(_Summary, frozen=True, kw_only=True):
    """A model of a monitor, as it was saved last."""

    monitor: str
    model_id: str
    slot: int
    """1; more for kernels that had the model at the same time as another one."""
    name: str | None
    version: str | None
    trained_at: float | None
    deployed_at: float | None
    status: Status | None
    total_predictions: int | None
    current_accuracy: float | None
    first_at: float
    last_at: float
    live: bool
    """Whether a live process owns it."""


class StoredRun(_Summary, frozen=True, kw_only=True, dict=True):
    """A training run."""

    run: str
    """Its id, as in ``history("training")``."""
    monitor: str
    stage: str
    state: TrainingState
    """``"lost"`` for a run whose process died before the run ended."""
    started_at: float
    ended_at: float | None
    step: int | None
    total: int | None
    details: str
    metrics: dict[str, float | None]
    """The newest value of each metric."""
    last_at: float | None = None
    """The last word: when the run ended; else its last report, or its process's last heartbeat."""
    reason: LostReason | None = None
    """Why a lost run's process died, where it can be known."""
    memory_used_bytes: int | None = None
    """Memory in use when a lost run's process died; that of its last reading of the machine."""
    memory_limit_bytes: int | None = None
    info: RunInfo | None = None
    """What a snapshot said of the run last; ``None`` from an earlier version of ipyvitals."""

    def has_id(self, run_id: str) -> bool:
        """Return whether this is an id of the run: that in the history, or that in a snapshot."""
        return run_id == self.run or (self.info is not None and run_id == self.info.run_id)

    @property
    def source(self) -> RunSource | None:
        """The history from which the run was read, which has its values."""
        return self.__dict__.get("source_of_curves")


def with_source(runs: Iterable[StoredRun], source: RunSource) -> list[StoredRun]:
    """Return runs that know their history, so that they can be drawn."""
    found = list(runs)
    for run in found:
        run.__dict__["source_of_curves"] = source
    return found
