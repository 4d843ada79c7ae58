"""Values fall into bins: numbers between quantiles, categories by name, the rest as missing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.bins import CategoricalBins, NumericBins, fit_bins

NAN, INF = float("nan"), float("inf")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["a", "b", "1", ""]),
    st.sampled_from([0.5, NAN, INF]),
)


class Hostile:
    """Raises when hashed or compared."""

    def __eq__(self, other):
        raise RuntimeError("do not compare me")

    def __hash__(self):
        raise RuntimeError("do not hash me")

    def __float__(self):
        raise RuntimeError("do not convert me")


JUNK = [None, NAN, np.float32("nan"), pd.NA, pd.NaT, [1], {}, np.array([1, 2]), Hostile()]


def counts_of(bins, values):
    return np.bincount(bins.index(values), minlength=bins.size).tolist()


@given(
    numbers=st.lists(st.floats(allow_nan=False) | st.integers(-5, 5), min_size=1, max_size=300),
)
def test_no_interval_of_the_reference_is_empty(numbers):
    bins = NumericBins.fit(np.array(numbers, dtype=float))
    *intervals, missing = counts_of(bins, np.array(numbers, dtype=float))
    assert 1 <= len(intervals) <= 10
    assert min(intervals) > 0
    assert missing == 0
    assert (np.diff(bins.edges) > 0).all()


def test_different_numbers_are_shared_out_evenly():
    numbers = np.random.default_rng(0).normal(size=1_000)
    assert counts_of(fit_bins(numbers), numbers) == [100] * 10 + [0]


@pytest.mark.parametrize(("rows", "intervals"), [(30, 3), (59, 5), (100, 10), (5_000, 10)])
def test_each_interval_rests_on_ten_rows_or_more(rows, intervals):
    numbers = np.random.default_rng(0).permutation(rows) / 7
    *counts, _ = counts_of(fit_bins(numbers), numbers)
    assert len(counts) == intervals
    assert min(counts) >= 10


def test_many_zeros_have_an_interval_of_their_own():
    numbers = np.concatenate([np.zeros(600), np.random.default_rng(0).random(400) + 1])
    assert counts_of(fit_bins(numbers), numbers)[0] == 600


def test_what_lies_outside_the_reference_falls_into_the_outer_intervals():
    bins = fit_bins(np.arange(100.0))
    assert bins.index([-1e300, -INF, INF, 10**400, 99.5]).tolist() == [0, 0, 9, 10, 9]
    assert bins.index(np.array([-INF, 9.0, 9.1, INF])).tolist() == [0, 0, 1, 9]


@pytest.mark.parametrize(
    "junk", [*JUNK, "9", b"9", 1j, np.complex128(1), date(2026, 1, 1), np.timedelta64(1, "s")]
)
def test_what_is_no_number_is_missing_among_numbers(junk):
    bins = fit_bins(np.arange(100.0))
    assert bins.index([5.0, junk, 95]).tolist() == [0, bins.missing, 9]


@pytest.mark.parametrize(
    "number",
    [95, 95.0, np.int8(95), np.float32(95), np.array(95), Decimal(95), Fraction(95), np.uint64(95)],
)
def test_numbers_of_any_type_fall_into_one_interval(number):
    assert fit_bins(np.arange(100.0)).index([number]).tolist() == [9]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", "i8"])
def test_arrays_of_any_number_type_fall_where_lists_do(dtype):
    bins = fit_bins(np.arange(100.0))
    values = np.array([0, 7, 55, 99], dtype=dtype)
    assert bins.index(values).tolist() == [0, 0, 5, 9]
    assert bins.index(values.tolist()).tolist() == [0, 0, 5, 9]


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        (np.arange(21), "numeric"),
        (np.arange(20), "categorical"),
        (list(range(21)), "numeric"),
        ([0.5, 1.5] * 50, "categorical"),
        ([*np.arange(60) / 7, "n/a", None, NAN], "numeric"),
        (np.array([*range(60), "n/a"], dtype=object), "numeric"),
        ([*map(str, range(60)), 1, 2], "categorical"),
        (np.array(list("abc") * 20), "categorical"),
        ([True, False] * 20, "categorical"),
        (np.array([True, False] * 20), "categorical"),
        ([date(2026, 1, day) for day in range(1, 29)], "categorical"),
        (np.arange(30).astype("datetime64[D]"), "categorical"),
        (np.arange(30).astype("timedelta64[s]"), "categorical"),
        ([np.timedelta64(second, "s") for second in range(30)], "categorical"),
        ([np.float32(number) for number in range(30)], "numeric"),
        ([[1]] * 40, "categorical"),
        ([None] * 40, "categorical"),
        ([], "categorical"),
        (np.full(40, NAN), "categorical"),
        (np.array([1j] * 40), "categorical"),
    ],
)
def test_the_reference_decides_the_kind(reference, kind):
    bins = fit_bins(reference)
    assert bins.kind == kind
    assert sum(counts_of(bins, reference)) == len(reference)


def test_the_twenty_most_frequent_values_have_bins_and_all_others_one():
    reference = [str(value) for value in range(30) for _ in range(10 + value)]
    bins = fit_bins(reference)
    assert bins.size == 22
    assert bins.index(["29", "10", "9", "new"]).tolist() == [0, 19, bins.other, bins.other]


def test_a_category_of_fewer_than_ten_rows_is_one_of_the_others():
    bins = fit_bins(["a"] * 90 + ["b"] * 10 + ["c"] * 9)
    assert bins.index(["a", "b", "c"]).tolist() == [0, 1, bins.other]


@pytest.mark.parametrize("junk", JUNK)
def test_what_cannot_be_looked_up_is_missing_among_categories(junk):
    reference = ["a"] * 20 + ["b"] * 10 + [junk] * 15
    bins = fit_bins(reference)
    assert counts_of(bins, reference) == [20, 10, 0, 15]
    assert bins.index(["b", junk, "c"]).tolist() == [1, bins.missing, bins.other]


@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.float32, object])
def test_numbers_as_categories_are_found_in_arrays_of_any_type(dtype):
    bins = fit_bins([3, 3, 1, 2.0, "x"] * 10)
    assert bins.index([3, 1.0, 2, "x", 5, None]).tolist() == [0, 1, 2, 3, 4, 5]
    assert bins.index(np.array([3, 1, 2, 5, 0, 9], dtype=dtype)).tolist() == [0, 1, 2, 4, 4, 4]


def test_nan_in_an_array_of_categories_is_missing():
    bins = fit_bins(np.array([0.0, 1.0] * 20))
    assert bins.index(np.array([1.0, NAN])).tolist() == [1, bins.missing]


def test_a_bool_is_found_as_bool_and_as_number():
    bins = fit_bins(np.array([True] * 30 + [False] * 20))
    assert bins.index([False, True, 0, 1.0, np.True_, 2]).tolist() == [1, 0, 1, 0, 0, 2]
    assert bins.index(np.array([True, False])).tolist() == [0, 1]


@given(
    reference=st.lists(SCALARS, max_size=60),
    values=st.lists(SCALARS, max_size=20),
    most=st.sampled_from(["a", 1, True, 0.5, None]),
)
def test_categories_are_those_of_a_dict(reference, values, most):
    bins = CategoricalBins.fit([*reference, *[most] * 12])
    frequent = {
        value
        for value in [*reference, most]
        if value is not None
        and value == value  # noqa: PLR0124
        and ([*reference, *[most] * 12].count(value)) >= 10
    }
    for value, index in zip(values, bins.index(values).tolist(), strict=True):
        if value is None or value != value:  # noqa: PLR0124
            assert index == bins.missing
        else:
            assert (index < bins.other) == (value in frequent)
    assert len(set(bins.index(list(frequent)).tolist())) == len(frequent)


@given(
    reference=st.lists(st.sampled_from(["a", "b", "ab", "", "ü"]), min_size=30, max_size=60),
    values=st.lists(st.text("abü1", max_size=3), max_size=20),
)
def test_texts_in_an_array_fall_where_those_in_a_list_do(reference, values):
    bins = fit_bins(reference)
    values += reference
    assert bins.index(np.array(values)).tolist() == bins.index(values).tolist()


def test_texts_and_numbers_are_never_mistaken_for_each_other():
    texts, numbers = fit_bins(["1", "2"] * 20), fit_bins([1, 2] * 20)
    assert texts.index(np.array([1, 2])).tolist() == [texts.other] * 2
    assert numbers.index(np.array(["1", "2"])).tolist() == [numbers.other] * 2


@pytest.mark.parametrize("reference", [np.arange(100.0), ["a", "b"] * 20, [None] * 40])
@pytest.mark.parametrize("nothing", [[], np.array([]), np.array([], dtype=str)])
def test_no_values_have_no_bins(reference, nothing):
    assert fit_bins(reference).index(nothing).tolist() == []
