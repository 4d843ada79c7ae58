"""Values fall into bins: numbers between quantiles, categories by name, the rest as missing."""

from __future__ import annotations

from datetime import date, time, timedelta
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
    numbers=st.lists(st.floats(allow_nan=False) | st.integers(-5, 5), max_size=300),
    rows=st.integers(1, 1_000),
)
def test_the_edges_of_any_numbers_ascend_and_each_number_has_a_bin(numbers, rows):
    bins = NumericBins.fit(np.array(numbers, dtype=float), rows)
    assert (np.diff(bins.edges) > 0).all()
    assert np.isfinite(bins.edges).all()
    assert bins.size <= 33
    assert counts_of(bins, np.array(numbers, dtype=float))[bins.missing] == 0


def test_different_numbers_are_shared_out_evenly():
    numbers = np.random.default_rng(0).normal(size=1_000)
    assert counts_of(fit_bins(numbers), numbers) == [0, *[100] * 10, 0, 0]


@pytest.mark.parametrize(("rows", "intervals"), [(4, 2), (20, 4), (49, 9), (50, 10), (5_000, 10)])
def test_five_rows_are_expected_in_each_interval(rows, intervals):
    numbers = np.random.default_rng(0).permutation(1_000) / 7
    below, *counts, above, missing = counts_of(fit_bins(numbers, rows), numbers)
    assert len(counts) == intervals
    assert min(counts) >= 1_000 // intervals - 1
    assert below == above == missing == 0


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("value", [0.0, 0.1, -999.0, 1e300, 2.0**60])
def test_a_value_with_a_large_share_has_a_bin_of_its_own(share, value):
    numbers = np.random.default_rng(0).random(1_000) + 1
    numbers[: int(1_000 * share)] = value
    bins = fit_bins(numbers)
    (own,) = set(bins.index([value]).tolist())
    assert counts_of(bins, numbers)[own] == 1_000 * share
    near = value + np.array([-1e-5, 1e-5]) * max(abs(value), 1e-3)
    assert own not in bins.index(near)


def test_many_large_values_have_ten_bins():
    numbers = np.repeat(np.arange(25.0), 40)
    bins = NumericBins.fit(np.concatenate([numbers, np.repeat(np.arange(15.0), 20)]), 1_000)
    assert bins.size <= 33


def test_what_lies_outside_the_reference_falls_into_bins_of_its_own():
    bins = fit_bins(np.arange(100.0))
    assert bins.index([-1e300, -INF, INF, 10**400, 99.5]).tolist() == [0, 0, 11, 12, 11]
    assert bins.index(np.array([-INF, 0.0, 9.0, 9.6, 99.0, INF])).tolist() == [0, 1, 1, 2, 10, 11]


def test_few_rows_have_no_bins_outside_of_them():
    bins = fit_bins(np.arange(10.0))
    assert bins.index([-5, 0, 9, 14]).tolist() == [0, 0, 1, 1]


def test_infinite_numbers_are_outside_and_bound_nothing():
    numbers = np.array([-INF] * 5 + [INF] * 5 + list(range(90)))
    bins = fit_bins(numbers)
    assert np.isfinite(bins.edges).all()
    assert counts_of(bins, numbers)[0] == counts_of(bins, numbers)[-2] == 5


@pytest.mark.parametrize("small", [np.float32, np.float64])
@pytest.mark.parametrize("large", [np.float64, list])
@pytest.mark.parametrize("values", [np.arange(1, 16) / 10, np.arange(1, 400) / 10])
def test_numbers_fall_into_one_bin_in_single_and_in_double_precision(small, large, values):
    reference = np.tile(values.astype(small), 10)
    live = values.tolist() if large is list else values.astype(large)
    bins = fit_bins(reference)
    assert bins.index(live).tolist() == bins.index(values.astype(small)).tolist()
    assert bins.index(values.astype(np.float32)).tolist() == bins.index(live).tolist()


@pytest.mark.parametrize(
    "junk", [*JUNK, "9", b"9", 1j, np.complex128(1), date(2026, 1, 1), np.timedelta64(1, "s")]
)
def test_what_is_no_number_is_missing_among_numbers(junk):
    bins = fit_bins(np.arange(100.0))
    assert bins.index([5.0, junk, 95]).tolist() == [1, bins.missing, 10]


