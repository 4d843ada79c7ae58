"""Features in all accepted forms become columns by name."""

from __future__ import annotations

from collections import OrderedDict
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from ipyvitals.drift.features import as_columns, as_row, columns_of
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError


class Table:
    """Table like Arrow's, whose columns have no names."""

    column_names = ("age", "city")
    columns = (object(), object())

    def __getitem__(self, name):
        return {"age": np.array([31, 47]), "city": ["Bern", None]}[name]


def plain(columns):
    return {name: list(column) for name, column in columns.items()}


EXPECTED = {"age": [31, 47], "city": ["Bern", None]}


@pytest.mark.parametrize(
    "features",
    [
        {"age": [31, 47], "city": ("Bern", None)},
        {"age": np.array([31, 47]), "city": np.array(["Bern", None], dtype=object)},
        {"age": pd.Series([31, 47], index=[5, 6]), "city": iter(["Bern", None])},
        MappingProxyType(EXPECTED),
        pd.DataFrame(EXPECTED, dtype=object, index=[7, 7]),
        Table(),
        [{"age": 31, "city": "Bern"}, {"age": 47}],
        ({"age": 31, "city": "Bern"}, {"age": 47, "city": None}),
    ],
)
def test_named_columns_keep_their_names(features):
    assert plain(as_columns(features, 2)) == EXPECTED


@pytest.mark.parametrize(
    "features", [np.array([[31, 1], [47, 0]]), [[31, 1], [47, 0]], [(31, 1), np.array([47, 0])]]
)
def test_columns_without_names_are_numbered(features):
    assert plain(as_columns(features, 2)) == {"0": [31, 47], "1": [1, 0]}


def test_names_become_text():
    assert list(as_columns({1: [0], "": [0], ("a", "b"): [0]}, 1)) == ["1", "unnamed", "('a', 'b')"]
    assert list(as_columns(pd.DataFrame([[1, 2]]), 1)) == ["0", "1"]
    assert columns_of([{1: 0, "": 0}]) == {"1": [0], "unnamed": [0]}


def test_what_the_user_does_to_the_arrays_later_changes_no_column():
    array, column, values = np.zeros((2, 1)), np.zeros(2), [0, 0]
    copies = [as_columns(array, 2), as_columns({"a": column}, 2), as_columns({"a": values}, 2)]
    row = {"a": 0}
    row_copy = as_row(row)
    array[:], column[:], values[:], row["a"] = 9, 9, [9, 9], 9
    assert [list(columns.popitem()[1]) for columns in copies] == [[0, 0]] * 3
    assert row_copy == {"a": 0}


@pytest.mark.parametrize(
    "features", [{"age": [31]}, pd.DataFrame({"age": [31]}), np.array([[31]]), [[31]], [{"age": 3}]]
)
def test_a_wrong_length_is_refused_with_both_lengths(features):
    with pytest.raises(ArgumentValueError, match=r"expected 2 rows.*got 1; hand in"):
        as_columns(features, 2)


@pytest.mark.parametrize(
    ("features", "kind", "words"),
    [
        (np.array([1, 2]), ArgumentValueError, r"shape \(2,\); .*reshape"),
        (np.zeros((2, 2, 2)), ArgumentValueError, r"expected .* shape \(2, k\)"),
        ({"age": 31}, ArgumentTypeError, r"features\['age'\]: expected an array"),
        ({"age": np.zeros((2, 2))}, ArgumentValueError, r"features\['age'\]: .*\(2, 2\)"),
        ({1: [0, 0], "1": [0, 0]}, ArgumentValueError, "several; rename them"),
        (pd.DataFrame([[1, 2]] * 2, columns=["a", "a"]), ArgumentValueError, r"rename|\(2, 2\)"),
        (np.zeros((2, 1_001)), ArgumentValueError, "at most 1,000 columns, got 1,001"),
        ({str(name): [0, 0] for name in range(1_001)}, ArgumentValueError, "worth watching"),
        ("ab", ArgumentTypeError, "got str; convert it"),
        (7, ArgumentTypeError, "expected a DataFrame, a mapping .* got int"),
        ([1, 2], ArgumentTypeError, "expected a mapping of names .* got int"),
        ({1, 2}, ArgumentTypeError, "got set"),
    ],
)
def test_what_is_no_table_is_refused_with_words_that_help(features, kind, words):
    with pytest.raises(kind, match=words):
        as_columns(features, 2)


@pytest.mark.parametrize(
    ("features", "row"),
    [
        ({"age": 31, "city": None}, {"age": 31, "city": None}),
        (OrderedDict(age=31), {"age": 31}),
        (MappingProxyType({"age": 31}), {"age": 31}),
        (pd.Series({"age": 31, "city": "Bern"}), {"age": 31, "city": "Bern"}),
        ([31, "Bern"], {"0": 31, "1": "Bern"}),
        ((31,), {"0": 31}),
        (np.array([0.5, 1.5]), {"0": 0.5, "1": 1.5}),
        ({}, {}),
    ],
)
def test_a_row_is_named_or_numbered(features, row):
    assert as_row(features) == row


@pytest.mark.parametrize(
    ("features", "kind", "words"),
    [
        (np.zeros((1, 3)), ArgumentValueError, r"got shape \(1, 3\); use .ravel\(\)"),
        (pd.DataFrame({"a": [1]}), ArgumentValueError, r"record_batch\(\)"),
        ([0] * 1_001, ArgumentValueError, "at most 1,000"),
        (np.zeros(1_001), ArgumentValueError, "at most 1,000"),
        ("age", ArgumentTypeError, "got str"),
        (31, ArgumentTypeError, "expected a mapping of names to values, a sequence, or an array"),
        (None, ArgumentTypeError, "got NoneType"),
    ],
)
def test_what_is_no_row_is_refused_with_words_that_help(features, kind, words):
    with pytest.raises(kind, match=words):
        as_row(features)


def test_rows_become_columns_with_gaps():
    rows = [None, {"age": 31}, {"city": "Bern", "age": 47}, {}, None]
    assert columns_of(rows) == {
        "age": [None, 31, 47, None, None],
        "city": [None, None, "Bern", None, None],
    }
    assert columns_of([]) == columns_of([None, None]) == {}


def test_a_thousand_names_are_taken_of_rows_that_each_have_another():
    columns = columns_of([{str(name): 0} for name in range(3_000)])
    assert len(columns) == 1_000
    assert all(len(column) == 3_000 for column in columns.values())
