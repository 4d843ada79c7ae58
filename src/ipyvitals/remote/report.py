"""The message that a worker sends: everything cumulative, in msgpack, within bounds."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from ipyvitals.remote.address import Place
from ipyvitals.schema import RunInfo, SystemSection
from ipyvitals.schema.decoding import LenientDecoder
from ipyvitals.stats.durations import BOUNDS_SECONDS
from ipyvitals.stats.latency import LATENCY_BUCKETS
from ipyvitals.stats.packing import unpack
from ipyvitals.stats.seconds import Floats

__all__ = [
    "MAX_REPORT_BYTES",
    "VERSION",
    "ModelReport",
    "NewerReportError",
    "RecentLabels",
    "Report",
    "ReportError",
    "SecondCounts",
    "WriterIdentity",
    "decode_report",
    "encode_report",
]

VERSION = 1
MAX_REPORT_BYTES = 1 << 20
"""A larger report is refused."""
MAX_RUNS = 32
MAX_MODELS = 100
MAX_LABELS = 10_000
"""Most labels of one model in a report; of more new ones the older only count."""


class ReportError(ValueError):
    """A report is no report, or too large."""


class NewerReportError(ReportError):
    """A report is of a newer version."""


class WriterIdentity(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The incarnation of a process that reports."""

    token: str
    """Random: process ids, ranks and names of hosts come again."""
    host: str = ""
    pid: int = 0
    host_id: str | None = None
    process_start: str | None = None
    home: Place | None = None
    """The home that the process was started by; ``None`` where an operator named the folder."""
    label: str | None = None
    """Such as ``"rank 3"``."""
    rank: int | None = None


class SecondCounts(msgspec.Struct, array_like=True):
    """Counts of one second of the writer's monotonic clock."""

    second: int
    rows: int
    calls: int
    errors: int


class RecentLabels(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The newest labels of a model, oldest first."""

    seconds: list[tuple[int, int]] = []
    """Second of the writer's clock, and how many of the labels came in it."""
    scores: bytes = b""
    residuals: bytes | None = None
    segments: list[str | int | float | bool | None] | None = None


class ModelReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Totals of a model in one process, since the process began to count."""

    model_id: str | None = None
    """``None`` for records without a model, which count for the active one."""
    name: str | None = None
    version: str | None = None
    predictions: int = 0
    errors: int = 0
    labelled: int = 0
    duration_counts: list[int] = []
    duration_nanoseconds: int = 0
    latency_buckets: list[int] = []
    latency_counts: list[int] = []
    """Non-empty buckets of a `LogHistogram` of all calls."""
    seconds: list[SecondCounts] = []
    """The last minute."""
    labels: RecentLabels = RecentLabels()


class Report(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything that one process counted so far."""

    v: int = VERSION
    monitor: str
    writer: WriterIdentity
    n: int
    """Number of the report, from 1; the newest replaces the older ones."""
    now: float
    """Of the writer's monotonic clock, which the seconds in the report are of."""
    final: bool = False
    models: list[ModelReport] = []
    runs: list[Any] = []
    """Rows of ``snapshot().runs``."""
    system: Any = None
    """The machine's section, as far as it is about the process."""
    lost_labels: dict[str, int] = {}
    """Counts of `LabelsSection` that are not zero."""


_runs = LenientDecoder(RunInfo)
_system = LenientDecoder(SystemSection)


def encode_report(report: Report) -> bytes:
    """Return a report as bytes."""
    return msgspec.msgpack.encode(report)


def decode_report(data: bytes) -> Report:
    """Return a report with runs and a machine's section of the contract's types.

    Raises
    ------
    ReportError
        When `data` is too large, of a newer version, or no report.
    """
    if len(data) > MAX_REPORT_BYTES:
        raise ReportError(f"expected a report of 1 MiB or less, got {len(data):,} bytes")
    try:
        # Read first: a newer report may be of another form.
        version = msgspec.msgpack.decode(data, type=_Version).v
        if version > VERSION:
            raise NewerReportError(
                f"expected a report of version {VERSION} or older, got {version}; the worker has a "
                "newer ipyvitals"
            )
        report = msgspec.msgpack.decode(data, type=Report)
    except msgspec.MsgspecError as error:
        raise ReportError(f"expected a report, got something else: {error}") from error
    del report.models[MAX_MODELS:]
    report.runs = [_runs.decode(row).value for row in report.runs[:MAX_RUNS]]
    if report.system is not None:
        report.system = _system.decode(report.system).value
    for model in report.models:
        _check(model)
    return report


class _Version(msgspec.Struct):
    v: int = VERSION


def _check(model: ModelReport) -> None:
    totals = (
        *(model.predictions, model.errors, model.labelled, model.duration_nanoseconds),
        *model.duration_counts,
        *model.latency_counts,
        *(number for one in model.seconds for number in (one.rows, one.calls, one.errors)),
        *(count for _, count in model.labels.seconds),
    )
    if any(not 0 <= number < 1 << 62 for number in totals):
        raise ReportError("expected counts from 0 to 2**62")
    if model.duration_counts and len(model.duration_counts) != len(BOUNDS_SECONDS) + 1:
        raise ReportError("expected the buckets of durations of this version")
    if len(model.latency_buckets) != len(model.latency_counts) or any(
        not 0 <= place < LATENCY_BUCKETS for place in model.latency_buckets
    ):
        raise ReportError("expected the buckets of latencies of this version")
    scores = _unpacked(model.labels.scores)
    if not np.all((scores >= 0.0) & (scores <= 1.0)):
        raise ReportError("expected scores from 0 to 1")
    if not np.all(np.isfinite(_unpacked(model.labels.residuals))):
        raise ReportError("expected finite residuals")


def _unpacked(data: bytes | None) -> Floats:
    try:
        return unpack(data) if data else np.empty(0)
    except ValueError as error:
        raise ReportError(str(error)) from error
