"""A metric of the machine that is declared in one place appears everywhere, by that alone."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from prometheus_client import generate_latest

from ipyvitals.schema import MetricsSection, Snapshot, SystemSection
from ipyvitals.schema.metrics import charted_fields, exposed, metric, metrics_of
from ipyvitals.schema.snapshot import point_base
from ipyvitals.server.metrics.sources import SectionSource, field_families
from ipyvitals.storage.columns import Column, section_columns

ROOT = Path(__file__).parents[2]
CONTRACT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "generate_contract.py"))
TABLES: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "generate_metric_tables.py"))

SWAP = Annotated[
    float | None,
    metric("percent", "Swap", chart=True),
    exposed("ipyvitals_swap_usage_ratio", "Swap space in use."),
]
PAGES = Annotated[
    int | None,
    metric("count", "Swapped pages", "total"),
    exposed("ipyvitals_swapped_pages", "Pages that were swapped."),
]
Invented: Any = msgspec.defstruct(
    "SystemSection",
    [("swap_percent", SWAP, None), ("swapped_pages", PAGES, None)],
    bases=(SystemSection,),
    frozen=True,
    kw_only=True,
)
DECLARATION = '''
    swap_percent: Annotated[
        float | None,
        metric("percent", "Swap", chart=True),
        exposed("ipyvitals_swap_usage_ratio", "Swap space in use."),
    ] = None
    """Swap space in use, of what there is."""
'''
SCENARIO = """
import json, runpy, sqlite3, sys
from pathlib import Path
from prometheus_client import generate_latest
from ipyvitals import open_store
from ipyvitals.runtime.snapshot_builder import point
from ipyvitals.schema import MetricsSection, Point, Snapshot, SystemSection
from ipyvitals.server.metrics.collector import collect
from ipyvitals.server.metrics.sources import MonitorReading
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.recent_points import RecentPoints
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.rows import SystemRow
from ipyvitals.storage.schema import prepare, transaction

root, file = map(Path, sys.argv[1:])
connection = sqlite3.connect(file, isolation_level=None)
prepare(connection)
readings = [SystemSection(swap_percent=value) for value in (10.0, 20.0)]
rows = [SystemRow(60.0 + second, reading) for second, reading in enumerate(readings)]
with transaction(connection):
    SessionRepository(connection, Session.here("default", 60.0), 60.0).write(rows, 60.0)
connection.close()
with open_store(file) as store:
    history = store.history("system", freq="1min")
points = RecentPoints()
points.add(point(60.0, MetricsSection(), readings[0]))
snapshot = Snapshot(monitor="default", seq=0, at=60.0, system=readings[1])
class Families:
    def collect(self):
        return collect([MonitorReading("kernel", snapshot, None)])
