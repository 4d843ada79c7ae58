"""Objects of the user become plain values that are equal where the objects are."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ipyvitals.ingest.plain_values import Opaque, PlainValues


class Key:
    """A value of a user that equals others with its text."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return isinstance(other, Key) and self.text == other.text

    def __hash__(self):
        return hash(self.text)

    def __str__(self):
        return self.text


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Name(str):
    __slots__ = ()

    def __hash__(self):
        raise SystemExit


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5, "a", None, True, b"x"],
        [("a", 1), ("b", (2, frozenset([3])))],
        [np.float32(1.0), np.str_("a"), pd.Timestamp("2026-01-01"), Decimal(2)],
        [dt.date(2026, 1, 1), pd.NA],
    ],
)
def test_values_of_known_types_stay_the_objects_that_they_are(values):
    plain = PlainValues()
    for found in (plain.rows(values), plain.segments(values)):
        assert all(one is value for one, value in zip(found, values, strict=True))


def test_an_array_of_numbers_stays_as_it_is():
    array = np.arange(3)
    assert PlainValues().rows(array) is array


def test_equal_objects_are_one_value_with_their_text_and_others_are_not():
    first, second, other, again = PlainValues().rows([Key("a"), Key("a"), Key("b"), Key("a")])
    assert first is second is again
    assert first != other
    assert type(first) is Opaque
    assert (str(first), str(other)) == ("a", "b")


def test_tuples_with_objects_compare_as_before():
    first, second, other = PlainValues().segments([(1, Key("a")), (1, Key("a")), (2, Key("a"))])
    assert first is second
    assert first != other


def test_subclasses_of_numbers_and_strings_are_their_value():
    assert PlainValues().rows([Level.HIGH, Name("a")]) == [3, "a"]
    assert [type(one) for one in PlainValues().rows([Level.HIGH, Name("a")])] == [int, str]
    (red,) = PlainValues().segments([Colour.RED])
    assert str(red) == "Colour.RED"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, ValueError])
def test_what_raises_is_missing(error):
    import threading

    class Raises:
        def __hash__(self):
            raise error

    found = []
    thread = threading.Thread(target=lambda: found.extend(PlainValues().rows([Raises(), 1])))
    thread.start()
    thread.join()
    assert found == [None, 1]
