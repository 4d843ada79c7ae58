"""Finds the sections of a snapshot that metric families are read from, with their labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple, TypeAlias

import msgspec

from ipyvitals.schema import (
    Gpu,
    MetricsSection,
    ModelInfo,
    ModelSection,
    RunInfo,
    Snapshot,
    SystemSection,
    TrainingSection,
)
from ipyvitals.server.metrics.families import FieldFamily, families_of

__all__ = [
    "FIELD_FAMILIES",
    "GPU_LABELS",
    "MAX_RUNS",
    "MODEL_LABELS",
    "MONITOR_LABELS",
    "RUN_LABELS",
    "SOURCES",
    "MonitorReading",
    "SectionSource",
    "clip",
    "field_families",
    "models_of",
    "numbered",
    "open_runs",
]

MONITOR_LABELS = ("kernel", "monitor")
MODEL_LABELS = (*MONITOR_LABELS, "model", "version")
GPU_LABELS = (*MONITOR_LABELS, "gpu")
RUN_LABELS = (*MONITOR_LABELS, "run")
MAX_LABEL_CHARS = 200
HASH_CHARS = 12
MAX_GPUS = 64
"""GPUs of one monitor that have series."""
MAX_RUNS = 32
"""Open training runs of one kernel that have series."""

Labelled: TypeAlias = Iterable[tuple[list[str], Any]]


class MonitorReading(NamedTuple):
    """Pairs the newest snapshot of a monitor with its kernel."""

    kernel_id: str
    snapshot: Snapshot
    last_seen: float | None
    """Unix time of the kernel's last update."""
    chosen: Sequence[ModelInfo] | None = None
    """The models that have series of their own; ``None`` for all of them."""
    chosen_runs: Sequence[RunInfo] | None = None
    """The open training runs that have series of their own; ``None`` for all of them."""

    @property
    def models(self) -> Sequence[ModelInfo]:
        """The models that have series of their own."""
        return self.snapshot.models if self.chosen is None else self.chosen

    @property
    def runs(self) -> Sequence[RunInfo]:
        """The open training runs that have series of their own."""
        return open_runs(self.snapshot) if self.chosen_runs is None else self.chosen_runs

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


def open_runs(snapshot: Snapshot) -> list[RunInfo]:
    """Return the training runs of a monitor that are open, oldest first."""
    return [run for run in snapshot.runs if run.state == "running"]


def models_of(reading: MonitorReading) -> Iterator[tuple[list[str], ModelInfo]]:
    """Yield the models of a monitor with their labels, of which no two are the same."""
    seen: set[tuple[str, str]] = set()
    for model in reading.models:
        version = clip(model.version or "")
        name = next(name for name in _names_of(model) if (name, version) not in seen)
        seen.add((name, version))
        yield [*reading.labels, name, version], model


def _names_of(model: ModelInfo) -> Iterator[str]:
    """Yield the names that a model may have as a label, the one that suits it best first."""
    yield clip(model.name or "")
    yield clip(model.model_id)
    yield from numbered(clip(f"{model.name or ''} ({model.model_id})"))


def numbered(text: str) -> Iterator[str]:
    """Yield a text, then the same text with ``#2``, ``#3`` and so on."""
    yield text
    for number in count(2):
        yield f"{text} #{number}"


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


def _runs(reading: MonitorReading) -> Labelled:
    """Yield the open runs, by their names; the names are not unique, and their ids are no labels.

    An id is new for each run, so that the number of series would grow for ever.
    """
    seen: set[str] = set()
    for run in reading.runs:
        label = next(one for one in numbered(clip(run.name or run.stage)) if one not in seen)
        seen.add(label)
        yield [*reading.labels, label], run


def _system(reading: MonitorReading) -> Labelled:
    return [(reading.labels, reading.snapshot.system)]


def _gpus(reading: MonitorReading) -> Labelled:
    seen: set[str] = set()
    for gpu in reading.snapshot.system.gpus[:MAX_GPUS]:
        index = next(one for one in numbered(str(gpu.index)) if one not in seen)
        seen.add(index)
        yield [*reading.labels, index], gpu


SOURCES = (
    SectionSource(ModelInfo, MODEL_LABELS, models_of),
    SectionSource(ModelSection, MONITOR_LABELS, _model),
    SectionSource(MetricsSection, MONITOR_LABELS, _metrics),
    SectionSource(TrainingSection, MONITOR_LABELS, _training),
    SectionSource(RunInfo, RUN_LABELS, _runs),
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

    A lone surrogate cannot: it would make all of ``/metrics`` fail. Texts that differ only behind
    that length stay different.
    """
    encoded = text.encode("utf-8", "backslashreplace")
    if len(text) <= MAX_LABEL_CHARS:
        return encoded.decode()
    digest = hashlib.sha256(encoded).hexdigest()[:HASH_CHARS]
    cut = text[: MAX_LABEL_CHARS - HASH_CHARS - 1].encode("utf-8", "backslashreplace").decode()
    return f"{cut}#{digest}"
