"""Writes the checkpoint of a model as bytes, and lets a model in a new kernel go on from it.

A field that an older version did not write has a default; one that it wrote and this version does
not know is left out. Only a `VERSION` that rises makes older kernels refuse it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

import msgspec
import numpy as np

from ipyvitals.drift.reference import ReferenceDistribution
from ipyvitals.health import Finding, Lifecycle, Verdict, changed, status_of
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.seen_totals import SeenTotals
from ipyvitals.models.stored_segment import StoredSegment, stored_segment
from ipyvitals.schema import Status
from ipyvitals.schema.messages import Args, Message
from ipyvitals.stats.durations import BOUNDS_SECONDS
from ipyvitals.stats.packing import pack, unpack
from ipyvitals.stats.seconds import Floats
from ipyvitals.stats.segments import SegmentWindows
from ipyvitals.utils.storable import MAX_INTEGER, encode, storable_text

__all__ = ["VERSION", "Checkpoint", "checkpoint_of", "resume", "summary_of", "windows_of"]

VERSION = 1

Name: TypeAlias = str | int | float | bool
"""Name of a segment that a checkpoint stores as it is; of others it stores a `StoredSegment`."""


class CheckpointSummary(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Totals and verdicts: small, and written whenever anything changed."""

    v: int = VERSION
    name: str | None = None
    version: str | None = None
    trained_at: float | None = None
    baseline_accuracy: float | None = None
    deployed_at: float | None = None
    lifecycle: Lifecycle = "registered"
    status: Status = "registered"
    status_since: float | None = None
    reason: str | None = None
    reason_code: str | None = None
    reason_args: Args = {}
    evidence: Finding | None = None
    acknowledged_at: float | None = None
    silent_seconds: float = 0.0
    total_predictions: int = 0
    total_labelled: int = 0
    total_errors: int = 0
    total_streams_left: int = 0
    duration_bounds: list[float] = []
    duration_counts: list[int] = []
    duration_sum_seconds: float = 0.0
    active_alerts: list[Finding] = msgspec.field(default_factory=list, name="raised")
    """Oldest first."""
    verdicts: dict[str, Verdict] = {}
    """By `ModelRule.checkpoint_key`."""
    drifted: list[bool] = []
    """Anything at all, and then each column."""
    seen: dict[str, SeenTotals] = {}
    """What the totals have of each worker: in one row with them, so that none counts twice."""


class SegmentState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Labels of one segment."""

    name: Name | None = None
    texts: StoredSegment | None = None
    """In place of `name`."""
    total: int = 0
    scores: bytes | None = None

    @property
    def segment(self) -> Hashable:
        """The segment, or what stands for it."""
        return self.texts or self.name


class CheckpointWindows(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Windows: as large as the user wants them."""

    v: int = VERSION
    scores: bytes | None = None
    residuals: bytes | None = None
    delays: bytes | None = None
    segments: list[SegmentState] = []
    other: SegmentState | None = None
    others: list[SegmentState] = []
    typed_segments: list[SegmentState] = []
    """Segments of which only texts can be stored; older versions leave them out."""
    typed_others: list[SegmentState] = []


class Checkpoint(msgspec.Struct, frozen=True):
    """Stored state of a model."""

    head: CheckpointSummary
    body: CheckpointWindows
    reference: bytes = b""
    """Reference of the model's rows; empty where there is none."""
    saved_at: float | None = None
    """Unix seconds; of what a file holds."""


def summary_of(model: ModelState, now: float) -> bytes:
    """Return totals and verdicts of a model at monotonic second `now`."""
    message = model.message or Message("")
    verdicts: dict[str, Verdict] = {}
    for rule in model.rules:
        rule.save(verdicts)
    return encode(
        msgspec.msgpack.encode,
        CheckpointSummary(
            name=model.name,
            version=model.version,
            trained_at=model.trained_at,
            baseline_accuracy=model.baseline_accuracy,
            deployed_at=model.deployed_at,
            lifecycle=model.lifecycle,
            status=model.status,
            status_since=model.status_since,
            reason=message.text or None,
            reason_code=message.code,
            reason_args=message.args,
            evidence=model.evidence,
            acknowledged_at=model.acknowledged_at,
            silent_seconds=model.silent_for(now),
            total_predictions=model.total_predictions,
            total_labelled=model.total_labelled,
            total_errors=model.total_errors,
            total_streams_left=model.total_streams_left,
            duration_bounds=list(BOUNDS_SECONDS),
            duration_counts=model.durations.counts,
            duration_sum_seconds=model.durations.sum_seconds,
            active_alerts=model.active_alerts,
            verdicts=verdicts,
            drifted=[] if model.watch is None else model.watch.verdicts,
            seen=model.seen,
        ),
    )


