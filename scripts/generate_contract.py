"""Write the structs and sentences that cross to the browser as TypeScript: js/src/schema/*.gen.ts.

    python scripts/generate_contract.py           # write the files
    python scripts/generate_contract.py --check   # exit 1 when one is stale

`contract.gen.ts` is ipyvitals.schema; `wire.gen.ts` has the messages of the Jupyter server to
JupyterLab, from ipyvitals.schema.protocol and ipyvitals.server.schema. What follows from the rules
of ipyvitals.health and the sentences of ipyvitals.schema.messages is in `rule_files.py`.

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
import msgspec.inspect

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "scripts")]

from rule_files import catalogue, python_module, rules_typescript  # noqa: E402

from ipyvitals import schema as snapshot  # noqa: E402
from ipyvitals.schema.metrics import metrics_of  # noqa: E402
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
    "RunEnd": "RUN_ENDS",
    "AlertKind": "ALERT_KINDS",
    "Goal": "GOALS",
}
"""Sets of strings that `snapshot` names, and the constants that list them in TypeScript."""


WIRE = (
    messages.StateMessage,
    messages.UpdateMessage,
    messages.KernelMessage,
    messages.MissedMessage,
    messages.ActionAnswer,
    messages.ErrorAnswer,
)
"""Messages of the server to JupyterLab; events have the same shape as in `snapshot`."""


def structs_in(*shapes: type) -> dict[str, type]:
    """Return every struct that `shapes` are made of, themselves included, by name."""
    found: dict[str, type] = {}

    def walk(node: Any) -> None:
        if isinstance(node, msgspec.inspect.StructType):
            if found.setdefault(node.cls.__name__, node.cls) is not node.cls:
                raise TypeError(f"two structs are named {node.cls.__name__!r}")
            for field in node.fields:
                walk(field.type)
        inner = [getattr(node, name, None) for name in ("type", "item_type", "value_type")]
        for part in (*inner, *getattr(node, "types", ())):
            if part is not None:
                walk(part)

    for shape in shapes:
        walk(msgspec.inspect.type_info(shape))
    return found


def field_comments(shape: type) -> dict[str, str]:
    """Return the string below each field of `shape` and its bases, on one line."""
    comments: dict[str, str] = {}
    for base in reversed(shape.__mro__):
        try:
            source = textwrap.dedent(inspect.getsource(base))
        except (OSError, TypeError):
            # A struct that is not written as a class has no comments of its own.
            continue
        tree = ast.parse(source)
        body = next((node.body for node in tree.body if isinstance(node, ast.ClassDef)), [])
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
            item = type_of(schema.get("items", {}), names)
            return f"readonly ({item})[]" if " | " in item else f"readonly {item}[]"
        case "object":
            return f"Readonly<Record<string, {type_of(schema['additionalProperties'], names)}>>"
        case None:
            return "unknown"
    raise TypeError(f"no TypeScript type is known for the JSON Schema {schema!r}.")


def may_be_absent(shape: type) -> set[str]:
    """Return the fields that are left out of JSON while they are unset."""
    fields = msgspec.structs.fields(shape)
    return {field.encode_name for field in fields if field.default is msgspec.UNSET}


def kinds_of(shape: type, schema: Schema, names: dict[frozenset[str], str]) -> dict[str, str]:
    """Return the type of each field, as schema/decode.ts checks it; `?` if it may be absent."""
    absent = may_be_absent(shape)
    return {
        field: f"={node['enum'][0]}"
        if field == "type"
        else f"{kind_of(node, names)}{'?' if field in absent else ''}"
        for field, node in schema["properties"].items()
    }


def interface(shape: type, schema: Schema, names: dict[frozenset[str], str]) -> str:
    """Return one `export interface`; only fields that may be unset are ever absent."""
    comments = field_comments(shape)
    absent = may_be_absent(shape)
    summary = str(inspect.getdoc(shape)).splitlines()[0]
    lines = [f"/** {summary.replace('``', '`')} */"]
    lines.append(f"export interface {shape.__name__} {{")
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


def typed_constant(name: str, kind: str, values: Iterable[str]) -> str:
    """Return an exported list, and the type of its items."""
    return f"{constant(name, list(values))}export type {kind} = (typeof {name})[number];\n"


def sections_of(shape: type[msgspec.Struct]) -> tuple[dict[str, type], dict[str, type]]:
    """Return the sections of the panel that are one struct, and those that are a list of them."""
    one, many = {}, {}
    fields = {field.name: field.type for field in msgspec.inspect.type_info(shape).fields}  # type: ignore[attr-defined]
    for name in snapshot.panel_sections(shape):
        match fields[name]:
            case msgspec.inspect.StructType(cls=cls):
                one[name] = cls
            case msgspec.inspect.ListType(item_type=msgspec.inspect.StructType(cls=cls)):
                many[name] = cls
            case other:
                raise TypeError(f"no trait is known for the section {name!r} of {other!r}")
    return one, many


def section_parts(shape: type[msgspec.Struct], point: type[msgspec.Struct]) -> list[str]:
    """Return the lists of sections, traits and metrics."""
    one, many = sections_of(shape)
    names = {name: cls.__name__ for name, cls in one.items()}
    types = "".join(f"  readonly {name}: {name};\n" for name in names.values())
    shown = structs_in(*one.values(), *many.values())
    charted = [field for field in point.__struct_fields__ if field != "at"]
    of_models = metrics_of(many["models"])
    envelope = [name for name in snapshot.PANEL_TRAITS if name not in snapshot.PANEL_SECTIONS]
    place = envelope.index("interval") + 1
    traits = [*envelope[:place], *snapshot.panel_sections(shape), *envelope[place:]]
    return [
        "/** The sections of the panel that are one struct, with its name. */",
        constant("STRUCT_SECTIONS", names),
        f"export interface SectionTypes {{\n{types}}}\n",
        "/** The sections of the panel that are lists, with the struct of their items. */",
        constant("LIST_SECTIONS", {name: cls.__name__ for name, cls in many.items()}),
        "/** The traits of the panel's widget. */",
        typed_constant("TRAITS", "Trait", traits),
        "/** The metrics that the live charts draw. */",
        typed_constant("CHARTED_METRICS", "ChartedMetric", charted),
        "/** Those of them that every model has. */",
        constant("MODEL_CHARTED_METRICS", [name for name in charted if name in of_models]),
        "/** What each metric measures, by the struct and the field that hold it. */",
        metrics_table(cls for cls in shown.values() if metrics_of(cls)),
    ]


def metrics_table(shapes: Iterable[type]) -> str:
    """Return the table of label, unit and chart, a line for each metric."""
    lines = ["export const METRICS = {"]
    for shape in shapes:
        lines.append(f"  {shape.__name__}: {{")
        for field, each in metrics_of(shape).items():
            row = {"label": each.label, "unit": each.unit, "charted": each.chart}
            lines.append(f"    {field}: {json.dumps(row, ensure_ascii=False)},")
        lines.append("  },")
    return "\n".join([*lines, "} as const;\n"])


def contract(
    shape: type[msgspec.Struct] = snapshot.Snapshot, point: type[msgspec.Struct] = snapshot.Point
) -> str:
    """Return the whole file, of a snapshot and a point of its charts."""
    events: tuple[type, ...] = get_args(snapshot.Event)
    sent: tuple[type, ...] = (shape, point, snapshot.CurveChunk, *events)
    structs = structs_in(*sent)
    _, schemas = msgspec.json.schema_components(sent)
    names = literal_names()
    parts = [HEADER.format(sources="src/ipyvitals/schema/")]
    parts.append('import { RULES, type Rule } from "./rules.gen";\n')
    parts.append('export * from "./rules.gen";\n')
    for alias, plural in ALIASES.items():
        parts.append(constant(plural, get_args(getattr(snapshot, alias))))
        parts.append(f"export type {alias} = (typeof {plural})[number];\n")
    lists = {**ALIASES, "Rule": "RULES"}
    sets = "".join(f"  {alias}: {plural},\n" for alias, plural in lists.items())
    parts.append("/** The sets of strings above, by the name of their type. */")
    parts.append(f"export const STRING_SETS = {{\n{sets}}} as const;\n")
    parts += [interface(structs[name], schemas[name], names) for name in schemas]
    parts.append(f"export type Event = {' | '.join(event.__name__ for event in events)};\n")
    parts.append(constant("EVENT_TYPES", snapshot.EVENT_TYPES))
    parts.append('export type EventType = Event["type"];\n')
    parts += section_parts(shape, point)
    kinds = {name: kinds_of(structs[name], schema, names) for name, schema in schemas.items()}
    one, many = sections_of(shape)
    shown = structs_in(*one.values(), *many.values(), snapshot.CurveChunk)
    parts.append("/** The type of every field of the sections, for checks at run time. */")
    parts.append(constant("SECTION_KINDS", {name: kinds.pop(name) for name in shown}, 2))
    parts.append("/** Likewise of all else, apart, because the panel needs none of it. */")
    parts.append(constant("OTHER_KINDS", kinds, 2))
    defaults = {cls.__name__: msgspec.to_builtins(cls()) for cls in one.values()}
    defaults["RunInfo"] = msgspec.to_builtins(snapshot.RunInfo(run_id=""))
    defaults["WorkerInfo"] = msgspec.to_builtins(snapshot.WorkerInfo(worker="", name=""))
    parts.append("/** The sections before anything is known. */")
    parts.append(constant("DEFAULTS", defaults, 2))
    return "\n".join(parts)


def wire_contract() -> str:
    """Return the whole file of the server's messages to JupyterLab."""
    structs = structs_in(*WIRE, *get_args(snapshot.Event))
    _, schemas = msgspec.json.schema_components((*WIRE, *get_args(snapshot.Event)))
    names = literal_names()
    own = {name: schema for name, schema in schemas.items() if not hasattr(snapshot, name)}
    body = [interface(structs[name], schema, names) for name, schema in own.items()]
    text = "\n".join(body)
    used = sorted(name for name in (*schemas, "Event") if re.search(rf"\b{name}\b", text))
    imported = [name for name in used if name not in own]
    kinds = {name: kinds_of(structs[name], schema, names) for name, schema in own.items()}
    return "\n".join(
        [
            HEADER.format(
                sources="src/ipyvitals/schema/protocol.py and src/ipyvitals/server/schema.py"
            ),
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
        SOURCES / "rules.gen.ts": rules_typescript(),
        SOURCES / "catalogue.gen.ts": catalogue(),
        PYTHON / "generated.py": python_module(),
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
