"""Derives the columns of the history from the sections of the contract."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import inspect

from ipyvitals.schema import MetricsSection, SystemSection
from ipyvitals.schema.metrics import metrics_of

__all__ = ["COLUMNS", "METRICS", "SECTIONS", "SYSTEM", "Column", "Kind", "section_columns"]

Kind: TypeAlias = Literal["number", "count", "flag", "text", "timestamp", "any"]


class Column(NamedTuple):
    """Describes one column of a table."""

    name: str
    kind: Kind
    mean: bool = False
    """True when an interval has the mean of the values; false when it has the last value."""

    @property
    def averaged(self) -> Column:
        """The column of means: means of counts are not whole numbers."""
        return self._replace(kind="number") if self.mean else self


def section_columns(section: type[msgspec.Struct]) -> tuple[Column, ...]:
    """Return a column for each field of a section that is one value.

    Examples
    --------
    >>> section_columns(SystemSection)[0]
    Column(name='cpu_percent', kind='number', mean=True)

    Raises
    ------
    TypeError
        When a number is not declared as a metric, so that its aggregation is unknown.
    """
    metrics = metrics_of(section)
    columns = []
    for field in inspect.type_info(section).fields:  # type: ignore[attr-defined]
        kind = _kind(field.name, field.type)
        declared = metrics.get(field.name)
        if kind in ("number", "count") and declared is None:
            raise TypeError(
                f"{section.__name__}.{field.name}: expected a declaration of the number, got none; "
                "annotate it with metric(…)."
            )
        if kind is not None:
            mean = declared is not None and declared.aggregate == "mean"
            columns.append(Column(field.name, kind, mean=mean))
    return tuple(columns)


def _kind(name: str, annotation: Any) -> Kind | None:
    """Return how the value of a field is stored; ``None`` when it is not one value."""
    if isinstance(annotation, inspect.Metadata):
        return _kind(name, annotation.type)
    types = annotation.types if isinstance(annotation, inspect.UnionType) else (annotation,)
    known = [one for one in types if not isinstance(one, inspect.NoneType)]
    if len(known) != 1:
        return None
    match known[0]:
        case inspect.FloatType() if name.endswith(("_at", "_since")):
            return "timestamp"
        case inspect.FloatType():
            return "number"
        case inspect.IntType():
            return "count"
        case inspect.BoolType():
            return "flag"
        case inspect.StrType() | inspect.LiteralType():
            return "text"
    return None


METRICS = (Column("status", "text"), *section_columns(MetricsSection))
SYSTEM = section_columns(SystemSection)

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
        Column("trained_at", "timestamp"),
        Column("deployed_at", "timestamp"),
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
"""Columns of each section of the history, besides the index ``time``."""

SECTIONS = tuple(COLUMNS)
