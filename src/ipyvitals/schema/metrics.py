"""Declarations of metrics: the unit, label, aggregation, chart and Prometheus name of a field.

The annotation of a field declares it as a metric by `metric` and `exposed`. The history, the
charts, ``/metrics``, the TypeScript contract and the tables of the documents read the declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

import msgspec
from msgspec.structs import replace

__all__ = [
    "Aggregate",
    "Metric",
    "Unit",
    "charted_fields",
    "exposed",
    "metric",
    "metrics_of",
    "plain_type",
]

Unit: TypeAlias = Literal[
    "percent",
    "ratio",
    "seconds",
    "bytes",
    "bytes per second",
    "per minute",
    "per second",
    "cores",
    "celsius",
    "watts",
    "joules",
    "count",
    "target",
    "flag",
    "state",
    "timestamp",
]
"""``"target"``: the unit of what a regression predicts. ``"timestamp"``: Unix seconds."""
Aggregate: TypeAlias = Literal["mean", "last", "total"]
"""How a metric is aggregated over an interval: by its mean, or by its last value.

A ``"total"`` only grows: its last value is kept, and Prometheus reads it as a counter.
"""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """Declares what the value of one field measures."""

    unit: Unit
    label: str
    aggregate: Aggregate = "mean"
    chart: bool = False
    """Whether the field is a column of `Point`, which the live charts draw."""
    prometheus: str | None = None
    """Name of the family in ``/metrics``; that of a total gets the suffix ``_total`` there."""
    help: str = ""
    """Help text of that family."""


def metric(
    unit: Unit, label: str, aggregate: Aggregate = "mean", *, chart: bool = False
) -> msgspec.Meta:
    """Return the annotation that declares a field as a metric."""
    declared = Metric(unit=unit, label=label, aggregate=aggregate, chart=chart)
    return msgspec.Meta(extra={"metric": declared})


def exposed(name: str, help: str) -> msgspec.Meta:
    """Return the annotation that exposes a metric in ``/metrics``; percentages become ratios."""
    return msgspec.Meta(extra={"prometheus": (name, help)})


@cache
def metrics_of(section: type[msgspec.Struct]) -> Mapping[str, Metric]:
    """Return the metrics that the fields of a section declare, by the name of the field.

    Examples
    --------
    >>> class Fan(msgspec.Struct):
    ...     speed_percent: Annotated[float | None, metric("percent", "Fan")] = None
    >>> metrics_of(Fan)["speed_percent"].label
    'Fan'
    """
    found: dict[str, Metric] = {}
    for field in msgspec.structs.fields(section):
        extra: dict[str, Any] = {}
        for meta in getattr(field.type, "__metadata__", ()):
            extra |= getattr(meta, "extra", None) or {}
        if "metric" in extra:
            name, text = extra.get("prometheus", (None, ""))
            found[field.name] = replace(extra["metric"], prometheus=name, help=text)
    return MappingProxyType(found)


def charted_fields(section: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields of a section that the live charts draw."""
    return tuple(name for name, declared in metrics_of(section).items() if declared.chart)


def plain_type(annotation: Any) -> Any:
    """Return the type of a field without its annotations.

    Examples
    --------
    >>> plain_type(Annotated[int, metric("count", "Threads")])
    <class 'int'>
    """
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
