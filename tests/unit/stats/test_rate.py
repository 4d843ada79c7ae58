"""Compare the sliding counter with a list of all events."""

from __future__ import annotations

from math import floor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.rate import SlidingCounter

WINDOW = 60


class EveryTime:
    """Reference counter: stores all times and filters them at each query."""

    def __init__(self, size=WINDOW):
        self.size = size
        self.times = []
        self.newest = None

    def update(self, times, weights):
        # An event that arrives when its second is out of the window is never counted.
        self.newest = max([*times, *([] if self.newest is None else [self.newest])])
        self.times += [
            (time, weight)
            for time, weight in zip(times, weights, strict=True)
            if floor(time) > floor(self.newest) - self.size
        ]

    def get(self, now):
        self.newest = now if self.newest is None else max(now, self.newest)
        oldest = floor(self.newest) - self.size
        return sum(weight for time, weight in self.times if floor(time) > oldest)


GAPS = st.one_of(
    st.floats(0.0, 2.0),
    st.sampled_from([0.0, 0.999, 1.0, 58.9, 59.0, 59.999, 60.0, 60.5, 61.0, 120.0, 1e4, 1e7]),
)
CALLS = st.lists(st.tuples(st.floats(-70.0, 0.0), st.integers(0, 1_000)), max_size=6)


@given(
    start=st.sampled_from([0.0, 0.5, -1_000.25, 12_345.678, 1e9]),
    steps=st.lists(st.tuples(GAPS, CALLS), max_size=25),
)
def test_it_counts_the_rows_of_the_last_minute(start, steps):
    count, reference, now = SlidingCounter(), EveryTime(), start
    for gap, calls in steps:
        now += gap
        if calls:
            times = [now + back for back, _ in calls]
            weights = [weight for _, weight in calls]
            count.update(np.array(times), np.array(weights))
            reference.update(times, weights)
        assert count.get(now) == reference.get(now)


@given(times=st.lists(st.floats(0.0, 500.0), min_size=1, max_size=60), cut=st.integers(0, 60))
def test_it_is_all_the_same_in_how_many_parts_times_come(times, cut):
    times.sort()
    whole, parts, weighed = SlidingCounter(), SlidingCounter(), SlidingCounter()
    whole.update(np.array(times))
    parts.update(np.array(times[:cut]))
    parts.update(np.array(times[cut:]))
    weighed.update(np.array(times), np.ones(len(times), dtype=np.int64))
    assert whole.get(500.0) == parts.get(500.0) == weighed.get(500.0)


def test_a_row_counts_for_sixty_seconds_exact_to_one():
    count = SlidingCounter()
    count.update(np.array([1_000.0]), np.array([7]))
    assert [count.get(1_000.0 + age) for age in (0, 1, 59, 59.999)] == [7, 7, 7, 7]
    assert [count.get(1_000.0 + age) for age in (60, 61, 3_600)] == [0, 0, 0]


def test_nothing_is_extrapolated_from_a_short_life():
    count = SlidingCounter()
    count.update(np.array([0.0, 0.5, 1.0]))
    assert count.get(1.0) == 3


def test_before_anything_happened_it_is_silence():
    count = SlidingCounter()
    assert count.get(5.0) == 0
    count.update(np.array([]))
    assert count.get(6.0) == 0


def test_a_steady_load_reads_as_its_rate():
    count = SlidingCounter()
    for second in range(300):
        count.update(np.full(4, second + 0.5))
    assert count.get(299.9) == 240


def test_a_late_question_about_the_past_loses_nothing():
    count = SlidingCounter()
    count.update(np.array([100.0]))
    assert count.get(90.0) == 1
    assert count.get(100.0) == 1


def test_late_rows_still_count_while_their_second_is_in_the_window():
    count = SlidingCounter()
    count.update(np.array([200.0]))
    count.update(np.array([141.0, 140.9, 30.0]))
    assert count.get(200.0) == 2
    assert count.get(201.0) == 1


def test_other_windows_work_alike():
    count = SlidingCounter(size=3)
    count.update(np.array([0.0, 1.0, 2.0, 3.0]))
    assert count.get(3.0) == 3


@given(
    steps=st.lists(st.tuples(GAPS, st.integers(0, 1_000), st.booleans()), max_size=25),
    silence=GAPS,
)
def test_two_counts_add_up_to_one_over_everything(steps, silence):
    whole, halves, now = SlidingCounter(), [SlidingCounter(), SlidingCounter()], 500.0
    for gap, weight, half in steps:
        now += gap
        for one in (whole, halves[half]):
            one.update(np.array([now]), np.array([weight]))
    now += silence
    halves[0].merge(halves[1])
    assert halves[0].get(now) == whole.get(now)


def test_adding_a_count_that_saw_nothing_changes_nothing():
    count = SlidingCounter()
    count.update(np.array([10.0]))
    count.merge(SlidingCounter())
    assert count.get(10.0) == 1
