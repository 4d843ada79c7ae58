"""Write the structs that cross to the browser as TypeScript, and the sentences: js/src/schema.

    python scripts/generate_contract.py           # write the files
    python scripts/generate_contract.py --check   # exit 1 when one is stale

`contract.gen.ts` is ipyvitals.schema, with the rules and the labels of the machine's components;
`wire.gen.ts` is what the Jupyter server tells JupyterLab, from ipyvitals.schema.protocol and
ipyvitals.server.schema; `catalogue.gen.ts` holds each sentence of the kernel, for translators.
What Python's own pages need of the rules is src/ipyvitals/schema/rules.py.

The shapes come from msgspec's JSON Schema of those structs; the comments are the strings that
stand below their fields.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, get_args

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from ipyvitals import schema as snapshot  # noqa: E402
from ipyvitals.health import COMPONENTS, RULES, Component, ModelRule  # noqa: E402
from ipyvitals.schema import protocol as wire  # noqa: E402
from ipyvitals.schema.messages import LABELS, MESSAGES  # noqa: E402
from ipyvitals.server import schema as messages  # noqa: E402

SOURCES = ROOT / "js" / "src" / "schema"
PYTHON = ROOT / "src" / "ipyvitals" / "schema"
HEADER = """\
// Generated from {sources} by scripts/generate_contract.py: edit that, not this.
"""

Schema: TypeAlias = dict[str, Any]

ALIASES = {
    "Status": "STATUSES",
    "Health": "HEALTHS",
    "TrainingState": "TRAINING_STATES",
    "Task": "TASKS",
}
"""Sets of strings that `snapshot` names, and the constants that list them in TypeScript."""

SECTIONS = (
    *("ModelSection", "TrainingSection", "MetricsSection", "SystemSection", "Gpu", "Notice"),
    "ProcessUse",
    *("LabelsSection", "DriftSection", "FeatureDrift", "ErrorDrift", "Segment", "ModelInfo"),
)

WIRE = (
    messages.StateMessage,
    messages.UpdateMessage,
    messages.KernelMessage,
    messages.MissedMessage,
    messages.ActionAnswer,
    messages.ErrorAnswer,
)
"""What the server tells JupyterLab; events are told as they stand in `snapshot`."""


def field_comments(shape: type) -> dict[str, str]:
    """Return the string below each field of `shape`, on one line."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(shape)))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    comments = {}
    for field, below in pairwise(body):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            text = " ".join(str(below.value.value).split())
            comments[field.target.id] = text.replace("``", "`").replace("*/", "* /")
    return comments


def literal_names() -> dict[frozenset[str], str]:
    """Return the alias of each set of strings."""
    return {frozenset(get_args(getattr(snapshot, name))): name for name in ALIASES}


