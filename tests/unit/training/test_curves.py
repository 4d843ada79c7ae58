"""Buckets of a curve against all of its values."""

from __future__ import annotations

import sys
from itertools import pairwise
from math import inf, isfinite, nan

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.schema import CurveChunk
from ipyvitals.training.curve_feed import CurveFeed
from ipyvitals.training.curves import BUCKETS, Curve, _pairs, merged_pairs
from ipyvitals.training.goals import goal_of
from ipyvitals.training.series import MAX_CURVES, RunSeries

values_of_a_run = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.sampled_from([nan, inf, -inf])), min_size=1, max_size=200
)


def filled(values, capacity=BUCKETS, steps=None):
    curve = Curve(capacity)
    for index, value in enumerate(values):
        curve.add(steps[index] if steps else index + 1, 0.1 * index, value)
    return curve


def whole(chunk: CurveChunk) -> CurveChunk:
    """Return a chunk with every column, as a page reads it."""
    size = len(chunk.step)
    return msgspec.structs.replace(
        chunk,
        first_step=chunk.first_step or chunk.step,
        low=chunk.low or chunk.mean,
        high=chunk.high or chunk.mean,
        count=chunk.count or [1] * size,
        not_finite=chunk.not_finite or [0] * size,
    )


@given(values=values_of_a_run, capacity=st.sampled_from([4, 8, 32]))
def test_each_bucket_holds_exactly_its_values(values, capacity):
    curve = filled(values, capacity)
    chunk = whole(curve.chunk("1", "loss"))
    assert len(chunk.step) <= capacity + 1
    assert sum(chunk.count) == curve.count == len(values)
    begin = 0
    for index, count in enumerate(chunk.count):
        inside = values[begin : begin + count]
        finite = [value for value in inside if isfinite(value)]
        assert (chunk.first_step[index], chunk.step[index]) == (begin + 1, begin + count)
        assert chunk.not_finite[index] == count - len(finite)
        if finite:
            assert chunk.low[index] == pytest.approx(min(finite), rel=1e-5)
            assert chunk.high[index] == pytest.approx(max(finite), rel=1e-5)
            assert chunk.mean[index] == pytest.approx(sum(finite) / len(finite), rel=1e-5, abs=1e-4)
        else:
            assert chunk.mean[index] is None
        begin += count


@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40),
    force=st.booleans(),
)
def test_many_buckets_merge_as_a_few_do(steps, force):
    rows = [
        (
            *(float(step), step + 0.5, 0.1 * at, 1.0 * step, 2.0 * step, 3.0 * step, 2.0),
            *((1.0, at % 3 + 1.0) if bad else (0.0, 0.0)),
        )
        for at, (step, bad) in enumerate(steps)
    ]
    merged = merged_pairs(np.array(rows), force=force)
    assert merged.tolist() == [list(row) for row in _pairs(rows, force=force)]


@pytest.mark.parametrize("count", [9, 100, 1_500, 5_000])
@pytest.mark.parametrize("piece", [1, 2, 3, 700])
def test_pieces_of_any_length_are_thinned_to_the_limit(count, piece):
    # Steps that begin again, such as the number of a batch in each epoch.
    curve = filled([1.0] * count, steps=[at % piece if piece > 1 else -at for at in range(count)])
    for limit in (8, 512):
        chunk = whole(curve.chunk("1", "loss", limit=limit))
        assert min(count, limit) / 4 <= len(chunk.step) <= limit
        assert sum(chunk.count) == count


def test_pieces_of_some_length_stay_apart():
    curve = filled([1.0] * 2_000, steps=[at % 500 for at in range(2_000)])
    chunk = whole(curve.chunk("1", "loss", limit=320))
    assert all(first <= last for first, last in zip(chunk.first_step, chunk.step, strict=True))
    assert chunk.step.count(499) == chunk.first_step.count(0) == 4


@pytest.mark.parametrize(("value", "kind"), [(nan, "nan"), (inf, "inf"), (-inf, "-inf")])
@pytest.mark.parametrize("at", [1, 2, 700, 2_999, 4_999])
def test_the_first_value_that_is_not_finite_begins_a_bucket(value, kind, at):
    values = [1.0] * 5_000
    values[at] = value
    values[at + 1 :: 3] = [nan] * len(values[at + 1 :: 3])
    curve = filled(values, capacity=64)
    for limit in (None, 16, 1):
        chunk = whole(curve.chunk("1", "loss", limit=limit))
        first = next(index for index, count in enumerate(chunk.not_finite) if count)
        assert (chunk.first_step[first], chunk.not_finite_kind[first]) == (at + 1, kind)
        assert chunk.not_finite_kind[:first] == [""] * first
        assert sum(chunk.not_finite) == sum(not isfinite(value) for value in values)
        assert len(chunk.step) <= max(2, limit or 65)


