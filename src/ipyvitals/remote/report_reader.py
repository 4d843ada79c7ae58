"""Adds what is new in the reports of workers to the models of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import Registry
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.models.seen_totals import SeenTotals
from ipyvitals.remote.report import MAX_LABELS, ModelReport, Report
from ipyvitals.stats.packing import unpack
from ipyvitals.stats.seconds import Floats
from ipyvitals.utils.notices import Notices

__all__ = ["MAX_WRITERS", "Arrival", "ReportReader", "WorkerState"]

MAX_WRITERS = 1_000
WINDOW_SECONDS = 60.0
FRESH_SECONDS = 60.0
"""A worker that is younger than this has all its calls in the last minute."""


class Arrival(NamedTuple):
    """A report, and when it was written."""

    report: Report
    age: float
    """Seconds since then."""


class WorkerState:
    """The newest report of one worker."""

    def __init__(self, arrival: Arrival, heard: float) -> None:
        self.report = arrival.report
        self.heard = heard
        """Monotonic second, of this process, of the newest report."""
        self.first_heard = heard
        self.gone = False
        self.base: Report | None = None
        """The report before."""


class _NewLabel(NamedTuple):
    at: float
    model: ModelState
    score: float
    residual: float | None
    segment: Any


class ReportReader:
    """Keeps the newest report of each worker, and adds the differences to the models.

    Parameters
    ----------
    notices : Notices
        Counts reports that are refused.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self.workers: dict[str, WorkerState] = {}
        """By token, the one heard first in front."""
        self.forgotten_labels: dict[str, int] = {}
        """Lost labels of the workers that were forgotten."""
        self.silent: dict[str, WorkerState] = {}
        """Workers that have no row any more, the oldest first: they may report again."""

    def add(
        self,
        arrivals: Iterable[Arrival],
        now: float,
        registry: Registry,
        find: Callable[[ModelReport], ModelState],
    ) -> bool:
        """Add reports; the caller has the engine's lock. Return whether anything changed.

        Parameters
        ----------
        arrivals : iterable of Arrival
            In any order; a report that is not newer than the one known is left out.
        now : float
            Monotonic seconds.
        registry : Registry
            All models of this process.
        find : callable
            Returns the model that a worker's model counts for.
        """
        labels: list[_NewLabel] = []
        changed = False
        for arrival in sorted(arrivals, key=lambda one: one.report.n):
            state = self._state(arrival, now, registry)
            if state is None:
                continue
            changed = True
            for model_report in arrival.report.models:
                labels += self._add_model(state, arrival, model_report, now, registry, find)
        # By age over all workers: the newest labels of all are the window.
        labels.sort(key=lambda one: one.at)
        _add_labels(labels)
        return changed

    def _state(self, arrival: Arrival, now: float, registry: Registry) -> WorkerState | None:
        report, token = arrival.report, arrival.report.writer.token
        state = self.workers.get(token) or self.silent.get(token)
        known = state.report.n if state is not None else _seen_number(token, registry)
        if report.n < known or (state is not None and report.n == known):
            return None
        if token not in self.workers:
            if len(self.workers) >= MAX_WRITERS and not self._make_room():
                self._notices.add("workers.many", limit=f"{MAX_WRITERS:,}")
                return None
            before = self.silent.pop(token, None)
            self.workers[token] = before or WorkerState(arrival, now - arrival.age)
        if state is not None:
            state.base = state.report
        state = self.workers[token]
        state.report, state.heard, state.gone = report, now - arrival.age, report.final
        return state

    def forget(self, tokens: Iterable[str], registry: Registry) -> None:
        """Forget silent workers, whose reports cannot come again."""
        for token in tokens:
            state = self.silent.pop(token, None)
            if state is not None:
                self._add_forgotten(state)
            for model in registry:
                model.seen.pop(token, None)
                model.seen.pop(f"{token} ", None)

    def silence(self, token: str) -> None:
        """Take the row of a worker away; its totals stay, also where it reports again."""
        self.silent[token] = self.workers.pop(token)

    def _make_room(self) -> bool:
        """Take the row of the oldest worker that has ended."""
        gone = next((token for token, state in self.workers.items() if state.gone), None)
        if gone is not None:
            self.silence(gone)
        return gone is not None

    def _add_forgotten(self, state: WorkerState) -> None:
        for name, count in state.report.lost_labels.items():
            if name != "pending":
                self.forgotten_labels[name] = self.forgotten_labels.get(name, 0) + count

    def _add_model(
        self,
        state: WorkerState,
        arrival: Arrival,
        model_report: ModelReport,
        now: float,
        registry: Registry,
        find: Callable[[ModelReport], ModelState],
    ) -> list[_NewLabel]:
        token = arrival.report.writer.token
        target = find(model_report)
        key = token if model_report.model_id is not None else f"{token} "
        totals = SeenTotals(
            arrival.report.n,
            model_report.predictions,
            model_report.errors,
            model_report.labelled,
            model_report.duration_nanoseconds,
            model_report.duration_counts,
        )
        # What is of no model counts for the active one, which may have been another one before.
        models = [target] if model_report.model_id is not None else registry
        counted = [model.seen[key] for model in models if key in model.seen]
        new = totals - sum(counted, SeenTotals())
        if not new.changed:
            return []
        # The writer's clock is compared with nothing but itself.
        shift = now - arrival.age - arrival.report.now
        before = _model_of(state.base, model_report.model_id)
        target.add_reported(new, now - arrival.age, _new_seconds(model_report, before, shift, now))
        _add_latencies(target, model_report, before, now - arrival.age, fresh=bool(before))
        target.seen[key] = new + target.seen.get(key, SeenTotals())
        return _new_labels(target, model_report, new.labelled, shift)


