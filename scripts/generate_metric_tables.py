"""Write the tables of metrics in docs/ from the declarations in ipyvitals.schema.

    python scripts/generate_metric_tables.py           # write the tables
    python scripts/generate_metric_tables.py --check   # exit 1 when one is stale

A table stands between `<!-- table NAME -->` and `<!-- end of table -->`; all else in the documents
is written by hand.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from ipyvitals.schema import (  # noqa: E402
    Gpu,
    MetricsSection,
    ModelInfo,
    ModelSection,
    RunInfo,
    SystemSection,
    TrainingSection,
)
from ipyvitals.schema.metrics import Metric, metrics_of  # noqa: E402
from ipyvitals.server.metrics.derived import DERIVED_FAMILIES, SERVER_FAMILIES  # noqa: E402
from ipyvitals.server.metrics.families import MetricFamily  # noqa: E402
from ipyvitals.server.metrics.sources import (  # noqa: E402
    GPU_LABELS,
    MODEL_LABELS,
    MONITOR_LABELS,
    RUN_LABELS,
    SOURCES,
    SectionSource,
    field_families,
)
from ipyvitals.storage.columns import Column, section_columns  # noqa: E402

DOCS = ROOT / "docs"
TABLE = re.compile(r"(?<=<!-- table )([\w-]+)( -->\n).*?(?=<!-- end of table -->)", re.DOTALL)

UNITS = {"target": "unit of the target"}
"""What the documents call a unit, where that is another word."""
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "model": ModelSection,
    "metrics": MetricsSection,
    "models": ModelInfo,
    "training": TrainingSection,
    "runs": RunInfo,
    "system": SystemSection,
    "gpus": Gpu,
}
STORED = ("metrics", "system")
"""The sections whose fields are columns of the history."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "|".join(["", *(f" {cell} ".replace("  ", " ") for cell in cells), "\n"]) for cells in lines
    )


def code(names: Iterable[str]) -> str:
    """Return names as code."""
    return ", ".join(f"`{name}`" for name in names)


def unit_of(declared: Metric) -> str:
    """Return what the documents call the unit of a metric."""
    return UNITS.get(declared.unit, declared.unit)


def metric_table(sections: Mapping[str, type[msgspec.Struct]]) -> str:
    """Return every metric with what it measures; one that several sections have, once."""
    owners: dict[tuple[str, Metric], list[str]] = {}
    for name, section in sections.items():
        for field, declared in metrics_of(section).items():
            owners.setdefault((field, declared), []).append(name)
    stored = {
        (name, column.name): "mean" if column.mean else "last"
        for name in STORED
        for column in section_columns(sections[name])
    }
    sources = [SectionSource(section, (), lambda _: ()) for section in sections.values()]
    exposed = {family.name: family.exposed_name for family, _ in field_families(sources)}
    rows = [
        (
            code([field]),
            code(names),
            declared.label,
            unit_of(declared),
            next((stored[name, field] for name in names if (name, field) in stored), ""),
            "yes" if declared.chart else "",
            code([exposed[declared.prometheus]]) if declared.prometheus else "",
        )
        for (field, declared), names in owners.items()
    ]
    head = ("metric", "section", "label", "unit", "history", "live chart", "Prometheus")
    return table(head, rows)


def column_table(section: type[msgspec.Struct], others: Iterable[Column] = ()) -> str:
    """Return the columns of a section's history; those of one type and unit share a row."""
    metrics = metrics_of(section)
    groups: dict[tuple[str, str, str], list[str]] = {}
    for column in (*others, *section_columns(section)):
        declared = metrics.get(column.name)
        numeric = declared is not None and column.kind in ("number", "count")
        unit = unit_of(metrics[column.name]) if numeric else ""
        # That a count counts is what its type says.
        key = (column.kind, "" if unit == "count" else unit, "mean" if column.mean else "last")
        groups.setdefault(key, []).append(column.name)
    rows = [(code(names), *key) for key, names in groups.items()]
    return table(("column", "type", "unit", "with `freq`"), rows)


def family_table(families: Iterable[MetricFamily]) -> str:
    """Return metric families with what they mean."""
    rows = [(code([family.exposed_name]), family.kind, family.help) for family in families]
    return table(("name", "kind", "meaning"), rows)


def families_of_owner(labels: tuple[str, ...]) -> list[MetricFamily]:
    """Return the families of each model, GPU, run or monitor, by the labels of those."""
    every = (*(family for family, _ in field_families(SOURCES)), *DERIVED_FAMILIES)
    if labels == MONITOR_LABELS:
        return [one for one in every if one.labels not in (MODEL_LABELS, GPU_LABELS, RUN_LABELS)]
    return [one for one in every if one.labels == labels]


TABLES: dict[str, Callable[[], str]] = {
    "metrics": lambda: metric_table(SECTIONS),
    "metrics-columns": lambda: column_table(
        MetricsSection, (Column("model_id", "text"), Column("status", "text"))
    ),
    "system-columns": lambda: column_table(SystemSection),
    "model-families": lambda: family_table(families_of_owner(MODEL_LABELS)),
    "monitor-families": lambda: family_table(families_of_owner(MONITOR_LABELS)),
    "run-families": lambda: family_table(families_of_owner(RUN_LABELS)),
    "gpu-families": lambda: family_table(families_of_owner(GPU_LABELS)),
    "server-families": lambda: family_table(SERVER_FAMILIES),
}


def filled(text: str) -> str:
    """Return a document with its tables as they are today."""
    return TABLE.sub(lambda found: f"{found[1]}{found[2]}\n{TABLES[found[1]]()}\n", text)


def main() -> int:
    """Write or check the documents."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether one is stale")
    check = parser.parse_args().check
    stale = []
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if filled(text) != text:
            stale.append(path.name)
            if not check:
                path.write_text(filled(text), encoding="utf-8")
    if not (check and stale):
        return 0
    print(
        f"stale: {', '.join(stale)}. The metrics in src/ipyvitals/schema have changed: "
        "run python scripts/generate_metric_tables.py and commit the result.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
