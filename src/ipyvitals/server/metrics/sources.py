"""Finds the sections of a snapshot that metric families are read from, with their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import msgspec

from ipyvitals.schema import (
    Gpu,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Snapshot,
    SystemSection,
    TrainingSection,
)
from ipyvitals.server.metrics.families import FieldFamily, families_of

__all__ = [
    "FIELD_FAMILIES",
    "GPU_LABELS",
    "MODEL_LABELS",
    "MONITOR_LABELS",
    "SOURCES",
    "MonitorReading",
    "SectionSource",
    "clip",
    "field_families",
    "models_of",
]

MONITOR_LABELS = ("kernel", "monitor")
MODEL_LABELS = (*MONITOR_LABELS, "model", "version")
GPU_LABELS = (*MONITOR_LABELS, "gpu")
MAX_LABEL_CHARS = 200

Labelled: TypeAlias = Iterable[tuple[list[str], Any]]


class MonitorReading(NamedTuple):
    """Pairs the newest snapshot of a monitor with its kernel."""

    kernel_id: str
    snapshot: Snapshot
    last_seen: float | None
    """Unix time of the kernel's last update."""

    @property
    def labels(self) -> list[str]:
        """The values of `MONITOR_LABELS`."""
        return [self.kernel_id, clip(self.snapshot.monitor)]


@dataclass(frozen=True)
class SectionSource:
    """Reads the sections of one type from a monitor, each with the values of its labels."""

    section: type[msgspec.Struct]
    labels: tuple[str, ...]
    read: Callable[[MonitorReading], Labelled]


def models_of(reading: MonitorReading) -> Iterator[tuple[list[str], ModelInfo]]:
    """Yield the models of a monitor with their labels, of which no two are the same."""
    seen: set[tuple[str, str]] = set()
    for model in reading.snapshot.models:
        name, version = clip(model.name or ""), clip(model.version or "")
        if (name, version) in seen:
            name = clip(model.model_id)
        if (name, version) not in seen:
            seen.add((name, version))
            yield [*reading.labels, name, version], model


def _model(reading: MonitorReading) -> Labelled:
    return [(reading.labels, reading.snapshot.model)]


def _metrics(reading: MonitorReading) -> Labelled:
    return [(reading.labels, reading.snapshot.metrics)]


def _training(reading: MonitorReading) -> Labelled:
    """Return the run in front; of a run that is over only the state is exposed."""
    training = reading.snapshot.training
    if training.state != "running":
        training = TrainingSection(state=training.state, progress=None)
    return [(reading.labels, training)]


def _system(reading: MonitorReading) -> Labelled:
    return [(reading.labels, reading.snapshot.system)]


def _gpus(reading: MonitorReading) -> Labelled:
    return [([*reading.labels, str(gpu.index)], gpu) for gpu in reading.snapshot.system.gpus]


SOURCES = (
    SectionSource(ModelInfo, MODEL_LABELS, models_of),
    SectionSource(ModelSection, MONITOR_LABELS, _model),
    SectionSource(MetricsSection, MONITOR_LABELS, _metrics),
    SectionSource(TrainingSection, MONITOR_LABELS, _training),
    SectionSource(SystemSection, MONITOR_LABELS, _system),
    SectionSource(Gpu, GPU_LABELS, _gpus),
)


def field_families(
    sources: Sequence[SectionSource] = SOURCES,
) -> tuple[tuple[FieldFamily, SectionSource], ...]:
    """Return every declared family with its source.

    A metric that several sections have is read from the first of them: `ModelInfo` knows every
    model, `ModelSection` and `MetricsSection` the active one alone.
    """
    found: dict[str, tuple[FieldFamily, SectionSource]] = {}
    for source in sources:
        for family in families_of(source.section, source.labels):
            found.setdefault(family.name, (family, source))
    return tuple(found.values())


FIELD_FAMILIES = field_families()


def clip(text: str) -> str:
    """Return a label's value of bounded length, in which every character can be encoded.

    A lone surrogate cannot: it would make all of ``/metrics`` fail.
    """
    return text[:MAX_LABEL_CHARS].encode("utf-8", "replace").decode()
