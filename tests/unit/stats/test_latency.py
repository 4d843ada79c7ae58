"""Compare quantiles with those of the sorted values."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.latency import LogHistogram, SlidingHistogram

QUANTILES = [0.5, 0.95, 0.99]
LATENCIES = st.floats(1e-7, 1e6)


def nearest_rank(values, quantile):
    """Return the smallest value that a ratio `quantile` of the values does not exceed."""
    rank = max(1, ceil(Fraction(str(quantile)) * len(values)))
    return sorted(values)[rank - 1]


def answers(values, quantiles=QUANTILES):
    histogram = SlidingHistogram()
    histogram.update(np.zeros(len(values)), np.array(values, dtype=float))
    return histogram.get(0.0, quantiles)


@given(values=st.lists(LATENCIES, min_size=1, max_size=300))
def test_each_quantile_is_within_one_percent(values):
    expected = [nearest_rank(values, quantile) for quantile in QUANTILES]
    assert answers(values) == pytest.approx(expected, rel=0.01 + 1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [10, 100, 1_000, 20_000])
def test_numpy_agrees_on_skewed_data(seed, size):
    values = np.random.default_rng(seed).lognormal(mean=-5.0, sigma=1.5, size=size)
    expected = np.quantile(values, QUANTILES, method="inverted_cdf")
    assert answers(values) == pytest.approx(expected, rel=0.0101)


@pytest.mark.parametrize("slow_share", [0.004, 0.02, 0.06, 0.6])
def test_two_humps_do_not_blur(slow_share):
    slow = int(10_000 * slow_share)
    values = [0.002] * (10_000 - slow) + [3.0] * slow
    expected = [nearest_rank(values, quantile) for quantile in QUANTILES]
    assert answers(values) == pytest.approx(expected, rel=0.01 + 1e-9)


def test_ranks_that_fall_on_a_value_take_that_value():
    values = [0.001 * rank for rank in range(1, 101)]
    assert answers(values, [0.5, 0.95, 0.99, 1.0]) == pytest.approx(
        [0.050, 0.095, 0.099, 0.100], rel=0.01 + 1e-9
    )


def test_a_single_call_is_every_quantile():
    assert answers([0.25]) == pytest.approx([0.25] * 3, rel=0.01 + 1e-9)


def test_without_calls_nothing_is_known():
    histogram = SlidingHistogram()
    assert histogram.get(0.0, QUANTILES) == [None, None, None]
    histogram.update(np.array([]), np.array([]))
    assert histogram.get(1.0, [0.5]) == [None]


def test_what_is_too_fast_to_measure_reads_as_next_to_nothing():
    assert answers([0.0] * 10) == pytest.approx([0.0] * 3, abs=2e-7)


def test_the_longest_of_calls_stays_inside():
    assert answers([1e9])[0] == pytest.approx(1e6, rel=0.0101)


def test_old_calls_drop_out_after_a_minute():
    histogram = SlidingHistogram()
    histogram.update(np.full(100, 0.5), np.full(100, 9.0))
    histogram.update(np.full(100, 30.5), np.full(100, 0.003))
    assert histogram.get(59.9, [0.99]) == pytest.approx([9.0], rel=0.01)
    assert histogram.get(60.0, [0.99]) == pytest.approx([0.003], rel=0.01)
    assert histogram.get(90.0, QUANTILES) == [None, None, None]


@given(
    calls=st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 1.0, 20.0, 59.5, 60.0, 500.0]), LATENCIES),
        min_size=1,
        max_size=60,
    )
)
def test_it_answers_for_the_last_minute_alone(calls):
    histogram, now, seen = SlidingHistogram(), 0.0, []
    for gap, seconds in calls:
        now += gap
        histogram.update(np.array([now]), np.array([seconds]))
        seen.append((now, seconds))
        inside = [value for at, value in seen if floor(at) > floor(now) - 60]
        expected = [nearest_rank(inside, quantile) for quantile in QUANTILES]
        assert histogram.count(now) == len(inside)
        assert histogram.get(now, QUANTILES) == pytest.approx(expected, rel=0.01 + 1e-9)


def test_calls_from_before_the_window_are_not_counted():
    histogram = SlidingHistogram()
    histogram.update(np.array([500.0]), np.array([0.1]))
    histogram.update(np.array([440.0]), np.array([9.0]))
    assert histogram.get(500.0, [1.0]) == pytest.approx([0.1], rel=0.01)


RNG = np.random.default_rng(7)
DATA = {
    "bimodal": np.where(RNG.random(20_000) < 0.97, 0.002, 3.0) * RNG.lognormal(0, 0.1, 20_000),
    "rare second hump": np.where(RNG.random(20_000) < 0.9895, 0.002, 30.0),
    "Pareto": 0.001 * (1 + RNG.pareto(1.1, 20_000)),
    "Pareto without a mean": 0.001 * (1 + RNG.pareto(0.5, 20_000)),
    "constant": np.full(1_000, 0.0123),
    "one value": np.array([0.7]),
    "two values": np.array([0.001, 1_000.0]),
    "three values": np.array([0.5, 0.1, 0.3]),
    "nearly nothing": np.full(100, 2e-7),
    "days": np.full(100, 600_000.0),
}
FINE = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0]


def histogram_of(values):
    histogram = LogHistogram()
    histogram.update(np.asarray(values, dtype=float))
    return histogram


class TestLogHistogram:
    @pytest.mark.parametrize("values", DATA.values(), ids=DATA)
    def test_numpy_agrees_within_one_percent(self, values):
        expected = np.quantile(values, FINE, method="inverted_cdf")
        assert histogram_of(values).get(FINE) == pytest.approx(expected, rel=0.01 + 1e-9)

    @pytest.mark.parametrize("values", DATA.values(), ids=DATA)
    @pytest.mark.parametrize("parts", [2, 7])
    def test_parts_add_up_to_one_over_everything(self, values, parts):
        together = LogHistogram()
        for part in np.array_split(np.random.default_rng(1).permutation(values), parts):
            together.merge(histogram_of(part))
        assert together.to_dict() == histogram_of(values).to_dict()

    @pytest.mark.parametrize("values", [*DATA.values(), np.array([])], ids=[*DATA, "none"])
    def test_it_goes_through_json_and_back(self, values):
        sent = msgspec.json.encode(histogram_of(values).to_dict())
        received = LogHistogram.from_dict(msgspec.json.decode(sent))
        assert received.get(FINE) == histogram_of(values).get(FINE)
        assert received.count == len(values)
        # A deserialised histogram accepts further values.
        received.merge(histogram_of([0.25]))
        assert received.to_dict() == histogram_of([*values, 0.25]).to_dict()

    def test_only_buckets_in_use_travel(self):
        plain = histogram_of(DATA["bimodal"]).to_dict()
        assert len(plain["buckets"]) == len(plain["counts"]) < 200
        assert sum(plain["counts"]) == 20_000

    @pytest.mark.parametrize(
        "other",
        [
            {"relative_error": 0.02},
            {"buckets": [10**6]},
            {"buckets": [-(10**6)]},
            {"counts": [-1]},
            {"counts": [1, 2]},
        ],
    )
    def test_a_histogram_of_other_buckets_is_refused(self, other):
        plain = histogram_of([0.25]).to_dict() | other
        with pytest.raises(ValueError, match="expected a histogram of 1% relative error"):
            LogHistogram.from_dict(plain)


@given(
    calls=st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 20.0, 61.0]), LATENCIES, st.booleans()), max_size=40
    ),
    silence=st.sampled_from([0.0, 30.0, 100.0]),
)
def test_two_sliding_histograms_add_up_to_one_over_everything(calls, silence):
    whole, halves, now = SlidingHistogram(), [SlidingHistogram(), SlidingHistogram()], 100.0
    for gap, seconds, half in calls:
        now += gap
        for one in (whole, halves[half]):
            one.update(np.array([now]), np.array([seconds]))
    now += silence
    halves[0].merge(halves[1])
    assert halves[0].total(now).to_dict() == whole.total(now).to_dict()
    assert halves[0].count(now) == whole.count(now)
    # A merge does not change its argument.
    halves[1].merge(SlidingHistogram())
    halves[0].update(np.array([now]), np.array([1.0]))
    assert halves[1].count(now) <= whole.count(now)


def test_many_calls_in_one_second_are_stored_as_few_buckets():
    histogram = SlidingHistogram()
    for _ in range(200):
        histogram.update(np.array([5.0]), np.array([0.1]))
    assert histogram.count(5.0) == 200
    assert histogram.get(5.0, [1.0]) == pytest.approx([0.1], rel=0.01)
    assert histogram.get(65.0, [1.0]) == [None]


class TestALimit:
    """A quantile is above a limit exactly when the call of its rank is, whatever the bucket."""

    @given(
        values=st.lists(st.sampled_from([0.4999, 0.5, np.nextafter(0.5, 1), 0.5001, 0.1, 2.0]),
                        min_size=1, max_size=60),
        quantile=st.sampled_from(QUANTILES),
    )  # fmt: skip
    def test_it_is_compared_with_the_exact_quantile(self, values, quantile):
        histogram = SlidingHistogram(limit=0.5)
        histogram.update(np.zeros(len(values)), np.array(values))

        (found,) = histogram.get(0.0, [quantile])

        exact = nearest_rank(values, quantile)
        assert (found > 0.5) == (exact > 0.5)
        assert found == pytest.approx(exact, rel=0.01 + 1e-9)

    @given(value=LATENCIES)
    def test_calls_of_exactly_the_limit_are_not_above_it(self, value):
        histogram = SlidingHistogram(limit=value)
        histogram.update(np.zeros(40), np.full(40, value))

        assert max(histogram.get(0.0, QUANTILES)) <= value

    def test_calls_above_it_leave_the_window_with_their_second(self):
        histogram = SlidingHistogram(limit=0.5)
        histogram.update(np.array([0.0]), np.array([0.5001]))
        histogram.update(np.array([30.0]), np.array([0.5]))

        assert histogram.get(59.0, [1.0])[0] > 0.5
        assert histogram.get(60.0, [1.0])[0] <= 0.5

    def test_a_new_limit_counts_earlier_calls_of_its_bucket_as_not_above_it(self):
        histogram = SlidingHistogram()
        histogram.update(np.zeros(2), np.array([0.5001, 0.9]))

        histogram.compare_with(0.5)

        assert histogram.get(0.0, [0.5])[0] <= 0.5
        assert histogram.get(0.0, [1.0])[0] == pytest.approx(0.9, rel=0.01)

    def test_two_of_one_limit_add_up(self):
        first, second = SlidingHistogram(limit=0.5), SlidingHistogram(limit=0.5)
        first.update(np.zeros(1), np.array([0.5]))
        second.update(np.zeros(3), np.array([0.5001] * 3))

        first.merge(second)

        low, high = first.get(0.0, [0.25, 0.26])
        assert low <= 0.5 < high