def _seen_number(token: str, registry: Registry) -> int:
    return max(
        (model.seen[key].n for model in registry for key in (token, f"{token} ")
         if key in model.seen),
        default=0,
    )  # fmt: skip


def _model_of(report: Report | None, model_id: str | None) -> ModelReport | None:
    models = [] if report is None else report.models
    return next((one for one in models if one.model_id == model_id), None)


def _new_seconds(
    newest: ModelReport, before: ModelReport | None, shift: float, now: float
) -> list[tuple[float, int, int, int]]:
    known = {} if before is None else {one.second: one for one in before.seconds}
    found = []
    for one in newest.seconds:
        at = min(now, one.second + shift)
        if at <= now - WINDOW_SECONDS:
            continue
        old = known.get(one.second)
        counts = (one.rows, one.calls, one.errors)
        if old is not None:
            counts = (one.rows - old.rows, one.calls - old.calls, one.errors - old.errors)
        if any(count > 0 for count in counts):
            rows, calls, errors = (max(0, count) for count in counts)
            found.append((at, rows, calls, errors))
    return found


def _add_latencies(
    target: ModelState, newest: ModelReport, before: ModelReport | None, at: float, *, fresh: bool
) -> None:
    counts = dict(zip(newest.latency_buckets, newest.latency_counts, strict=True))
    if before is not None:
        for bucket, count in zip(before.latency_buckets, before.latency_counts, strict=True):
            counts[bucket] = counts.get(bucket, 0) - count
    elif sum(counts.values()) > sum(one.calls for one in newest.seconds):
        # First heard of after more than a minute: which calls are of the last one is not known.
        return
    used = {bucket: count for bucket, count in counts.items() if count > 0}
    if used:
        target.latency.add(at, list(used), list(used.values()))


def _new_labels(
    target: ModelState, newest: ModelReport, count: int, shift: float
) -> list[_NewLabel]:
    recent = newest.labels
    scores = unpack(recent.scores) if recent.scores else np.empty(0)
    residuals = None if recent.residuals is None else unpack(recent.residuals)
    segments = recent.segments
    seconds = [second for second, n in recent.seconds for _ in range(min(n, MAX_LABELS))]
    size = min(scores.size, len(seconds), count)
    # Of more new labels than a report has, the older ones count in the total alone.
    target.add_stale_labels(count - size)
    return [
        _NewLabel(
            seconds[place] + shift,
            target,
            float(scores[place]),
            None if residuals is None or place >= residuals.size else float(residuals[place]),
            None if segments is None or place >= len(segments) else segments[place],
        )
        for place in range(scores.size - size, scores.size)
    ]


def _add_labels(labels: list[_NewLabel]) -> None:
    for model in {id(one.model): one.model for one in labels}.values():
        own = [one for one in labels if one.model is model]
        residuals: Floats | None = None
        if all(one.residual is not None for one in own):
            residuals = np.array([one.residual for one in own], dtype=np.float64)
        segments = [one.segment for one in own]
        model.add_labels(
            ScoredLabels(
                np.array([one.score for one in own], dtype=np.float64),
                residuals,
                segments if any(one is not None for one in segments) else None,
            )
        )
