"""Each number of the contract is declared once: what it measures, and where it is shown."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from ipyvitals.schema import (
    POINTS_OF_METRICS,
    POINTS_OF_SYSTEM,
    SECTIONS,
    Gpu,
    MetricsSection,
    ModelInfo,
    ModelSection,
    Point,
    Snapshot,
    SystemSection,
    TrainingSection,
)
from ipyvitals.schema.metrics import Unit, metrics_of, plain_type
from ipyvitals.schema.protocol import Update
from ipyvitals.storage.columns import section_columns

DECLARED = (ModelSection, MetricsSection, ModelInfo, TrainingSection, SystemSection, Gpu)
SUFFIXES = {
    "percent": "_percent",
    "seconds": "_seconds",
    "bytes": "_bytes",
    "bytes per second": "_bytes_per_second",
    "per minute": "_per_minute",
    "per second": "_per_second",
    "cores": "_cores",
    "celsius": "_celsius",
    "watts": "_watts",
    "timestamp": "_at",
}
EXPOSED_SUFFIXES = {
    "percent": "_ratio",
    "ratio": "_ratio",
    "seconds": "_seconds",
    "bytes": "_bytes",
    "cores": "_cores",
    "celsius": "_celsius",
    "watts": "_watts",
    "per second": "_per_second",
    "timestamp": "_timestamp_seconds",
}


def declared_metrics():
    return [
        pytest.param(section, field, declared, id=f"{section.__name__}.{field}")
        for section in DECLARED
        for field, declared in metrics_of(section).items()
    ]


def type_of(section, name):
    (field,) = (one for one in msgspec.structs.fields(section) if one.name == name)
    return plain_type(field.type)


@pytest.mark.parametrize(("section", "field", "declared"), declared_metrics())
def test_the_unit_is_that_of_the_name(section, field, declared):
    assert declared.unit in get_args(Unit)
    suffixes = [unit for unit, suffix in SUFFIXES.items() if field.endswith(suffix)]
    if field != "progress" and (suffixes or declared.unit in SUFFIXES):
        assert declared.unit in suffixes


@pytest.mark.parametrize(("section", "field", "declared"), declared_metrics())
def test_what_is_not_measured_has_no_mean(section, field, declared):
    # State, flag and moment: their kinds of values have none.
    if declared.unit in ("state", "flag", "timestamp"):
        assert declared.aggregate == "last"
    if declared.unit == "state":
        assert all(isinstance(state, str) for state in get_args(type_of(section, field)))
        assert get_args(type_of(section, field))
    # Limits and totals have one, which tells nothing.
    if field.endswith(("_limit", "_limit_bytes", "_limit_cores")) or field.startswith("total_"):
        assert declared.aggregate in ("last", "total")


@pytest.mark.parametrize(("section", "field", "declared"), declared_metrics())
def test_names_in_prometheus_follow_its_conventions(section, field, declared):
    if declared.prometheus is None:
        assert declared.help == ""
        return
    name = declared.prometheus
    assert name.startswith("ipyvitals_")
    assert not name.endswith("_total")
    assert name.endswith(EXPOSED_SUFFIXES.get(declared.unit, ""))
    assert declared.help.endswith(".")


@pytest.mark.parametrize(("section", "field", "declared"), declared_metrics())
def test_a_metric_has_a_label(section, field, declared):
    assert declared.label
    assert declared.label[0].isupper()


def test_labels_tell_the_metrics_of_a_section_apart():
    for section in DECLARED:
        labels = [declared.label for declared in metrics_of(section).values()]
        assert len(labels) == len(set(labels)), section


def test_one_name_is_one_declaration():
    # `MetricsSection` is of the active model what `ModelInfo` is of each.
    one, other = metrics_of(MetricsSection), metrics_of(ModelInfo)
    shared = one.keys() & other.keys()

    assert len(shared) == 21
    assert {name: one[name] for name in shared} == {name: other[name] for name in shared}
    common = set(MetricsSection.__struct_fields__) & set(ModelInfo.__struct_fields__)
    assert common == shared


def test_a_number_without_a_declaration_has_no_column():
    section = msgspec.defstruct("Section", [("fans", int | None, None)])

    with pytest.raises(TypeError, match=r"Section\.fans: expected a declaration"):
        section_columns(section)


def test_points_have_the_charted_metrics_and_know_none_at_first():
    assert Point.__struct_fields__ == ("at", *POINTS_OF_METRICS, *POINTS_OF_SYSTEM)
    empty = Point(at=1.0).to_dict()

    assert empty.pop("at") == 1.0
    assert set(empty.values()) == {None}


def test_a_point_cannot_be_changed_and_has_no_other_field():
    with pytest.raises(AttributeError):
        Point(at=1.0).cpu_percent = 2.0
    with pytest.raises(TypeError):
        Point(at=1.0, swap_percent=2.0)


def test_sections_are_what_an_update_may_leave_out():
    optional = [
        field.name
        for field in msgspec.structs.fields(Update)
        if field.default is msgspec.UNSET and field.name not in ("history", "curves")
    ]

    assert tuple(optional) == SECTIONS
    hints, wanted = (
        {field.name: field.type for field in msgspec.structs.fields(shape)}
        for shape in (Update, Snapshot)
    )
    for name in SECTIONS:
        assert hints[name] == wanted[name] | msgspec.UnsetType, name
