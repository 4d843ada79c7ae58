"""The contract's other side: TypeScript knows what Python sends today."""

from __future__ import annotations

import ast
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, get_args

import msgspec
import pytest

from ipyvitals import schema as snapshot
from ipyvitals.health import COMPONENTS, RULES, Component, LimitRule
from ipyvitals.schema import protocol
from ipyvitals.schema.messages import LABELS, MESSAGES, template_of
from ipyvitals.server import schema as messages

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "src" / "ipyvitals"
SCRIPT = HERE.parent.parent / "scripts" / "generate_contract.py"
FIXTURES: dict[str, Any] = runpy.run_path(str(HERE / "write_fixtures.py"))
GENERATOR: dict[str, Any] = runpy.run_path(str(SCRIPT))


def test_typescript_contract_is_not_stale() -> None:
    check = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, "")


def test_a_stale_file_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main = GENERATOR["main"]
    (tmp_path / "contract.gen.ts").write_text("export {};\n")
    (tmp_path / "wire.gen.ts").write_text(GENERATOR["wire_contract"]())
    (tmp_path / "rules.gen.ts").write_text(GENERATOR["rules_typescript"]())
    (tmp_path / "catalogue.gen.ts").write_text(GENERATOR["catalogue"]())
    (tmp_path / "generated.py").write_text(GENERATOR["python_module"]())
    monkeypatch.setitem(main.__globals__, "SOURCES", tmp_path)
    monkeypatch.setitem(main.__globals__, "PYTHON", tmp_path)
    monkeypatch.setitem(main.__globals__, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate_contract.py", "--check"])
    assert main() == 1
    message = capsys.readouterr().err
    assert "stale: contract.gen.ts. " in message
    assert "python scripts/generate_contract.py" in message


def test_every_struct_and_field_is_in_the_typescript_contract() -> None:
    text = GENERATOR["contract"]()
    for shape in (snapshot.Snapshot, snapshot.Point, *get_args(snapshot.Event)):
        body = text.split(f"export interface {shape.__name__} {{")[1].split("}\n")[0]
        for field in shape.__struct_fields__:
            assert f"readonly {field}: " in body, (shape, field)


def test_what_the_server_tells_is_in_the_typescript_contract() -> None:
    text = GENERATOR["wire_contract"]()
    for shape in (protocol.Update, messages.KernelState, *GENERATOR["WIRE"]):
        body = text.split(f"export interface {shape.__name__} {{")[1].split("}\n")[0]
        for field in shape.__struct_fields__:
            assert re.search(rf"readonly {field}\??: ", body), (shape, field)
    assert "readonly model?: ModelSection;" in text
    assert "readonly events: readonly Event[];" in text


@pytest.mark.parametrize("name", FIXTURES["fixtures"]())
def test_fixture_is_what_python_writes_today(name: str) -> None:
    stored = (HERE / "fixtures" / f"{name}.json").read_text(encoding="utf-8")
    assert stored == FIXTURES["text_of"](FIXTURES["fixtures"]()[name]), (
        "run python tests/contract/write_fixtures.py and commit the result"
    )


def test_every_sentence_and_label_of_the_kernel_is_in_the_catalogue() -> None:
    listed = dict(
        re.findall(r'^  "(.+?)": trans\.__\("(.+)"\),$', GENERATOR["catalogue"](), re.MULTILINE)
    )
    sentences = {code: text for rule in RULES.values() for code, text in rule.catalogue().items()}
    components = {f"component.{one.name}": one.label for one in COMPONENTS}
    expected = sentences | MESSAGES | LABELS | components

    assert {"accuracy.raised", "silence.raised", "labels.unknown"} <= listed.keys()
    assert listed == expected
    idle = snapshot.TrainingSection()
    assert {idle.stage, idle.details} <= set(LABELS.values())


def test_a_rule_and_a_component_that_are_added_reach_every_generated_file() -> None:
    class Invented(LimitRule):
        name = "latency_p99"
        unit = "latency"
        messages: ClassVar[dict[str, str]] = {"raised": "Latency p99 rose", "recovered": "It fell"}

    added = {
        "rules": [*RULES.values(), Invented],
        "components": [*COMPONENTS, Component("swap", "swap space")],
    }
    typescript = GENERATOR["rules_typescript"](**added)
    catalogue = GENERATOR["catalogue"](**added)
    module: dict[str, Any] = {}
    exec(GENERATOR["python_module"](**added), module)

    names = re.search(r"export const RULES = (\[.*\]) as const;", typescript)
    assert names is not None
    assert json.loads(names[1]) == [*RULES, "latency_p99"]
    assert '"latency_p99": {\n    "unit": "latency",\n    "evidence": "calls"\n  }' in typescript
    assert '"component.swap": "swap space"' in typescript
    assert '"latency_p99.raised": trans.__("Latency p99 rose")' in catalogue
    assert '"component.swap": trans.__("swap space")' in catalogue
    assert module["RULE_UNITS"]["latency_p99"] == "latency"
    assert module["COMPONENT_LABELS"]["swap"] == "swap space"


def sentences_in(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield the code of each notice and message that a file makes, with the arguments given."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        called, code = ast.unparse(node.func), node.args[0]
        is_notice = called.endswith("notices.add") and len(node.args) == 1
        if (is_notice or called == "message") and isinstance(code, ast.Constant):
            names = {one.arg for one in node.keywords if one.arg is not None}
            yield str(code.value), names - {"count"}


def test_each_sentence_gets_the_arguments_that_its_template_has() -> None:
    made = [one for path in sorted(PACKAGE.rglob("*.py")) for one in sentences_in(path)]

    assert len(made) > 20
    for code, names in made:
        template = template_of(code)
        assert template is not None, code
        assert names == set(re.findall(r"\{(\w+)\}", template)), code


def test_no_fixture_is_left_over() -> None:
    stored = {path.stem for path in (HERE / "fixtures").glob("*.json")}
    assert stored == set(FIXTURES["fixtures"]())


def test_fixtures_hold_each_event_type_once() -> None:
    events = json.loads((HERE / "fixtures" / "events.json").read_text())
    assert tuple(event["type"] for event in events) == snapshot.EVENT_TYPES


def test_python_reads_its_own_fixtures_back() -> None:
    text = (HERE / "fixtures" / "snapshot.json").read_bytes()
    assert msgspec.json.decode(text, type=snapshot.Snapshot).model.name == "churn"
    events = (HERE / "fixtures" / "events.json").read_bytes()
    assert len(msgspec.json.decode(events, type=list[snapshot.Event])) == 7