def type_of(schema: Schema, names: dict[frozenset[str], str]) -> str:
    """Return the TypeScript type of a JSON Schema node."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        parts = dict.fromkeys(type_of(part, names) for part in schema["anyOf"])
        if parts.keys() == {event.__name__ for event in get_args(snapshot.Event)}:
            return "Event"
        return " | ".join(parts)
    if "enum" in schema:
        values = [value for value in schema["enum"] if value is not None]
        name = names.get(frozenset(values))
        union = name or " | ".join(json.dumps(value) for value in values)
        return f"{union} | null" if None in schema["enum"] else union
    if schema.get("title") == "Rule":
        return "Rule"
    match schema.get("type"):
        case "number" | "integer":
            return "number"
        case "string" | "boolean" | "null" as plain:
            return str(plain)
        case "array":
            return f"readonly {type_of(schema.get('items', {}), names)}[]"
        case "object":
            return f"Readonly<Record<string, {type_of(schema['additionalProperties'], names)}>>"
        case None:
            return "unknown"
    raise TypeError(f"no TypeScript type is known for the JSON Schema {schema!r}.")


def shape_of(name: str) -> type:
    """Return the struct of that name."""
    for module in (snapshot, wire, messages):
        if hasattr(module, name):
            return getattr(module, name)  # type: ignore[no-any-return]
    raise LookupError(f"no struct is named {name!r}")


def may_be_absent(shape: type) -> set[str]:
    """Return the fields that are left out of JSON while they are unset."""
    fields = msgspec.structs.fields(shape)
    return {field.encode_name for field in fields if field.default is msgspec.UNSET}


def kinds_of(name: str, schema: Schema, names: dict[frozenset[str], str]) -> dict[str, str]:
    """Return the type of each field, as schema/decode.ts checks it; `?` if it may be absent."""
    absent = may_be_absent(shape_of(name))
    return {
        field: f"={node['enum'][0]}"
        if field == "type"
        else f"{kind_of(node, names)}{'?' if field in absent else ''}"
        for field, node in schema["properties"].items()
    }


def interface(name: str, schema: Schema, names: dict[frozenset[str], str]) -> str:
    """Return one `export interface`; only fields that may be unset are ever absent."""
    shape = shape_of(name)
    comments = field_comments(shape)
    absent = may_be_absent(shape)
    summary = str(inspect.getdoc(shape)).splitlines()[0]
    lines = [f"/** {summary.replace('``', '`')} */"]
    lines.append(f"export interface {name} {{")
    for field, node in schema["properties"].items():
        if field in comments:
            lines.append(f"  /** {comments[field]} */")
        tag = node["enum"][0] if field == "type" and len(node.get("enum", ())) == 1 else None
        mark = "?" if field in absent else ""
        kind = json.dumps(tag) if tag else type_of(node, names)
        lines.append(f"  readonly {field}{mark}: {kind};")
    lines.append("}\n")
    return "\n".join(lines)


def constant(name: str, value: object, indent: int | None = None) -> str:
    """Return an exported constant."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return f"export const {name} = {text} as const;\n"


def kind_of(schema: Schema, names: dict[frozenset[str], str]) -> str:
    """Return a node's type as the terse string that schema/decode.ts checks values against."""
    if schema.get("type") == "array":
        return f"{kind_of(schema.get('items', {}), names)}[]"
    if schema.get("type") == "object":
        return f"{{{kind_of(schema['additionalProperties'], names)}}}"
    return type_of(schema, names).replace(" | ", "|").replace('"', "")


def rule_constants(rules: Iterable[type[ModelRule]]) -> list[str]:
    """Return the names of the rules, and how a page writes what each of them saw."""
    listed = list(rules)
    facts = {rule.name: {"unit": rule.unit, "evidence": rule.evidence} for rule in listed}
    return [
        constant("RULES", [rule.name for rule in listed]),
        "export type Rule = (typeof RULES)[number];\n",
        "/** The unit of what a rule saw and of its threshold, and what it counts as evidence. */",
        constant("RULE_FACTS", facts, 2),
    ]


def labels(components: Iterable[Component]) -> dict[str, str]:
    """Return the words for values of the sections, by code."""
    return {f"component.{one.name}": one.label for one in components} | LABELS


def catalogue(
    rules: Iterable[type[ModelRule]] = RULES.values(),
    components: Iterable[Component] = COMPONENTS,
) -> str:
    """Return the file of all sentences and labels, each in a call that translators' tools find."""
    texts = {code: text for rule in rules for code, text in rule.catalogue().items()}
    texts |= MESSAGES | labels(components)
    lines = [
        HEADER.format(sources="ipyvitals.schema.messages and ipyvitals.health.rules"),
        "/** Each sentence and label of the kernel in the language of `trans`, by code. */",
        "export const catalogueIn = (trans: {",
        "  __(text: string): string;",
        "}): Readonly<Record<string, string>> => ({",
        *(
            f"  {json.dumps(code)}: trans.__({json.dumps(text, ensure_ascii=False)}),"
            for code, text in texts.items()
        ),
        "});\n",
    ]
    return "\n".join(lines)


