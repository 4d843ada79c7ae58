"""The contract's other side: TypeScript knows what Python sends today."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from ipyvitals import schema as snapshot
from ipyvitals.health import rules
from ipyvitals.health.system import SystemRule
from ipyvitals.health.thresholds import Thresholds
from ipyvitals.models import status_evaluator as judge
from ipyvitals.schema import protocol
from ipyvitals.server import schema as messages

HERE = Path(__file__).parent
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
    monkeypatch.setitem(main.__globals__, "SOURCES", tmp_path)
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


def limiter_at(field: str) -> str | None:
    """Return what limits a machine of which this field alone reads 100, for long enough."""
    rule = SystemRule(Thresholds(look_hold=1))
    if not field.endswith("_percent"):
        return None
    return rule.update(snapshot.SystemSection(**{field: 100.0})).limiter


def test_what_the_kernel_says_in_its_own_words_can_be_translated() -> None:
    source = (HERE.parents[1] / "js" / "src" / "lab" / "jupyterLanguage.ts").read_text("utf-8")
    listed = set(re.findall(r'trans\.__\("([^"]+)"\)', source))
    idle = snapshot.TrainingSection()
    said = {text for pair in rules.REASONS.values() for text in pair} | {rules.CHANGED}

    limiters = {limiter_at(field) for field in snapshot.SystemSection.__struct_fields__}
    words = {name.replace("gpu", "GPU").replace("_", " ") for name in limiters - {None, "cpu"}}

    assert {"memory", "GPU memory"} <= words
    assert said | words | set(judge.REASONS.values()) | {idle.stage, idle.details} <= listed


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
    assert len(msgspec.json.decode(events, type=list[snapshot.Event])) == 6
