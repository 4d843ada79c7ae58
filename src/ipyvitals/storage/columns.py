"""The columns of the history, taken from the contract."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import inspect

from ipyvitals.schema import MetricsSection, SystemSection

__all__ = ["COLUMNS", "METRICS", "SECTIONS", "SYSTEM", "Column", "Kind", "scalars"]

Kind: TypeAlias = Literal["number", "count", "flag", "text", "moment", "any"]

KEPT_LAST = {
    *("accuracy_threshold", "label_coverage", "labels_pending", "tolerance", "window_labelled"),
    *("cpu_limit_cores", "memory_limit_bytes", "shared_memory_limit_bytes", "open_files_limit"),
    *("cpu_throttled_seconds", "oom_kills", "disk_read_bytes", "disk_written_bytes"),
    *("network_received_bytes", "network_sent_bytes"),
}
"""Numbers that are not measured: limits, totals, and how many there are just now."""


class Column(NamedTuple):
    """One column of a table."""

    name: str
    kind: Kind
    mean: bool = False
    """Whether several values are told by their mean, in place of the last one."""

    @property
    def averaged(self) -> Column:
        """The column of means: those of counts are no whole numbers."""
        return self._replace(kind="number") if self.mean else self


def scalars(shape: type[msgspec.Struct]) -> tuple[Column, ...]:
    """Return a column for each field of a section that is one value.

    Examples
    --------
    >>> from ipyvitals.schema import Segment
    >>> scalars(Segment)[0], scalars(Segment)[3]
    (Column(name='name', kind='text', mean=False),
     Column(name='current_accuracy', kind='number', mean=True))
    """
    columns = [_column(field) for field in inspect.type_info(shape).fields]  # type: ignore[attr-defined]
    return tuple(column for column in columns if column is not None)


def _column(field: Any) -> Column | None:
    types = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    known = [one for one in types if not isinstance(one, inspect.NoneType)]
    if len(known) != 1:
        return None
    total = field.name.startswith("total_") or field.name in KEPT_LAST
    match known[0]:
        case inspect.FloatType() if field.name.endswith(("_at", "_since")):
            return Column(field.name, "moment")
        case inspect.FloatType():
            return Column(field.name, "number", mean=not total)
        case inspect.IntType():
            return Column(field.name, "count", mean=not total)
        case inspect.BoolType():
            return Column(field.name, "flag")
        case inspect.StrType() | inspect.LiteralType():
            return Column(field.name, "text")
    return None


METRICS = (Column("status", "text"), *scalars(MetricsSection))
SYSTEM = scalars(SystemSection)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "metrics": (Column("model_id", "text"), *METRICS),
    "system": SYSTEM,
    "training": (
        Column("run", "text"),
        Column("monitor", "text"),
        Column("stage", "text"),
        Column("state", "text"),
        Column("step", "count"),
        Column("total", "count"),
        Column("metric", "text"),
        Column("value", "number", mean=True),
    ),
    "events": (
        Column("type", "text"),
        Column("seq", "count"),
        Column("model_id", "text"),
        Column("data", "any"),
    ),
    "models": (
        Column("model_id", "text"),
        Column("name", "text"),
        Column("version", "text"),
        Column("trained_at", "moment"),
        Column("deployed_at", "moment"),
        Column("baseline_accuracy", "number"),
    ),
    "predictions": (
        Column("model_id", "text"),
        Column("id", "any"),
        Column("prediction", "any"),
        Column("actual", "any"),
        Column("labelled", "flag"),
        Column("latency_seconds", "number"),
        Column("segment", "any"),
    ),
}
"""Columns of each section of the history, beside the index ``time``."""

SECTIONS = tuple(COLUMNS)
