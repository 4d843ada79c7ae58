"""Derives the metric families of ``/metrics`` from the metrics that the contract declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import msgspec
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    StateSetMetricFamily,
)
from prometheus_client.core import Metric as Collected

from ipyvitals.schema.metrics import Metric, metrics_of, plain_type

__all__ = ["Collected", "FamilyKind", "FieldFamily", "MetricFamily", "families_of"]

FamilyKind: TypeAlias = Literal["gauge", "counter", "state set", "histogram"]
TYPES: dict[FamilyKind, Any] = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
    "state set": StateSetMetricFamily,
    "histogram": HistogramMetricFamily,
}


@dataclass(frozen=True, kw_only=True)
class MetricFamily:
    """Names one family of ``/metrics``, what it means, and the labels of its series."""

    name: str
    help: str
    kind: FamilyKind = "gauge"
    labels: tuple[str, ...]

    @property
    def exposed_name(self) -> str:
        """The name of the series: Prometheus adds a suffix to that of a counter."""
        return f"{self.name}_total" if self.kind == "counter" else self.name

    def empty(self) -> Any:
        """Return the family without series, for ``add_metric``."""
        return TYPES[self.kind](self.name, self.help, labels=self.labels)


@dataclass(frozen=True, kw_only=True)
class FieldFamily(MetricFamily):
    """Collects the values of one field of a section."""

    field: str
    divisor: float = 1.0
    states: tuple[str, ...] = ()
    """Of a state set: every value that the field may have."""

    def collect(self, sections: Iterable[tuple[list[str], Any]]) -> Collected:
        """Return the family with a series for each labelled section whose value is known."""
        family = self.empty()
        for labels, section in sections:
            value = getattr(section, self.field)
            if self.kind == "state set":
                family.add_metric(labels, {state: state == value for state in self.states})
            elif value is not None:
                # Division makes a float, or fails here, where it concerns one monitor alone.
                family.add_metric(labels, value / self.divisor)
        return family  # type: ignore[no-any-return]


def families_of(section: type[msgspec.Struct], labels: tuple[str, ...]) -> Iterator[FieldFamily]:
    """Yield the families that the fields of a section declare."""
    types = {field.name: plain_type(field.type) for field in msgspec.structs.fields(section)}
    for name, declared in metrics_of(section).items():
        if declared.prometheus is not None:
            yield FieldFamily(
                name=declared.prometheus,
                help=declared.help,
                kind=_kind(declared),
                labels=labels,
                field=name,
                divisor=100.0 if declared.unit == "percent" else 1.0,
                states=get_args(types[name]) if declared.unit == "state" else (),
            )


def _kind(declared: Metric) -> FamilyKind:
    if declared.unit == "state":
        return "state set"
    return "counter" if declared.aggregate == "total" else "gauge"