def test_up_to_the_capacity_every_value_is_there():
    chunk = filled([float(value) for value in range(BUCKETS)]).chunk("1", "loss")
    assert chunk.mean == [float(value) for value in range(BUCKETS)]
    assert chunk.first_step == chunk.low == chunk.count == []


def test_no_spike_of_a_long_run_vanishes():
    spikes = {1_000 * number + 7: 40.0 + number for number in range(10)}
    curve = filled([spikes.get(step, 1.0) for step in range(10_000)], 64)
    for limit in (None, 16):
        chunk = whole(curve.chunk("1", "loss", limit=limit))
        assert len(chunk.step) <= (limit or 65)
        for step, height in spikes.items():
            (high,) = (
                high
                for first, last, high in zip(chunk.first_step, chunk.step, chunk.high, strict=True)
                if first <= step + 1 <= last
            )
            assert high >= height
    assert (chunk.first_step[0], chunk.step[-1]) == (1, 10_000)


def test_no_bucket_spans_a_step_that_goes_back():
    steps = [step for _ in range(5) for step in range(100)]
    chunk = whole(filled([1.0] * 500, 32, steps).chunk("1", "loss"))
    backs = [index for index, (a, b) in enumerate(pairwise(chunk.first_step)) if b < a]
    assert len(backs) == 4
    assert all(first <= last for first, last in zip(chunk.first_step, chunk.step, strict=True))
    assert [chunk.step[index] for index in backs] == [99] * 4


def test_steps_that_go_back_all_the_time_stay_bounded():
    curve = filled([1.0] * 1_000, 32, [step % 2 for step in range(1_000)])
    assert len(curve) <= 33
    assert sum(curve.chunk("1", "loss").count) == 1_000


def test_a_range_of_steps_can_be_cut_out():
    chunk = filled([1.0] * 100).chunk("1", "loss", first_step=10, last_step=12)
    assert chunk.step == [10, 11, 12]


def test_a_million_values_of_four_metrics_take_little_memory():
    series = RunSeries("1")
    for name in ("loss", "acc", "val_loss", "val_acc"):
        for step in range(20_000):
            series.add(name, step, 0.1 * step, 0.5)
    # Buckets do not grow in number, so a million values take what these do.
    buckets = [curve._closed for curve in series.curves.values()]
    assert sum(map(sys.getsizeof, buckets)) < 1_000_000


def test_a_run_has_a_hundred_curves_and_the_newest_value_of_any_metric():
    series = RunSeries("1")
    for number in range(MAX_CURVES + 5):
        series.add(f"loss/{number}", 1, 0.0, 0.5)
    assert (len(series.curves), len(series.metrics)) == (MAX_CURVES, MAX_CURVES + 5)


def test_best_is_the_first_of_equals_and_never_what_is_not_finite():
    series = RunSeries("1")
    for step, value in enumerate((nan, 3.0, 1.0, -inf, 1.0, inf)):
        series.add("loss", step, 0.0, value)
        series.add("accuracy", step, 0.0, value)
    assert (series.best["loss"].value, series.best["loss"].step) == (1.0, 2)
    assert (series.best["accuracy"].value, series.best["accuracy"].step) == (3.0, 1)
    assert series.metrics == {"loss": None, "accuracy": None}


@pytest.mark.parametrize(
    ("goal", "names"),
    [
        ("min", "loss val_loss train/loss Loss/test eval-loss trainLoss train_loss_epoch log_loss"),
        ("min", "valid_0-rmse mae nll perplexity wer mean_squared_error"),
        ("max", "accuracy val_acc f1_score auc mAP ndcg@10 neg_mean_squared_error R2 reward"),
        (None, "lr learning_rate entropy kl grad_norm time_seconds epoch l2 distance"),
    ],
)
def test_a_name_says_whether_a_metric_is_to_fall_or_to_rise(goal, names):
    assert {name: goal_of(name) for name in names.split()} == dict.fromkeys(names.split(), goal)


class TestFeed:
    @given(
        values=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=100),
        looks=st.sets(st.integers(1, 100)),
    )
    def test_what_it_says_in_turn_is_the_whole_curve(self, values, looks):
        feed, chunks = CurveFeed(), []
        for index, value in enumerate(values):
            feed.add("1", "loss", index, index + 1, 0.1 * index, value)
            if index in looks:
                chunks += feed.take()
        chunks = [whole(chunk) for chunk in [*chunks, *feed.take()]]
        count = 0
        for chunk in chunks:
            assert chunk.start == count
            assert len(chunk.step) <= 4
            count += sum(chunk.count)
        assert count == len(values)
        assert max(high for chunk in chunks for high in chunk.high) == pytest.approx(
            max(values), rel=1e-5
        )
        assert [chunks[0].first_step[0], chunks[-1].step[-1]] == [1, len(values)]