def windows_of(model: ModelState) -> bytes:
    """Return the windows of a model."""
    body = CheckpointWindows(
        scores=_packed(model.window.scores),
        residuals=_packed(model.residuals.residuals),
        delays=_packed(np.array(model.delays, dtype=np.float64)),
    )
    if model.segments is not None:
        for segment, tracker in model.segments.get():
            _add(
                _state_of(segment, tracker.total, _packed(tracker.window.scores)),
                body.segments,
                body.typed_segments,
            )
        other = model.segments.other
        body.other = SegmentState(total=other.total, scores=_packed(other.window.scores))
        for segment, total in model.segments.candidates.items():
            _add(_state_of(segment, total), body.others, body.typed_others)
    return msgspec.msgpack.encode(body)


def checkpoint_of(head: bytes, body: bytes | None, reference: bytes | None = None) -> Checkpoint:
    """Return what `summary_of` and `windows_of` wrote, and the reference of the model's watch.

    Raises
    ------
    ValueError
        When it is of a newer version, or nothing of the kind.
    """
    try:
        checkpoint = Checkpoint(
            msgspec.msgpack.decode(head, type=CheckpointSummary),
            CheckpointWindows()
            if body is None
            else msgspec.msgpack.decode(body, type=CheckpointWindows),
            reference or b"",
        )
    except msgspec.MsgspecError as error:
        raise ValueError(f"expected the state of a model, got something else: {error}") from error
    newest = max(checkpoint.head.v, checkpoint.body.v)
    if newest > VERSION:
        raise ValueError(f"expected a state of version {VERSION} or older, got {newest}.")
    for packed in _all_packed(checkpoint.body):
        _unpacked(packed)
    if checkpoint.reference:
        ReferenceDistribution.from_bytes(checkpoint.reference)
    return checkpoint


def resume(model: ModelState, checkpoint: Checkpoint, now: float, facts: dict[str, Any]) -> None:
    """Let a model go on from a checkpoint, as if what it did here so far had come after that.

    Parameters
    ----------
    model : ModelState
        Just made, or a little later.
    checkpoint : Checkpoint
        What an earlier kernel left.
    now : float
        Monotonic seconds.
    facts : dict
        What the user gave for the model this time, which counts. When it was trained at another
        time, then its window and verdicts begin anew, and only totals go on.
    """
    head, trained_at = checkpoint.head, facts.get("trained_at")
    trained_anew = trained_at is not None and head.trained_at not in (None, trained_at)
    before = model.window.count
    names = ["name", "version", "trained_at", *([] if before else ["baseline_accuracy"])]
    for fact in names:
        if getattr(model, fact) is None:
            setattr(model, fact, getattr(head, fact))
    if not before:
        model.set_facts()
    if not model.total_predictions:
        model.last_prediction = now - head.silent_seconds
    if head.total_predictions:
        model.resumed_from_at = checkpoint.saved_at
        model.resumed_predictions = head.total_predictions
    twice = _resume_seen(model, head.seen)
    model.total_predictions += head.total_predictions
    model.total_labelled += head.total_labelled
    model.total_errors += head.total_errors
    model.total_streams_left += head.total_streams_left
    if head.duration_bounds == list(BOUNDS_SECONDS):
        model.durations.add(head.duration_counts, head.duration_sum_seconds)
    model.add_reported(SeenTotals() - twice, now, ())
    model.total_labelled -= twice.labelled
    model.dormant = False
    if trained_anew:
        return
    if facts.get("deployed_at") is None and head.deployed_at is not None:
        model.deployed_at = head.deployed_at
    _resume_windows(model, checkpoint.body)
    if model.watch is not None and checkpoint.reference:
        model.watch.resume(checkpoint.reference, head.drifted)
    if before < model.min_labels and model.status in ("registered", "active"):
        _resume_verdicts(model, head)


