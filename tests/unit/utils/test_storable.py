"""The forms in which values are stored, as docs/history.md gives them."""

from __future__ import annotations

import math
from datetime import date
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.utils.storable import (
    encode,
    storable,
    storable_key,
    storable_text,
    storable_value,
    text_of,
)


class Country(StrEnum):
    ITALY = "IT"


class Mute:
    def __repr__(self):
        raise SystemExit


class Shy:
    ndim = 0

    def item(self):
        raise RuntimeError("no number")


FORMS = [
    *((None, None), (1, 1), (0.5, 0.5), ("EU", "EU"), (b"EU", b"EU"), (math.inf, math.inf)),
    *((True, 1), (np.bool_(False), 0), (np.int64(7), 7), (np.float32(0.5), 0.5)),
    *((np.array(3), 3), (math.nan, None), (np.float32("nan"), None)),
    *(((1 << 63) - 1, (1 << 63) - 1), (1 << 63, str(1 << 63)), (-(1 << 63), -(1 << 63))),
    *(("é" * 2_000, "é" * 1_000), (b"x" * 2_000, b"x" * 1_000), ("\udc81", "\\udc81")),
    *((10**999, "1" + "0" * 999), (10**9_999, hex(10**9_999)[:1_000])),
    *((Country.ITALY, "IT"), (("EU", 3), "('EU', 3)"), (("\udc81",), "('\\udc81',)")),
    *((date(2026, 5, 1), "datetime.date(2026, 5, 1)"), (Mute(), "<Mute>"), (Shy(), "<Shy>")),
    *((Path("/a"), repr(Path("/a"))), (np.arange(3), "array([0, 1, 2])"), ([1] * 999, None)),
]  # fmt: skip


@pytest.mark.parametrize(("value", "form"), FORMS, ids=lambda value: text_of(value)[:20])
def test_values_have_a_form_that_sqlite_holds(value, form):
    found = storable_value(value)

    assert found == (repr(value)[:1_000] if isinstance(value, list) else form)
    assert type(found) in (int, float, str, bytes, type(None))


@given(st.text(st.characters(), max_size=3_000))
def test_a_text_can_be_encoded_and_is_cut(text):
    for found in (storable_text(text), storable_key(text), text_of(text)):
        assert len(found) <= 1_000
        assert found.encode().decode() == found
    if text.isprintable() and len(text) <= 1_000:
        assert storable_text(text) == storable_key(text) == text


def test_names_that_differ_beyond_the_cut_stay_different():
    one, other = (storable_key("x" * 1_500 + end) for end in "ab")

    assert one != other
    assert len(one) == len(other) == 1_000
    assert storable_key(one) == one


@pytest.mark.parametrize("coder", [msgspec.json, msgspec.msgpack], ids=["JSON", "MessagePack"])
def test_what_cannot_be_encoded_becomes_storable(coder):
    value = {"a": ["\udc81", 1 << 200, Mute(), {"\udc81": math.nan}], "plain": [True, 0.5]}

    found = coder.decode(encode(coder.encode, value))

    assert found == {
        "a": ["\\udc81", str(1 << 200), "<Mute>", {"\\udc81": None}],
        "plain": [True, 0.5],
    }


def test_plain_values_are_encoded_as_they_are():
    value = {"long": "x" * 5_000, "nan": math.nan}

    assert encode(msgspec.msgpack.encode, value) == msgspec.msgpack.encode(value)
    assert len(storable(value)["long"]) == 1_000
