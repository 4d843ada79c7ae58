"""Builds the reports of this process from the state of its monitor."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import msgspec
import numpy as np

from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import Registry
from ipyvitals.remote.report import (
    MAX_MODELS,
    MAX_RUNS,
    ModelReport,
    RecentLabels,
    Report,
    SecondCounts,
    WriterIdentity,
)
from ipyvitals.schema import LabelsSection, RunInfo, SystemSection
from ipyvitals.stats.packing import pack
from ipyvitals.utils.storable import text_of

__all__ = ["ReportBuilder"]

LOST = ("evicted", "expired", "unknown", "duplicate", "missing", "mismatched", "pending")
"""Counts of `LabelsSection` that add up over processes."""
MAX_SEGMENT_CHARS = 80


class ReportBuilder:
    """Builds one report after the other; the caller has the engine's lock.

    Parameters
    ----------
    monitor : str
        Name of the monitor.
    writer : WriterIdentity
        Identifies this process.
    """

    def __init__(self, monitor: str, writer: WriterIdentity) -> None:
        self._monitor = monitor
        self.writer = writer
        self._n = 0
        self._last: Any = None

    def build(
        self,
        now: float,
        registry: Registry,
        labels: LabelsSection,
        runs: Iterable[RunInfo],
        system: SystemSection,
        *,
        final: bool = False,
    ) -> Report:
        """Return the next report, at a monotonic time."""
        self._n += 1
        return Report(
            monitor=self._monitor,
            writer=self.writer,
            n=self._n,
            now=now,
            final=final,
            models=[_model(model, now) for model in _counted(registry)],
            runs=[msgspec.to_builtins(run) for run in list(runs)[:MAX_RUNS]],
            system=_of_process(system),
            lost_labels={name: n for name in LOST if (n := getattr(labels, name))},
        )


def _counted(registry: Registry) -> list[ModelState]:
    models = [one for one in registry if one.known]
    return sorted(models, key=lambda one: one.last_prediction, reverse=True)[:MAX_MODELS]


def _model(model: ModelState, now: float) -> ModelReport:
    rows, calls, errors = (
        counter.by_second(now) for counter in (model.rows, model.calls, model.errors)
    )
    journal = model.journal
    buckets, counts = ([], []) if journal is None else journal.latencies.sparse()
    return ModelReport(
        model_id=model.model_id if model.name is not None else None,
        name=model.name,
        version=model.version,
        predictions=model.total_predictions,
        errors=model.total_errors,
        labelled=model.total_labelled,
        duration_counts=model.durations.counts if model.durations.nanoseconds else [],
        duration_nanoseconds=model.durations.nanoseconds,
        latency_buckets=buckets,
        latency_counts=counts,
        seconds=[
            SecondCounts(second, rows.get(second, 0), calls.get(second, 0), errors.get(second, 0))
            for second in sorted({*rows, *calls, *errors})
        ],
        labels=_labels(model),
    )


def _labels(model: ModelState) -> RecentLabels:
    batches = [] if model.journal is None else list(model.journal.labels)
    if not batches:
        return RecentLabels()
    residuals = [batch.residuals for batch in batches]
    segments = [batch.segments for batch in batches]
    plain: list[Any] = []
    for batch, group in zip(batches, segments, strict=True):
        plain += [None] * batch.scores.size if group is None else map(_segment, group)
    return RecentLabels(
        seconds=[(batch.second, batch.scores.size) for batch in batches],
        scores=pack(np.concatenate([batch.scores for batch in batches])),
        residuals=(
            None
            if any(one is None for one in residuals)
            else pack(np.concatenate([one for one in residuals if one is not None]))
        ),
        segments=plain if any(one is not None for one in plain) else None,
    )


def _segment(segment: Hashable) -> str | int | float | bool | None:
    if segment is None or type(segment) in (bool, float):
        return segment  # type: ignore[return-value]
    if type(segment) is int and abs(segment) < 1 << 63:
        return segment
    return text_of(segment)[:MAX_SEGMENT_CHARS]


def _of_process(system: SystemSection) -> dict[str, Any]:
    """Return what of the machine's section is about this process, or its devices."""
    plain: dict[str, Any] = msgspec.to_builtins(system)
    return {
        name: value
        for name, value in plain.items()
        if value not in (None, [], {}) and (name.startswith(("process_", "gpu")) or name == "gpus")
    }