tables = runpy.run_path(str(root / "scripts" / "generate_metric_tables.py"))
contract = runpy.run_path(str(root / "scripts" / "generate_contract.py"))
print(json.dumps({
    "mean": history["swap_percent"].tolist(),
    "chart": points.columns()["swap_percent"],
    "rest": snapshot.to_dict()["system_status"]["swap_percent"],
    "metrics": generate_latest(Families()).decode(),
    "typescript": contract["contract"](),
    "documents": {
        path.name: tables["filled"](path.read_text("utf-8"))
        for path in (root / "docs").glob("*.md")
    },
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project in which one declaration is added to one file."""
    root = tmp_path_factory.mktemp("project")
    unused = shutil.ignore_patterns("labextension", "__pycache__")
    for folder in ("src", "scripts", "docs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=unused)
    file = root / "src" / "ipyvitals" / "schema" / "system.py"
    file.write_text(file.read_text("utf-8") + DECLARATION, "utf-8")
    (root / "js").symlink_to(ROOT / "js")
    return root


def run(copy: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python on the package of the copy."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(copy / "src"), "IPYVITALS_STORE": "none"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_declaration_in_one_file_is_all_that_a_metric_of_the_machine_needs(
    copy: Path, tmp_path: Path
) -> None:
    done = run(copy, "-c", SCENARIO, copy, tmp_path / "history.sqlite")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    assert found["mean"] == [15.0]
    assert found["chart"] == [10.0]
    assert found["rest"] == 20.0
    series = 'ipyvitals_swap_usage_ratio{kernel="kernel",monitor="default"} 0.2'
    assert series in found["metrics"].splitlines()
    typescript = found["typescript"]
    assert typescript.count("  readonly swap_percent: number | null;") == 2
    assert "/** Swap space in use, of what there is. */" in typescript
    assert re.search(r'CHARTED_METRICS = \[.*"swap_percent"', typescript)
    documents = found["documents"]
    assert "| `swap_percent` | `system` | Swap | percent | mean | yes |" in documents["numbers.md"]
    assert re.search(
        r"\| .*`swap_percent`.* \| number \| percent \| mean \|", documents["history.md"]
    )
    line = "| `ipyvitals_swap_usage_ratio` | gauge | Swap space in use. |"
    assert line in documents["server.md"].splitlines()


@pytest.mark.parametrize("script", ["generate_contract.py", "generate_metric_tables.py"])
def test_what_was_not_generated_anew_is_named_with_its_remedy(copy: Path, script: str) -> None:
    done = run(copy, copy / "scripts" / script, "--check")

    assert done.returncode == 1
    assert "stale: " in done.stderr
    assert f"run python scripts/{script}" in done.stderr


@pytest.mark.parametrize("script", ["generate_contract.py", "generate_metric_tables.py"])
def test_what_is_generated_is_that_of_today(script: str) -> None:
    done = run(ROOT, ROOT / "scripts" / script, "--check")

    assert (done.returncode, done.stderr) == (0, "")


def test_every_table_stands_in_a_document() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))

    assert sorted(re.findall(r"<!-- table ([\w-]+) -->", text)) == sorted(TABLES["TABLES"])


def test_the_history_keeps_it_as_it_is_declared() -> None:
    columns = section_columns(Invented)

    assert columns[: len(section_columns(SystemSection))] == section_columns(SystemSection)
    assert columns[-2:] == (
        Column("swap_percent", "number", mean=True),
        Column("swapped_pages", "count", mean=False),
    )


def test_charts_have_a_point_for_it() -> None:
    point = point_base(MetricsSection, Invented)

    assert charted_fields(Invented) == (*charted_fields(SystemSection), "swap_percent")
    assert point(at=1.0).swap_percent is None
    assert "swapped_pages" not in point.__struct_fields__


def test_prometheus_reads_it() -> None:
    source = SectionSource(Invented, ("kernel",), lambda _: ())
    found = {family.name: family for family, _ in field_families([source])}
    assert found.keys() - {one.prometheus for one in metrics_of(SystemSection).values()} == {
        "ipyvitals_swap_usage_ratio",
        "ipyvitals_swapped_pages",
    }

    class Families:
        def collect(self) -> list[Any]:
            sections = [(["a"], Invented(swap_percent=25.0, swapped_pages=3)), (["b"], Invented())]
            names = ("ipyvitals_swap_usage_ratio", "ipyvitals_swapped_pages")
            return [found[name].collect(sections) for name in names]

    assert generate_latest(Families()).decode().splitlines() == [
        "# HELP ipyvitals_swap_usage_ratio Swap space in use.",
        "# TYPE ipyvitals_swap_usage_ratio gauge",
        'ipyvitals_swap_usage_ratio{kernel="a"} 0.25',
        "# HELP ipyvitals_swapped_pages_total Pages that were swapped.",
        "# TYPE ipyvitals_swapped_pages_total counter",
        'ipyvitals_swapped_pages_total{kernel="a"} 3.0',
    ]


def test_typescript_knows_it() -> None:
    snapshot = msgspec.defstruct(
        "Snapshot", [("system", Invented, Invented())], bases=(Snapshot,), frozen=True, kw_only=True
    )
    point = msgspec.defstruct("Point", [], bases=(point_base(MetricsSection, Invented),))
    text = CONTRACT["contract"](snapshot, point)

    body = text.split("export interface SystemSection {")[1].split("}\n")[0]
    assert "readonly swap_percent: number | null;" in body
    # What stands below the fields of the section is still there.
    assert "/** Memory of the kernel's own process tree. */" in body
    body = text.split("export interface Point {")[1].split("}\n")[0]
    assert "readonly swap_percent: number | null;" in body
    assert "swapped_pages" not in body
    assert 'swap_percent: {"label": "Swap", "unit": "percent", "charted": true},' in text
    assert text.count('"swap_percent": "number|null"') == 2


def test_the_tables_of_the_documents_name_it() -> None:
    assert (
        "| `swapped_pages` | `system` | Swapped pages | count | last | | "
        "`ipyvitals_swapped_pages_total` |"
    ) in TABLES["metric_table"]({"metrics": MetricsSection, "system": Invented}).splitlines()
    assert "`swapped_pages`" in TABLES["column_table"](Invented)


def test_the_table_of_metrics_has_each_with_its_unit_and_its_name_and_nothing_else() -> None:
    text = (ROOT / "docs" / "numbers.md").read_text("utf-8")
    (block,) = re.findall(r"<!-- table metrics -->(.*?)<!-- end of table -->", text, re.DOTALL)
    rows = re.findall(
        r"^\| `(\w+)` \| (`.*?`) \| .*? \| (.*?) \|.*\| (?:`(\w+)` )?\|$", block, re.MULTILINE
    )
    listed = {
        (section, field, unit, name)
        for field, sections, unit, name in rows
        for section in re.findall(r"\w+", sections)
    }

    def name_of(declared: Any) -> str:
        total = "_total" if declared.aggregate == "total" else ""
        return f"{declared.prometheus}{total}" if declared.prometheus else ""

    assert listed == {
        (name, field, declared.unit.replace("target", "unit of the target"), name_of(declared))
        for name, section in TABLES["SECTIONS"].items()
        for field, declared in metrics_of(section).items()
    }
    assert len(rows) == len(block.strip().splitlines()) - 2
