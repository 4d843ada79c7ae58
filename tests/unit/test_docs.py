"""The documents name every public call, setting, field and event."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import get_args

import pytest

import ipyvitals
from ipyvitals import EVENT_TYPES, Drift, Monitor, Store, Thresholds, TrainingRun
from ipyvitals import schema as snapshot
from ipyvitals.health import COMPONENTS, RULES
from ipyvitals.schema.messages import render
from ipyvitals.storage.columns import COLUMNS
from ipyvitals.system.sampler import sources

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SRC = ROOT / "src"
PACKAGE = SRC / "ipyvitals"
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def code_words(document: str) -> set[str]:
    """Return the names in code spans and code blocks."""
    text = (DOCS / document).read_text(encoding="utf-8")
    # A generated table names everything, and explains nothing.
    text = re.sub(r"<!-- table .*?<!-- end of table -->", "", text, flags=re.DOTALL)
    blocks = re.findall(r"```.*?```", text, flags=re.DOTALL)
    spans = re.findall(r"`[^`\n]+`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return set(re.findall(r"\w+", " ".join([*blocks, *spans])))


def public(kind) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def calls(kind) -> list:
    return [call for name in sorted(public(kind)) if callable(call := getattr(kind, name))]


def test_every_exported_name_is_documented():
    assert set(ipyvitals.__all__) - code_words("api.md") == set()


@pytest.mark.parametrize("kind", [Monitor, Store, TrainingRun])
def test_every_public_call_is_documented(kind):
    assert public(kind) - code_words("api.md") == set()


@pytest.mark.parametrize(
    "call",
    [Monitor, Thresholds, Drift, *calls(Monitor), *calls(Store), *calls(TrainingRun)],
    ids=lambda call: call.__qualname__,
)
def test_every_setting_is_documented(call):
    settings = set(inspect.signature(call).parameters) - {"self"}

    assert settings - code_words("api.md") == set()


@pytest.mark.parametrize(
    "section",
    [
        *("ModelSection", "TrainingSection", "MetricsSection", "SystemSection"),
        *("LabelsSection", "DriftSection", "FeatureDrift", "ErrorDrift", "Segment", "ModelInfo"),
        *("Gpu", "ProcessUse"),
    ],
)
def test_every_field_of_a_section_is_explained(section):
    fields = set(getattr(snapshot, section).__struct_fields__)

    assert fields - code_words("numbers.md") == set()


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_is_explained_with_its_threshold_and_its_reason(rule):
    text = (DOCS / "numbers.md").read_text(encoding="utf-8")

    template = rule.messages.get("raised") or rule.messages["feature"]
    reason = re.escape(render(template, {"seconds": 300, "feature": "age"}))
    assert re.search(rf"^\| `{rule.name}` \|.*\| {reason} \|$", text, flags=re.MULTILINE)
    assert rule.threshold_field in code_words("numbers.md")


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_every_component_of_the_machine_is_explained(component):
    text = (DOCS / "numbers.md").read_text(encoding="utf-8")

    assert f"| `{component.name}` | `{component.figure}` | `Thresholds.{component.name}`" in text


@pytest.mark.parametrize(
    ("record", "document"),
    [("StoredMonitor", "api.md"), ("StoredModel", "api.md"), ("StoredRun", "api.md")],
)
def test_every_field_of_a_record_is_documented(record, document):
    fields = set(getattr(ipyvitals, record).__struct_fields__)

    assert fields - code_words(document) == set()


@pytest.mark.parametrize("section", COLUMNS)
def test_every_column_of_the_history_is_documented_with_its_type(section):
    text = (DOCS / "history.md").read_text(encoding="utf-8")
    (chapter,) = re.findall(
        rf"^### `{section}`\n(.*?)(?=^##|\Z)", text, flags=re.DOTALL | re.MULTILINE
    )
    told = {
        name: kind.strip()
        for names, kind in re.findall(r"^\| (`.*?`) \| (.*?) \|", chapter, flags=re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }

    assert told == {column.name: column.kind for column in COLUMNS[section]}


def test_every_reason_of_a_gpu_is_explained():
    assert set(get_args(snapshot.GpuReason)) - code_words("numbers.md") == set()


def test_every_setting_and_command_of_jupyterlab_is_documented():
    schema = json.loads((ROOT / "js" / "schema" / "plugin.json").read_text(encoding="utf-8"))
    commands = (ROOT / "js" / "src" / "lab" / "commands.ts").read_text(encoding="utf-8")
    text = (DOCS / "jupyterlab.md").read_text(encoding="utf-8")

    for name, setting in schema["properties"].items():
        assert f"| `{name}` | `{json.dumps(setting['default'])}` |" in text
    found = re.findall(r'"(ipyvitals:[a-z-]+)"', commands)
    assert len(found) == 4
    assert [name for name in found if f"| `{name}` |" not in text] == []


def test_every_notice_is_explained():
    text_of_all = "".join(path.read_text(encoding="utf-8") for path in SRC.rglob("*.py"))
    codes = set(re.findall(r'add\(\s*"(\w+\.\w+)"', text_of_all))
    for name, make in sources():
        codes |= {f"system.{part}" for part in (name, *make().parts())}
    text = (DOCS / "numbers.md").read_text(encoding="utf-8")

    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in text} == set()


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_event_is_documented_with_its_fields(name):
    (event,) = (
        kind
        for kind in vars(snapshot).values()
        if getattr(getattr(kind, "__struct_config__", None), "tag", None) == name
    )
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    (chapter,) = re.findall(
        rf"^## `{name}`\n(.*?)(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE
    )
    common = {"monitor", "seq", "at"}

    fields = set(event.__struct_fields__) - common
    assert {field for field in fields if f"`{field}`" not in chapter} == set()
    assert {field for field in common if f"| `{field}` |" not in text} == set()


@pytest.mark.parametrize(
    "link",
    [
        (page, target)
        for page in [*DOCS.glob("*.md"), *ROOT.glob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    ],
    ids=lambda link: f"{link[0].name}-{link[1]}",
)
def test_every_link_to_a_file_leads_somewhere(link):
    page, target = link

    assert (page.parent / target).exists()


@pytest.mark.parametrize("name", ["01_quickstart", "02_server", "03_predictions"])
def test_a_tutorial_begins_anew_each_time_it_runs(name):
    text = (ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    code = "\n".join("".join(cell["source"]) for cell in cells)
    made = re.findall(r"\bMonitor\((?:[^()]|\([^()]*\))*\)", code)

    assert made
    assert [one for one in made if "store=None" not in one] == []


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def paths_in(text: str) -> list[str]:
    """Return the files and folders that a text names in code spans."""
    path = r"\w[\w./-]*(?:/|\.(?:py|tsx?|toml|yaml|md))"
    return [one for one in spans(text) if re.fullmatch(path, one)]


def located(path: str) -> Path:
    """Return where a path of docs/architecture.md leads, from the package or from the root."""
    return PACKAGE / path if (PACKAGE / path).exists() else ROOT / path


def names_defined_in(path: Path) -> set[str]:
    """Return the classes and constants of a module, or of all modules of a room."""
    modules = sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []
    text = "\n".join(module.read_text(encoding="utf-8") for module in modules)
    classes = re.findall(r"^class (\w+)", text, flags=re.MULTILINE)
    return {*classes, *re.findall(r"^([A-Z_]{3,})\b.* = ", text, flags=re.MULTILINE)}


def test_every_path_of_the_architecture_exists():
    paths = paths_in(ARCHITECTURE)

    assert len(paths) > 100
    assert [path for path in paths if not located(path).exists()] == []


def test_every_class_of_the_architecture_is_defined_in_the_file_beside_it():
    rows = [row for row in re.findall(r"^\| .*", ARCHITECTURE, flags=re.MULTILINE) if "`" in row]
    named = [
        (name, [located(path) for path in paths_in(row)])
        for row in rows
        for name in spans(row)
        if re.fullmatch(r"[A-Z]\w+", name)
    ]

    assert len(named) > 30
    assert [
        name
        for name, paths in named
        if not any(name in names_defined_in(path) for path in paths if path.suffix in ("", ".py"))
    ] == []


def test_the_architecture_names_every_room_and_every_lock():
    (table,) = re.findall(r"^## The rooms\n(.*?)^## ", ARCHITECTURE, flags=re.DOTALL | re.MULTILINE)
    named = {located(path).resolve() for path in paths_in(ARCHITECTURE)}
    listed = {located(path).resolve() for path in paths_in(table)}
    rooms = {path.parent for path in PACKAGE.rglob("__init__.py")} - {PACKAGE}
    locks = {
        path
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bnew_r?lock\(", path.read_text(encoding="utf-8"))
    }
    others = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\b(R?Lock|Condition)\(\)", path.read_text(encoding="utf-8"))
    }

    assert (len(rooms) > 20, len(locks) > 10) == (True, True)
    assert {path.name for path in rooms - listed} == set()
    assert {path.name for path in locks - named} == set()
    assert others == {"locks.py"}
