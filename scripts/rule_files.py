"""Texts of the files that follow from the rules, the components and the sentences of the package.

`generate_contract.py` writes the files: js/src/schema/rules.gen.ts and catalogue.gen.ts for the
page, and src/ipyvitals/schema/generated.py for the rooms that know no more than the contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ipyvitals.health import COMPONENTS, RULES, Component, ModelRule
from ipyvitals.schema.messages import LABELS, MESSAGES

HEADER = "// Generated from {} by scripts/generate_contract.py: edit that, not this.\n"


def rules_typescript(
    rules: Iterable[type[ModelRule]] = RULES.values(),
    components: Iterable[Component] = COMPONENTS,
) -> str:
    """Return the names of the rules, how a page writes what they saw, and the labels of values."""
    facts = {rule.name: {"unit": rule.unit, "evidence": rule.evidence} for rule in rules}
    return "\n".join(
        [
            HEADER.format("ipyvitals.health.rules and ipyvitals.schema.messages"),
            f"export const RULES = {json.dumps(list(facts))} as const;\n",
            "export type Rule = (typeof RULES)[number];\n",
            "/** The unit of a rule's value and threshold, and what it counts as evidence. */",
            f"export const RULE_FACTS = {json.dumps(facts, indent=2)} as const;\n",
            "/** The words for values of the sections, by code. */",
            f"export const LABELS = {json.dumps(labels(components), indent=2)} as const;\n",
        ]
    )


def labels(components: Iterable[Component] = COMPONENTS) -> dict[str, str]:
    """Return the words for values of the sections, by code."""
    return {f"component.{one.name}": one.label for one in components} | LABELS


def catalogue(
    rules: Iterable[type[ModelRule]] = RULES.values(),
    components: Iterable[Component] = COMPONENTS,
) -> str:
    """Return every sentence and label, each in a call that the tools of translators find."""
    texts = {code: text for rule in rules for code, text in rule.catalogue().items()}
    texts |= MESSAGES | labels(components)
    lines = [
        f"  {json.dumps(code)}: trans.__({json.dumps(text, ensure_ascii=False)}),"
        for code, text in texts.items()
    ]
    return "\n".join(
        [
            HEADER.format("ipyvitals.schema.messages and ipyvitals.health.rules"),
            "/** Returns each sentence and label of the kernel in the language of `trans`. */",
            "export const catalogueIn = (trans: {",
            "  __(text: string): string;",
            "}): Readonly<Record<string, string>> => ({",
            *lines,
            "});\n",
        ]
    )


def python_module(
    rules: Iterable[type[ModelRule]] = RULES.values(),
    components: Iterable[Component] = COMPONENTS,
) -> str:
    """Return ipyvitals.schema.generated, for the rooms that may not import ipyvitals.health."""
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