def _resume_seen(model: ModelState, seen: dict[str, SeenTotals]) -> SeenTotals:
    """Take over what earlier kernels counted of workers; return what is counted twice now.

    A worker may have reported to this process before the checkpoint came. Both have its running
    totals, so the older ones are in the newer ones.
    """
    twice = SeenTotals()
    for token, stored in seen.items():
        mine = model.seen.get(token)
        if mine is not None:
            twice = twice + min(stored, mine, key=lambda one: one.n)
        model.seen[token] = max(stored, mine or stored, key=lambda one: one.n)
    return twice


def _resume_windows(model: ModelState, body: CheckpointWindows) -> None:
    model.window.prepend(_unpacked(body.scores))
    model.residuals.prepend(_unpacked(body.residuals))
    model.prepend_delays(_unpacked(body.delays).tolist())
    if body.segments or body.typed_segments or body.other is not None:
        segments = model.segments = model.segments or SegmentWindows(model.window.size)
        other = body.other or SegmentState()
        segments.prepend(
            [
                (one.segment, one.total, _unpacked(one.scores))
                for one in (*body.segments, *body.typed_segments)
            ],
            (other.total, _unpacked(other.scores)),
            {one.segment: one.total for one in (*body.others, *body.typed_others)},
            _stand_in_of,
        )


def _resume_verdicts(model: ModelState, head: CheckpointSummary) -> None:
    for rule in model.rules:
        if model.watch is not None or not rule.needs_drift_detector:
            rule.resume(head.verdicts)
    on = {rule.name for rule in model.rules if rule.on}
    for finding in head.active_alerts:
        model.apply(finding)
    model.add_findings([changed(one.rule) for one in head.active_alerts if one.rule not in on])
    if head.lifecycle != "stopped":
        model.lifecycle = head.lifecycle
    passing = head.status in ("training", "stopped")
    model.status = head.status
    if passing:
        model.status = status_of(model.lifecycle, model.health, training=False, idle=False)
    model.status_since = head.status_since or model.status_since
    model.message, model.evidence = None, None
    if head.reason is not None and not passing:
        model.message = Message(head.reason, head.reason_code, head.reason_args)
    if not passing:
        model.evidence = head.evidence
    model.acknowledged_at = head.acknowledged_at


def _all_packed(body: CheckpointWindows) -> list[bytes | None]:
    groups = [*body.segments, *body.typed_segments, *([body.other] if body.other else [])]
    return [body.scores, body.residuals, body.delays, *(group.scores for group in groups)]


def _stand_in_of(segment: Hashable) -> Hashable:
    """Return a segment that a checkpoint stores as it is, and the texts of another one."""
    if isinstance(segment, np.generic):
        segment = segment.item()
    if type(segment) in (float, bool) or (type(segment) is int and abs(segment) <= MAX_INTEGER):
        return segment
    # Subclasses, too: a member of an enumeration of texts equals its text.
    if isinstance(segment, str) and storable_text(segment) == str.__str__(segment):
        return str.__str__(segment)
    return stored_segment(segment)


def _state_of(segment: Hashable, total: int, scores: bytes | None = None) -> SegmentState | None:
    """Return the state of a segment; ``None`` for one that a new kernel could not find again."""
    stand_in = _stand_in_of(segment)
    if isinstance(stand_in, StoredSegment):
        return SegmentState(texts=stand_in, total=total, scores=scores)
    if isinstance(stand_in, (str, int, float)):
        return SegmentState(name=stand_in, total=total, scores=scores)
    return None


def _add(state: SegmentState | None, named: list[SegmentState], typed: list[SegmentState]) -> None:
    if state is not None:
        (named if state.texts is None else typed).append(state)


def _packed(values: Floats) -> bytes | None:
    return pack(values) if values.size else None


def _unpacked(data: bytes | None) -> Floats:
    return np.empty(0) if data is None else unpack(data)
