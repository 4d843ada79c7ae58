"""Score predictions; report labels of a different kind."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.ingest.mismatch import has_fractions
from ipyvitals.ingest.scoring import Scorer, values_equal
from ipyvitals.utils.notices import Notices

NAN = float("nan")


class Incomparable:
    """Label that raises when compared."""

    def __eq__(self, other):
        raise RuntimeError("do not compare me")

    __hash__ = object.__hash__


class MessageRecorder(list):
    """Store the messages that it is called with."""

    __call__ = list.append


@pytest.fixture
def reported():
    return MessageRecorder()


@pytest.fixture
def notices():
    return Notices(lambda: 0.0)


@pytest.fixture
def scorer(notices, reported):
    return Scorer(None, notices, reported)


PAIRS = [
    (1, 1, True),
    (1, 2, False),
    (1, 1.0, True),
    (True, 1, True),
    ("cat", "cat", True),
    ("cat", "dog", False),
    (None, None, True),
    (None, 1, False),
    (1, None, False),
    (NAN, NAN, False),
    (np.nan, np.float32("nan"), False),
    (NAN, None, False),
    (np.int64(3), 3, True),
    (np.float32(0.5), 0.5, True),
    (np.str_("cat"), "cat", True),
    (np.bool_(True), True, True),
    (np.bool_(False), np.bool_(True), False),
    ((1, 2), (1, 2), True),
    ([1, 2], [1, 3], False),
    (np.array([1, 2]), np.array([1, 2]), True),
    (np.array([1, 2]), np.array([1, 3]), False),
    (np.array([1, 2]), np.array([1, 2, 3]), False),
    (np.array([1, NAN]), np.array([1, NAN]), False),
    (np.array([]), np.array([]), True),
    (np.array([1, 2]), None, False),
    (None, np.array([1, 2]), False),
    (pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-01"), True),
    (pd.NA, pd.NA, False),
    (pd.NaT, pd.NaT, False),
    (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), True),
    (Incomparable(), 1, False),
]


@pytest.mark.parametrize(("prediction", "actual", "right"), PAIRS)
def test_one_pair(scorer, prediction, actual, right):
    assert values_equal(prediction, actual) is right
    assert scorer.pairs([prediction], [actual]).tolist() == [right]


def test_all_of_them_at_once(scorer):
    predictions, actuals, right = zip(*PAIRS, strict=True)
    assert scorer.pairs(predictions, actuals).tolist() == list(right)


LABELS = {
    "ints": st.integers(-3, 3),
    "bools": st.booleans(),
    "floats": st.sampled_from([-1.0, 0.0, 0.5, 1.0, NAN, float("inf")]),
    "strings": st.sampled_from(["", "a", "b", "1"]),
    "objects": st.sampled_from([None, 0, 1, 1.0, "1", "a", NAN]),
}


@pytest.mark.parametrize("left", LABELS)
@pytest.mark.parametrize("right", LABELS)
@given(data=st.data())
def test_pairs_and_arrays_agree(left, right, data):
    n = data.draw(st.integers(0, 12))
    columns = []
    for kind in (left, right):
        values = data.draw(st.lists(LABELS[kind], min_size=n, max_size=n))
        array = np.array(values, dtype=object if kind == "objects" else None)
        columns.append((values, array))
    (predictions, prediction_array), (actuals, actual_array) = columns
    notices = Notices(lambda: 0.0)
    fractions = has_fractions(actuals)
    by_pairs = Scorer(None, notices, MessageRecorder()).pairs(
        predictions, actuals, fractions=fractions
    )
    by_arrays = Scorer(None, notices, MessageRecorder()).arrays(prediction_array, actual_array)
    assert by_arrays.tolist() == by_pairs.tolist()
    pairs = zip(predictions, actuals, strict=True)
    assert by_pairs.tolist() == [a == b for a, b in pairs if can_be_equal(a, b, fractions)]
    assert notices.get() == []


def can_be_equal(prediction, actual, fractions):
    """Return whether a plain prediction may be equal to a label of this kind."""
    if prediction is None or actual is None:
        return True
    if isinstance(prediction, str) or isinstance(actual, str):
        return type(prediction) is type(actual)
    fraction = math.isfinite(prediction) and prediction != int(prediction)
    between = 0 < prediction < 1 and actual in (0, 1) and not fractions
    return not (fraction and (isinstance(actual, int) or between))


@pytest.mark.parametrize(
    ("predictions", "actuals"),
    [
        (np.array(["2026-01-01"], dtype="M8[D]"), np.array(["2026-01-01"], dtype="M8[ns]")),
        (np.array(["a"]), np.array(["a"], dtype=np.dtypes.StringDType())),
        (np.array([1], dtype=np.uint64), np.array([1], dtype=np.int8)),
        (np.array([b"a"]), np.array([b"a"])),
    ],
)
def test_equal_arrays_of_different_types_are_right(scorer, reported, predictions, actuals):
    assert scorer.arrays(predictions, actuals).tolist() == [True]
    assert reported == []


@pytest.mark.parametrize(
    ("prediction", "actual", "words"),
    [
        ("1", 1, "strings and labels are numbers"),
        (1, "1", "numbers and labels are strings"),
        (np.int64(1), np.str_("1"), "numbers and labels are strings"),
        (True, "True", "numbers and labels are strings"),
        ("1", b"1", "strings and labels are byte strings"),
    ],
)
@pytest.mark.parametrize("by", ["pairs", "arrays"])
def test_labels_of_another_kind_are_reported_once(scorer, reported, prediction, actual, words, by):
    for _ in range(3):
        if by == "pairs":
            assert not scorer.pairs([prediction] * 2, [actual] * 2).any()
        else:
            assert not scorer.arrays(np.array([prediction] * 2), np.array([actual] * 2)).any()
    (message,) = reported
    assert words in message.text
    assert "score=" in message.text


def test_a_kind_that_differs_now_and_then_is_reported_too(scorer, reported):
    scorer.pairs([1, 2, 3], [1, 2, "3"])
    assert len(reported) == 1


@pytest.mark.parametrize(
    ("predictions", "actuals"),
    [([1, 0], [0, 1.5]), (["a"], ["b"]), ([None], [1]), ([1], [None]), ([True], [0]), ([], [])],
)
def test_labels_of_the_same_kind_or_missing_ones_are_only_wrong(
    scorer, reported, predictions, actuals
):
    scorer.pairs(predictions, actuals)
    assert reported == []


def test_rows_may_be_arrays_and_lists_side_by_side(scorer, reported):
    values, array = [1, 0, 3], np.array([1, 2, 3])
    for predictions in (values, np.array(values)):
        for actuals in (array, array.tolist()):
            assert scorer.rows(predictions, actuals).tolist() == [True, False, True]
    assert reported == []


def test_no_rows_give_no_scores(scorer, reported):
    assert scorer.arrays(np.array([], dtype=int), np.array([], dtype=str)).size == 0
    assert scorer.pairs([], []).size == 0
    assert reported == []


class TestCustomScore:
    def test_it_replaces_equality(self, notices, reported):
        scorer = Scorer(lambda p, a: 1.0 - abs(p - a), notices, reported)
        assert scorer.pairs([0.5, 1.0], [0.75, 1.0]).tolist() == [0.75, 1.0]
        assert scorer.arrays(np.array([0.5, 1.0]), np.array([0.75, 1.0])).tolist() == [0.75, 1.0]

    @pytest.mark.parametrize("value", [True, 1, np.float32(1.0), np.True_, np.array(1.0)])
    def test_it_may_return_anything_that_is_a_number(self, notices, reported, value):
        assert Scorer(lambda p, a: value, notices, reported).pairs([1], [1]).tolist() == [1.0]

    @pytest.mark.parametrize("value", [-0.001, 1.001, 85, NAN, float("inf")])
    def test_outside_of_zero_to_one_it_is_counted_and_left_out(self, notices, reported, value):
        scorer = Scorer(lambda p, a: value if p == "bad" else 1.0, notices, reported)
        assert scorer.pairs(["bad", "good", "bad"], [0, 0, 0]).tolist() == [1.0]
        (notice,) = notices.get()
        assert (notice.code, notice.count) == ("score.range", 2)
        assert "expected a number from 0 to 1" in notice.message

    @pytest.mark.parametrize("value", ["high", None, [1.0, 2.0]])
    def test_what_is_no_number_is_counted_and_left_out(self, notices, reported, value):
        assert Scorer(lambda p, a: value, notices, reported).pairs([1], [1]).size == 0
        assert notices.count("score.failed") == 1

    def test_an_exception_in_it_is_counted_and_left_out(self, notices, reported):
        scorer = Scorer(lambda p, a: 1 / p, notices, reported)
        assert scorer.pairs([0, 1, 0], [0, 0, 0]).tolist() == [1.0]
        (notice,) = notices.get()
        assert (notice.code, notice.count) == ("score.failed", 2)
        assert "ZeroDivisionError" in notice.message

    def test_it_may_compare_labels_of_different_kinds(self, notices, reported):
        scorer = Scorer(lambda p, a: p == str(a), notices, reported)
        assert scorer.pairs(["1"], [1]).tolist() == [1.0]
        assert reported == []
