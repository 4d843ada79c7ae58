"""Round numbers and round moments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.charts.ticks import number_ticks, time_ticks

DAY = 86_400.0


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12))
def test_a_few_numbers_in_order_inside_the_range(low, span):
    high = low + span
    values = [value for value, _ in number_ticks(low, high)]

    assert len(values) <= 6
    assert values == sorted(values)
    slack = (high - low) * 1e-6 + 1e-9
    assert all(low - slack <= value <= high + slack for value in values)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, ["0", "0.25", "0.5", "0.75", "1"]),
        (0.0, 4200.0, ["0", "1,000", "2,000", "3,000", "4,000"]),
        (0.0, 2.4e6, ["0", "500 k", "1.0 M", "1.5 M", "2.0 M"]),
        (-0.02, 0.02, ["-0.02", "-0.01", "0", "0.01", "0.02"]),
    ],
)
def test_how_numbers_are_written(low, high, texts):
    assert [text for _, text in number_ticks(low, high)] == texts


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (0.0, float("nan"))])
def test_without_a_range_there_are_no_numbers(low, high):
    assert number_ticks(low, high) == []


@pytest.mark.parametrize(
    ("first", "last", "texts"),
    [
        (5.0, 31.0, ["1 Jan, 00:00:05", "00:00:10", *(f"00:00:{n}" for n in (15, 20, 25, 30))]),
        (DAY - 3600, DAY + 3600, ["1 Jan, 23:00", "23:30", "2 Jan, 00:00", "00:30", "01:00"]),
        (0.0, 6 * DAY, [f"{n} Jan" for n in range(1, 8)]),
        (0.0, 800 * DAY, ["1 Jan 1970", "1 Jan 1971", "1 Jan 1972"]),
    ],
)
def test_moments_are_round_and_name_the_day_once(first, last, texts):
    assert [text for _, text in time_ticks(first, last)] == texts


@given(st.floats(0, 4e9), st.floats(1.0, 1e9))
def test_a_few_moments(first, span):
    assert len(time_ticks(first, first + span)) <= 40
