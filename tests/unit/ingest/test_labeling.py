"""Evaluate pairs of prediction and label: score, residual and segment."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.ingest.labeling import LabelEvaluator
from ipyvitals.ingest.scoring import Scorer
from ipyvitals.utils.notices import Notices

NAN = float("nan")


class Bench:
    """A label evaluator and its notices."""

    def __init__(self, score=None, **labeling):
        self.notices = Notices(lambda: 0.0)
        scorer = Scorer(score, self.notices, lambda message: None)
        self.label_evaluator = LabelEvaluator(scorer, self.notices, **labeling)

    def pairs(self, predictions, actuals, segments=None):
        return plain(self.label_evaluator.pairs(predictions, actuals, segments))

    def rows(self, predictions, actuals, segments=None):
        return plain(self.label_evaluator.rows(predictions, actuals, segments))


def plain(labelled):
    scores, residuals, segments, _ = labelled
    return (
        scores.tolist(),
        None if residuals is None else residuals.tolist(),
        None if segments is None else list(segments),
    )


class TestClassification:
    def test_a_label_is_a_score_alone(self):
        assert Bench().pairs([1, 1], [1, 0]) == ([True, False], None, None)

    def test_with_segments_where_they_are_known(self):
        found = Bench().pairs([1, 1, 1], [1, 0, 1], ["EU", None, "US"])
        assert found == ([True, False, True], None, ["EU", None, "US"])

    def test_a_pair_without_a_score_takes_its_segment_with_it(self):
        bench = Bench(score=lambda prediction, actual: 1 / actual)
        assert bench.pairs([1, 1, 1], [1, 0, 2], ["a", "b", "c"]) == ([1.0, 0.5], None, ["a", "c"])
        assert bench.notices.count("score.failed") == 1


def regression(tolerance=1.0, **settings):
    return Bench(regression=True, tolerance=tolerance, **settings)


def rounding(prediction, actual):
    """Return four units in the last place of the larger number, by which a residual may be off."""
    return 4 * np.finfo(float).eps * max(abs(prediction), abs(actual))


class TestRegression:
    def test_a_prediction_is_right_within_the_tolerance(self):
        found = regression(0.5).pairs([1.5, 0.5, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0])
        assert found == ([1.0, 1.0, 0.0, 1.0], [0.5, -0.5, 1.0, 0.0], None)

    def test_a_tolerance_of_nothing_wants_the_very_number(self):
        assert regression(0).pairs([1, 2], [1.0, 2.5])[0] == [1.0, 0.0]

    @pytest.mark.parametrize(
        "number",
        [
            3,
            3.0,
            np.float32(3),
            np.int8(3),
            np.uint64(3),
            Decimal(3),
            Fraction(3),
            np.array(3.0),
            np.array([3.0]),
            np.array([[3]]),
            [3.0],
            pd.Series([3.0]),
        ],
        ids=repr,
    )
    def test_numbers_come_in_many_forms(self, number):
        # `predict` often returns an array of one number for a single row.
        bench = regression()
        assert bench.pairs([number], [2.5]) == ([1.0], [0.5], None)
        assert bench.pairs([number, 1.0], [2.5, 1.0]) == ([1.0, 1.0], [0.5, 0.0], None)
        assert bench.notices.get() == []

    @pytest.mark.parametrize(
        "nothing", [None, NAN, float("inf"), "high", 1j, [1.0, 2.0], {}, object(), pd.NA, pd.NaT]
    )
    def test_what_is_no_finite_number_is_not_counted_on_either_side(self, nothing):
        bench = regression()
        assert bench.pairs([1.0, nothing], [1.0, 2.0]) == ([1.0], [0.0], None)
        assert bench.pairs([1.0, 2.0], [nothing, 2.0]) == ([1.0], [0.0], None)
        (notice,) = bench.notices.get()
        assert (notice.code, notice.count) == ("labels.not_a_number", 2)
        assert "expects finite numbers, got" in notice.message

    def test_a_difference_beyond_all_floats_is_not_counted(self):
        assert regression().pairs([1.7e308], [-1.7e308]) == ([], [], None)

    def test_a_score_of_the_users_stands_in_for_the_tolerance(self):
        bench = Bench(score=lambda p, a: 1.0 if p >= a else 0.25, regression=True)
        assert bench.pairs([3, 1], [2, 2]) == ([1.0, 0.25], [1.0, -1.0], None)

    def test_where_that_score_fails_there_is_no_error_either(self):
        bench = Bench(score=lambda p, a: 1 / a, regression=True)
        found = bench.pairs([3, 1, 5], [2, 0, NAN], ["a", "b", "c"])
        assert found == ([0.5], [1.0], ["a"])

    @pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.float32, np.float64, object])
    def test_arrays_of_any_number_type(self, dtype):
        predictions, actuals = np.array([1, 2, 3], dtype=dtype), np.array([2, 2, 1], dtype=dtype)
        assert regression().rows(predictions, actuals) == ([1, 1, 0], [-1, 0, 2], None)

    @given(
        pairs=st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), max_size=20),
        tolerance=st.floats(0, 1e9),
        named=st.booleans(),
    )
    def test_rows_and_pairs_agree(self, pairs, tolerance, named):
        predictions, actuals = [p for p, _ in pairs], [a for _, a in pairs]
        segments = [str(row) for row in range(len(pairs))] if named else None
        bench = regression(tolerance)
        expected = (
            [float(abs(p - a) <= tolerance + rounding(p, a)) for p, a in pairs],
            [p - a for p, a in pairs],
            segments,
        )
        assert bench.pairs(predictions, actuals, segments) == expected
        assert bench.rows(np.array(predictions), np.array(actuals), segments) == expected
        assert bench.rows(np.array(predictions), actuals, segments) == expected


class TestSegmentOf:
    def test_it_says_where_nobody_else_did(self):
        bench = Bench(segment_of=lambda prediction, actual: f"class {actual}")
        found = bench.pairs([1, 1, 1], [1, 0, 1], [None, "EU", None])
        assert found == ([True, False, True], None, ["class 1", "EU", "class 1"])

    def test_what_raises_cannot_be_looked_up_or_says_nothing_leaves_a_label_without_segment(self):
        def segment_of(prediction, actual):
            return [1] if actual == "unhashable" else {"known": "k"}[actual]

        bench = Bench(segment_of=segment_of)
        found = bench.pairs(["x"] * 3, ["known", "unhashable", "who?"])
        assert found == ([False] * 3, None, ["k", None, None])
        (notice,) = bench.notices.get()
        assert (notice.code, notice.count) == ("segment.failed", 2)
        assert "segment() raised KeyError: 'who?'" in notice.message

    def test_it_is_asked_of_plain_values_also_for_arrays(self):
        kinds = []
        bench = Bench(segment_of=lambda prediction, actual: kinds.append(type(actual)))
        bench.rows(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
        assert kinds == [float, float]

    def test_of_a_regression_too(self):
        bench = regression(segment_of=lambda prediction, actual: "dear" if actual > 10 else "cheap")
        found = bench.rows(np.array([9.0, 30.0, NAN]), [9.5, 20.0, 30.0])
        assert found == ([1.0, 0.0], [-0.5, 10.0], ["cheap", "dear"])
