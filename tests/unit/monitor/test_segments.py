"""Accuracy per segment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ipyvitals import Thresholds
from ipyvitals.schema import Segment
from ipyvitals.stats.interval import wilson


def segments_of(monitor):
    """Return labels and accuracy of each segment, in the reported order."""
    return {
        one.name: (one.total_labelled, one.current_accuracy)
        for one in monitor.snapshot().metrics.segments
    }


def test_without_segments_there_are_none(monitor, serve):
    serve(monitor, 50)

    assert monitor.snapshot().metrics.segments == []


def test_a_segment_named_with_each_record(monitor):
    for number in range(40):
        monitor.record(1, 1, segment="EU")
        monitor.record(1, int(number < 10), segment="US")
        monitor.record(1, 0)

    assert segments_of(monitor) == {"EU": (40, 1.0), "US": (40, 0.25)}
    assert monitor.snapshot().metrics.total_labelled == 120


def test_its_interval_stands_beside_it(monitor):
    monitor.record_batch([1] * 40, [1] * 30 + [0] * 10, segment="EU")

    low, high = wilson(0.75, 40)
    assert monitor.snapshot().metrics.segments == [
        Segment(
            name="EU",
            total_labelled=40,
            window_labelled=40,
            current_accuracy=0.75,
            accuracy_low=low,
            accuracy_high=high,
        )
    ]


@pytest.mark.parametrize(
    "kind",
    [list, tuple, np.array, pd.Series, pd.Categorical, lambda names: np.array(names, dtype=object)],
)
def test_one_for_each_row_of_a_batch(monitor, kind):
    names = ["EU", "US"] * 40
    monitor.record_batch([1] * 80, [1, 0] * 40, segment=kind(names))

    assert segments_of(monitor) == {"EU": (40, 1.0), "US": (40, 0.0)}


@pytest.mark.parametrize("segment", ["EU", 7, np.int64(7), 0.5, np.float32(0.5), np.str_("EU")])
def test_one_for_all_rows_of_a_batch(monitor, segment):
    monitor.record_batch([1] * 40, [1] * 40, segment=segment)

    assert segments_of(monitor) == {str(segment): (40, 1.0)}


def test_rows_whose_segment_is_missing_count_without(monitor):
    monitor.record_batch([1] * 40, [1] * 40, segment=[*["EU"] * 36, None, *[float("nan")] * 3])
    monitor.record(1, 1, segment=float("nan"))

    assert segments_of(monitor) == {"EU": (36, 1.0)}
    assert monitor.snapshot().metrics.total_labelled == 41


def test_segments_wait_for_restores_labels(monitor):
    for number in range(30):
        monitor.record(1, id=number, segment="EU")
    ids = monitor.record_batch([1] * 60, ids=True, segment=["US"] * 30 + ["EU"] * 30)
    monitor.label_batch(range(30), [1] * 30)
    monitor.label_batch(ids, [1] * 30 + [0] * 30)

    assert segments_of(monitor) == {"EU": (60, 0.5), "US": (30, 1.0)}


def test_by_true_class(make):
    monitor = make("mail", segment="class")
    monitor.record_batch(["ham"] * 60, ["ham"] * 30 + ["spam"] * 30)
    monitor.record_batch(np.array(["spam"] * 30), np.array(["spam"] * 30))

    # Recall, in other words.
    assert segments_of(monitor) == {"spam": (60, 0.5), "ham": (30, 1.0)}


def test_by_a_function_unless_the_record_names_a_segment(make):
    monitor = make("price", segment=lambda prediction, actual: "dear" if actual > 10 else "cheap")
    for _ in range(30):
        monitor.record(20, 20)
        monitor.record(5, 5)
        monitor.record(20, 19, segment="auction")

    assert segments_of(monitor) == {"dear": (30, 1.0), "cheap": (30, 1.0), "auction": (30, 0.0)}


def test_a_function_that_raises_or_returns_an_unhashable_value_becomes_a_notice(make, notice):
    def segment(prediction, actual):
        return [actual] if actual else 1 / actual

    monitor = make("churn", segment=segment)
    monitor.record(0, 0)
    monitor.record_batch([1, 1], [1, 1])

    assert monitor.snapshot().metrics.total_labelled == 3
    assert segments_of(monitor) == {}
    assert notice(monitor, "segment.failed") == 3


def test_under_thirty_labels_the_accuracy_is_unknown(monitor):
    monitor.record_batch([1] * 29, [1] * 29, segment="EU")
    assert segments_of(monitor) == {"EU": (29, None)}
    monitor.record(1, 1, segment="EU")
    assert segments_of(monitor) == {"EU": (30, 1.0)}


def test_the_twenty_most_frequent_and_all_others(monitor):
    for number in range(25):
        rows = 100 - number if number < 20 else 10
        monitor.record_batch([1] * rows, [1] * rows, segment=number)

    shown = monitor.snapshot().metrics.segments
    assert [one.name for one in shown] == [*map(str, range(20)), ""]
    assert (shown[-1].total_labelled, shown[-1].current_accuracy) == (50, 1.0)


def test_long_names_are_cut(monitor):
    monitor.record(1, 1, segment="x" * 1_000)

    assert segments_of(monitor) == {"x" * 80: (1, None)}


def test_a_window_holds_the_last_labels_of_its_segment(make):
    monitor = make("churn", accuracy_window=50)
    monitor.record_batch([1] * 50, [0] * 50, segment="EU")
    monitor.record_batch([1] * 500, [1] * 500, segment="US")
    monitor.record_batch([1] * 25, [1] * 25, segment="EU")

    assert segments_of(monitor)["EU"] == (75, 0.5)


def test_they_begin_anew_with_a_deployment_and_belong_to_the_active_model(monitor):
    monitor.record_batch([1] * 40, [1] * 40, segment="EU")
    monitor.deploy("challenger")
    assert segments_of(monitor) == {}
    monitor.record_batch([1] * 40, [0] * 40, segment="EU")
    monitor.record_batch([1] * 40, [1] * 40, segment="EU", model_id="churn-2.1")

    assert segments_of(monitor) == {"EU": (40, 0.0)}


def test_a_bad_segment_degrades_nothing_by_itself(make):
    monitor = make("churn", thresholds=Thresholds(accuracy=0.8))
    monitor.record_batch([1] * 100, [1] * 95 + [0] * 5, segment=["EU"] * 95 + ["US"] * 5)

    assert monitor.snapshot().model.status == "active"
