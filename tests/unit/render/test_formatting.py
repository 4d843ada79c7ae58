"""Numbers as people read them: Python gives the texts that the page gives."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipyvitals.render import formatting
from ipyvitals.schema import ModelSection, format_uptime

CASES: dict[str, list[list[Any]]] = json.loads(
    (Path(__file__).parents[2] / "contract" / "formats.json").read_text(encoding="utf-8")
)
OTHER_NAMES = {"bytes": formatting.bytes_text, "duration": format_uptime}
ALWAYS_FINITE = {"bytes_of", "capacity", "cores", "cores_used", "duration", "elapsed"}
ALWAYS_FINITE |= {"evidence", "ratio_plain", "roughly"}


def written(kind: str, *values: Any) -> str:
    if kind == "evidence":
        rule, value, limit = values
        return formatting.evidence(
            ModelSection(reason_rule=rule, reason_value=value, reason_threshold=limit)
        )
    text: str = (OTHER_NAMES.get(kind) or getattr(formatting, kind))(*values)
    return text


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [(kind, values, text) for kind, cases in CASES.items() for *values, text in cases],
)
def test_the_text_is_that_of_the_contract(kind, values, text):
    assert written(kind, *values) == text


@pytest.mark.parametrize("kind", sorted(set(CASES) - ALWAYS_FINITE))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_unknown(kind, value):
    assert written(kind, value) == "–"


def test_an_integer_and_a_scalar_of_numpy_read_as_the_same_float():
    assert formatting.count(2_410_733) == formatting.count(np.int64(2_410_733)) == "2,410,733"
    assert formatting.metric(np.float32(0.5)) == formatting.metric(0.5) == "0.5"


def test_moments_read_the_same_everywhere():
    assert formatting.moment(0.0) == "1 Jan 1970, 00:00:00 UTC"
    assert formatting.moment(86_399.9, seconds=False) == "1 Jan 1970, 23:59 UTC"
    assert formatting.moment(None) == "–"
    assert formatting.moment(1e300) == "–"


def test_what_the_statuses_are_called():
    assert [formatting.status_word(one) for one in ("active", "degraded", "unknown")] == [
        "Live",
        "Degraded",
        "–",
    ]
