"""What a metric is: its name, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ipyvitals.schema import Gpu, ModelInfo, Snapshot

__all__ = ["GpuMeasure", "Measure", "ModelMeasure", "ModelStateSet", "StateSet", "ratio"]


@dataclass(frozen=True)
class Measure:
    """One metric of a monitor: absent where it is not known."""

    name: str
    help: str
    read: Callable[[Snapshot], float | None]
    counter: bool = False


@dataclass(frozen=True)
class GpuMeasure:
    """One metric of each GPU of a monitor: absent where it is not known."""

    name: str
    help: str
    read: Callable[[Gpu], float | None]


@dataclass(frozen=True)
class ModelMeasure:
    """One metric of each model, whose name and version are labels: absent where not known."""

    name: str
    help: str
    read: Callable[[ModelInfo], float | None]
    counter: bool = False


@dataclass(frozen=True)
class StateSet:
    """One metric of a monitor that is 1 for the state that holds and 0 for the others."""

    name: str
    help: str
    states: tuple[str, ...]
    read: Callable[[Snapshot], str]


@dataclass(frozen=True)
class ModelStateSet:
    """The same of each model."""

    name: str
    help: str
    states: tuple[str, ...]
    read: Callable[[ModelInfo], str]


def ratio(percent: float | None) -> float | None:
    """Return a share that is given in percent."""
    return None if percent is None else percent / 100