def python_module(
    rules: Iterable[type[ModelRule]] = RULES.values(),
    components: Iterable[Component] = COMPONENTS,
) -> str:
    """Return ipyvitals.schema.rules, for rooms that may not import ipyvitals.health."""
    units = "".join(f'    "{rule.name}": "{rule.unit}",\n' for rule in rules)
    names = "".join(f'    "{one.name}": "{one.label}",\n' for one in components)
    return f'''\
"""The unit of each rule and the label of each component of the machine.

Generated from ipyvitals.health.rules by scripts/generate_contract.py: edit that, not this.
"""

from __future__ import annotations

__all__ = ["COMPONENT_LABELS", "RULE_UNITS"]

RULE_UNITS: dict[str, str] = {{
{units}}}

COMPONENT_LABELS: dict[str, str] = {{
{names}}}
'''


def contract(
    rules: Iterable[type[ModelRule]] = RULES.values(),
    components: Iterable[Component] = COMPONENTS,
) -> str:
    """Return the whole file."""
    events: tuple[type, ...] = get_args(snapshot.Event)
    shapes = (snapshot.Snapshot, snapshot.Point, snapshot.ModelInfo, *events)
    _, schemas = msgspec.json.schema_components(shapes)
    names = literal_names()
    parts = [HEADER.format(sources="ipyvitals.schema and ipyvitals.health.rules")]
    for alias, plural in ALIASES.items():
        parts.append(constant(plural, get_args(getattr(snapshot, alias))))
        parts.append(f"export type {alias} = (typeof {plural})[number];\n")
    parts += rule_constants(rules)
    parts.append("/** Words for values of the sections, by code. */")
    parts.append(constant("LABELS", labels(components), 2))
    parts += [interface(name, schemas[name], names) for name in schemas]
    parts.append(f"export type Event = {' | '.join(event.__name__ for event in events)};\n")
    parts.append(constant("EVENT_TYPES", snapshot.EVENT_TYPES))
    parts.append('export type EventType = Event["type"];\n')
    kinds = {name: kinds_of(name, schema, names) for name, schema in schemas.items()}
    parts.append("/** The type of every field of the sections, for checks at run time. */")
    parts.append(constant("SECTION_KINDS", {name: kinds.pop(name) for name in SECTIONS}, 2))
    parts.append("/** Likewise of all else, apart, because the panel needs none of it. */")
    parts.append(constant("OTHER_KINDS", kinds, 2))
    defaults = {
        name: msgspec.to_builtins(getattr(snapshot, name)())
        for name, schema in schemas.items()
        if name.endswith("Section")
    }
    parts.append("/** The sections before anything is known. */")
    parts.append(constant("DEFAULTS", defaults, 2))
    return "\n".join(parts)


def wire_contract() -> str:
    """Return the whole file of what the server tells JupyterLab."""
    _, schemas = msgspec.json.schema_components((*WIRE, *get_args(snapshot.Event)))
    names = literal_names()
    own = {name: schema for name, schema in schemas.items() if not hasattr(snapshot, name)}
    body = [interface(name, schema, names) for name, schema in own.items()]
    text = "\n".join(body)
    used = sorted(name for name in (*schemas, "Event") if re.search(rf"\b{name}\b", text))
    imported = [name for name in used if name not in own]
    kinds = {name: kinds_of(name, schema, names) for name, schema in own.items()}
    return "\n".join(
        [
            HEADER.format(sources="ipyvitals.schema.protocol and ipyvitals.server.schema"),
            f'import type {{ {", ".join(imported)} }} from "./contract.gen";\n',
            *body,
            "/** The type of every field, for checks at run time; `?` where it may be absent. */",
            constant("WIRE_KINDS", kinds, 2),
        ]
    )


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether one is stale")
    wanted = {
        SOURCES / "contract.gen.ts": contract(),
        SOURCES / "wire.gen.ts": wire_contract(),
        SOURCES / "catalogue.gen.ts": catalogue(),
        PYTHON / "rules.py": python_module(),
    }
    if not parser.parse_args().check:
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [
        str(path.relative_to(ROOT))
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if not stale:
        return 0
    print(
        f"stale: {', '.join(stale)}. The structs in src/ipyvitals have changed: "
        "run python scripts/generate_contract.py and commit the result.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
