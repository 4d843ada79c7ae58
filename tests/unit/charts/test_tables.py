"""From tables to lines: what interrupts one, and what holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ipyvitals.charts.tables import HistoryTable
from ipyvitals.charts.times import TimeAxis, moments
from ipyvitals.errors import ArgumentTypeError
from tests.unit.tables import START, index


def test_a_table_is_in_the_order_of_time_and_unknown_is_nan(metrics):
    frame = metrics([0, 1, 2], current_accuracy=[0.9, None, 0.7])
    table = HistoryTable(frame.iloc[::-1])

    assert (table.at - START).tolist() == [0.0, 1.0, 2.0]
    assert table.numbers("current_accuracy").tolist() == pytest.approx([0.9, np.nan, 0.7], nan_ok=1)
    assert np.isnan(table.numbers("no such column")).all()
    assert table.texts("status").tolist() == ["active"] * 3
    assert table.texts("no such column").tolist() == [""] * 3


def test_a_time_without_a_zone_is_taken_as_utc():
    frame = pd.DataFrame({"cpu_percent": [1.0]}, index=pd.DatetimeIndex(["2026-01-02T03:04:05"]))

    assert HistoryTable(frame).at.tolist() == [START]


def test_infinities_are_not_drawn(system):
    assert np.isnan(HistoryTable(system([0], cpu_percent=[np.inf])).numbers("cpu_percent")).all()


@pytest.mark.parametrize("wrong", [[1, 2], None, pd.DataFrame({"a": [1]})])
def test_anything_else_is_refused(wrong):
    with pytest.raises(ArgumentTypeError, match="indexed by time, as history"):
        HistoryTable(wrong)


def test_an_empty_table_draws_nothing(metrics):
    table = HistoryTable(metrics([])).forward_fill(TimeAxis(np.empty(0)), to_end=True)

    assert table.drawn(table.numbers("current_accuracy")).at.tolist() == []
    assert [one.tolist() for one in table.outline(*[table.numbers("accuracy_low")] * 2)] == [[], []]


def test_a_line_is_interrupted_where_nobody_watched(metrics, system):
    watched = TimeAxis(HistoryTable(system([*range(0, 60, 5), *range(3600, 3660, 5)])).at)
    frame = metrics([*range(20), *range(3600, 3620)])
    drawn = (table := HistoryTable(frame).forward_fill(watched, to_end=False)).drawn(
        table.numbers("current_accuracy")
    )

    assert np.isnan(drawn.values).sum() == 1
    gap = int(np.flatnonzero(np.isnan(drawn.values))[0])
    # It held as long as the machine was read, and begins anew after the pause.
    assert drawn.at[gap - 1] - START == 55.0
    assert drawn.at[gap + 1] - START == 3600.0
    assert drawn.places[gap] == -1


def test_a_line_holds_while_nothing_changes(metrics, system):
    watched = TimeAxis(HistoryTable(system(range(0, 1000, 5))).at)
    frame = metrics([*range(10), *range(500, 510)], current_accuracy=[0.9] * 10 + [0.8] * 10)
    table = HistoryTable(frame).forward_fill(watched, to_end=True)
    drawn = table.drawn(table.numbers("current_accuracy"))

    assert not np.isnan(drawn.values).any()
    seconds = (drawn.at - START).tolist()
    # Level until the moment of the change, and again until the end.
    assert list(zip(seconds, drawn.values.tolist(), strict=True))[9:13] == [
        (9.0, 0.9),
        (500.0, 0.9),
        (500.0, 0.8),
        (501.0, 0.8),
    ]
    assert (seconds[-1], drawn.values[-1]) == (995.0, 0.8)
    assert table.texts("status").tolist() == ["active"] * 22


def test_without_readings_of_the_machine_a_pause_is_a_gap(metrics):
    frame = metrics([*range(10), *range(500, 510)])
    table = HistoryTable(frame).forward_fill(TimeAxis(np.empty(0)), to_end=True)

    assert np.isnan(table.drawn(table.numbers("current_accuracy")).values).sum() == 1


def test_the_way_around_a_band_closes_at_each_gap():
    times = TimeAxis(START + np.array([0.0, 1.0, 2.0, 3.0]))
    low = np.array([1.0, 1.0, np.nan, 1.0])
    at, values = times.outline(low, low + 1)

    assert (at - START)[:4].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert values[:4].tolist() == [2.0, 2.0, 1.0, 1.0]
    assert np.isnan(values).tolist() == [False] * 4 + [True] + [False] * 2 + [True]


def test_moments_are_utc_to_the_millisecond():
    assert moments(np.array([START, np.nan])).astype(str).tolist() == [
        "2026-01-02T03:04:05.000",
        "NaT",
    ]
    (at,) = HistoryTable(pd.DataFrame(index=index([0.25]))).at - START
    assert at == 0.25