@pytest.mark.parametrize(
    "number",
    [95, 95.0, np.int8(95), np.float32(95), np.array(95), Decimal(95), Fraction(95), np.uint64(95)],
)
def test_numbers_of_any_type_fall_into_one_interval(number):
    assert fit_bins(np.arange(100.0)).index([number]).tolist() == [10]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", "i8"])
def test_arrays_of_any_number_type_fall_where_lists_do(dtype):
    bins = fit_bins(np.arange(100.0))
    values = np.array([0, 7, 55, 99], dtype=dtype)
    assert bins.index(values).tolist() == [1, 1, 6, 10]
    assert bins.index(values.tolist()).tolist() == [1, 1, 6, 10]


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        (np.arange(21), "numeric"),
        (np.repeat(np.arange(21), 3), "numeric"),
        (np.repeat(np.arange(20), 3), "categorical"),
        (np.arange(10), "numeric"),
        ([1, 2, 3, 4, 5, 5], "numeric"),
        ([1, 2, 3, 4, 4, 5, 5], "categorical"),
        (list(range(21)), "numeric"),
        ([0.5, 1.5] * 50, "categorical"),
        ([*np.arange(60) / 7, "n/a", None, NAN], "numeric"),
        (np.array([*range(60), "n/a"], dtype=object), "numeric"),
        ([*map(str, range(60)), 1, 2], "categorical"),
        (np.array(list("abc") * 20), "categorical"),
        ([True, False] * 20, "categorical"),
        (np.array([True, False] * 20), "categorical"),
        ([date(2026, 1, day) for day in range(1, 29)], "numeric"),
        ([date(2026, 1, 1), None] * 20, "numeric"),
        (np.arange(30).astype("datetime64[D]"), "numeric"),
        (np.arange(30).astype("timedelta64[s]"), "numeric"),
        ([np.timedelta64(second, "s") for second in range(30)], "numeric"),
        (pd.date_range("2026", periods=30).to_list(), "numeric"),
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


def test_the_twenty_most_frequent_values_have_bins_and_new_ones_one():
    reference = [str(value) for value in range(30) for _ in range(50 + value)]
    bins = fit_bins(reference)
    assert (bins.other, bins.missing, bins.rare, bins.size) == (20, 21, 22, 30)
    assert bins.index(["29", "10", "new", None]).tolist() == [0, 19, bins.other, bins.missing]
    assert bins.index(["9", "8", "2", "1", "0"]).tolist() == [22, 23, 29, 22, 23]


@pytest.mark.parametrize(("rows", "rare_bins"), [(20, 1), (24, 1), (25, 2), (100, 8), (9_999, 8)])
def test_rare_values_share_bins_of_five_expected_rows(rows, rare_bins):
    reference = ["a"] * 300 + [str(value) for value in range(200)]
    bins = fit_bins(reference, rows)
    assert bins.size - bins.rare == rare_bins
    assert len(set(bins.index([str(value) for value in range(200)]).tolist())) == rare_bins


def test_a_category_of_less_than_two_percent_is_rare():
    bins = fit_bins(["a"] * 78 + ["b"] * 20 + ["c"] * 2 + ["d"])
    assert bins.index(["a", "b", "c", "d", "e"]).tolist() == [
        0,
        1,
        bins.rare,
        bins.rare,
        bins.other,
    ]


def test_a_category_that_occurs_once_is_rare():
    bins = fit_bins(["a"] * 8 + ["b"])
    assert bins.index(["a", "b", "c"]).tolist() == [0, bins.rare, bins.other]


@pytest.mark.parametrize("as_list", [True, False])
def test_integers_of_60_bits_are_told_apart_in_lists_and_arrays(as_list):
    ids = 2**59 + np.arange(8)
    for reference in (
        np.tile(ids, 10),
        np.tile(ids, 10).tolist(),
        np.tile(ids, 10).astype(np.uint64),
    ):
        bins = fit_bins(reference)
        live = np.append(ids, 2**59 + 99)
        codes = bins.index(live.tolist() if as_list else live).tolist()
        assert len(set(codes)) == 9
        assert codes[-1] == bins.other
        assert bins.index(live.astype(np.uint64)).tolist() == codes


EQUAL = [
    [1, 1.0, True, np.int8(1), np.float32(1), np.uint64(1), Decimal(1), Fraction(1), np.True_],
    [0.1, np.float32(0.1), np.float64(0.1), Decimal("0.1"), Fraction(1, 10)],
    [2**60, float(2**60), np.int64(2**60), Decimal(2**60), np.float32(2**60)],
    ["Bern", np.str_("Bern")],
]


@pytest.mark.parametrize("equal", EQUAL, ids=str)
def test_equal_values_of_any_type_are_one_category(equal):
    for reference in equal:
        bins = CategoricalBins.fit([reference, "x"] * 20, 1_000)
        assert set(bins.index(equal).tolist()) == {bins.index([reference])[0]} != {bins.other}


@pytest.mark.parametrize("number", [1e300, -1e300, 1e-50, 5e-324, INF, 1e39])
def test_numbers_beyond_single_precision_are_categories_of_their_own(number):
    bins = CategoricalBins.fit([number, 0.0, 0.5] * 20, 1_000)
    assert bins.index([number, 0.0]).tolist() == bins.index(np.array([number, 0.0])).tolist()
    assert len(set(bins.index([number, 0.0, 0.5, 7]).tolist())) == 4


def test_long_texts_differ_where_only_their_ends_do():
    start = "x" * 5_000
    bins = fit_bins([start + "a", start + "b"] * 20)
    assert bins.index([start + "b", start + "a", start + "c"]).tolist() == [1, 0, bins.other]
    assert bins.index(np.array([start + "b", start + "c"])).tolist() == [1, bins.other]
    assert max(map(len, bins.categories)) < 120


MOMENTS = pd.date_range("2020-01-01", periods=200, freq="D")


@pytest.mark.parametrize(
    "live",
    [
        MOMENTS.to_list(),
        MOMENTS.to_numpy(),
        MOMENTS.to_numpy().astype("datetime64[D]"),
        [moment.date() for moment in MOMENTS],
        [moment.to_pydatetime() for moment in MOMENTS],
        [moment.tz_localize("UTC") for moment in MOMENTS],
        list(MOMENTS.to_numpy()),
    ],
)
def test_dates_of_any_type_fall_into_one_interval(live):
    for reference in (MOMENTS.to_numpy(), [moment.date() for moment in MOMENTS]):
        bins = fit_bins(reference)
        assert bins.index(live).tolist() == np.repeat(np.arange(1, 11), 20).tolist()


def test_among_dates_what_is_none_is_missing():
    bins = fit_bins(MOMENTS.to_numpy())
    junk = [None, pd.NaT, np.datetime64("NaT"), 5, "2020-01-01", Hostile()]
    assert set(bins.index(junk).tolist()) == {bins.missing}
    assert bins.index(np.array([5.0])).tolist() == [bins.missing]
    later = [timedelta(days=99_999), date(2025, 1, 1), time(1)]
    assert bins.index(later).tolist() == [11, 11, 0]


@pytest.mark.parametrize("junk", JUNK)
def test_what_cannot_be_looked_up_is_missing_among_categories(junk):
    reference = ["a"] * 20 + ["b"] * 10 + [junk] * 15
    bins = fit_bins(reference)
    assert counts_of(bins, reference) == [20, 10, 0, 15, 0]
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
    bins = CategoricalBins.fit([*reference, *[most] * 12], 1_000)
    known = {
        value
        for value in [*reference, most]
        if value is not None and value == value  # noqa: PLR0124
    }
    frequent = {value for value in known if [*reference, *[most] * 12].count(value) >= 2}
    for value, index in zip(values, bins.index(values).tolist(), strict=True):
        if value is None or value != value:  # noqa: PLR0124
            assert index == bins.missing
        else:
            assert (index < bins.other) == (value in frequent)
            assert (index >= bins.rare) == (value in known - frequent)
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
