"""Labels that arrive late, early, twice, with an unknown id, and in any order."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals import FakeClock, Monitor
from ipyvitals.schema import LabelsSection


@pytest.fixture
def labels():
    """Return the counts that are not 0, the limit aside."""

    def counts(monitor):
        plain = monitor.snapshot().labels.to_dict()
        return {name: n for name, n in plain.items() if n and name != "pending_limit"}

    return counts


def test_the_truth_comes_later(monitor, accuracy):
    monitor.record("a", id=1)
    monitor.record("b", id=2)
    assert accuracy(monitor) is None
    monitor.label(1, "a")
    monitor.label(2, "x")

    assert accuracy(monitor) == 0.5


@pytest.mark.parametrize(
    "kind", ["bool", "int8", "uint64", "float32", "float64", "U3", "datetime64[ns]", "object"]
)
def test_arrays_are_joined_as_numpy_compares_them(monitor, accuracy, kind):
    predictions, truths = (np.array(values).astype(kind) for values in ([0, 1, 2, 3], [0, 1, 3, 2]))
    ids = monitor.record_batch(predictions, ids=True)
    monitor.label_batch(ids, truths)

    assert accuracy(monitor) == (predictions == truths).mean()


def test_for_batches_too(monitor):
    monitor.record_batch(["a", "b", "c"], ids=[1, 2, 3])
    monitor.label_batch(pd.Series([3, 1]), ["c", "x"])

    metrics = monitor.snapshot().metrics
    assert (metrics.current_accuracy, metrics.total_labelled) == (0.5, 2)


def test_a_label_belongs_to_the_model_that_predicted(monitor):
    monitor.record("a", id=1)
    monitor.deploy("churn", version="2.2")
    monitor.label(1, "a")

    by_id = {model.model_id: model.current_accuracy for model in monitor.models()}
    assert by_id == {"churn-2.1": 1.0, "churn-2.2": None}


def test_the_first_label_wins_and_the_others_are_counted(monitor, notice, accuracy):
    monitor.record("a", id=1)
    monitor.label(1, "a")
    monitor.label(1, "x")
    monitor.record("a", "a", id=2)
    monitor.label(2, "x")
    monitor.label("nobody", "a")

    assert accuracy(monitor) == 1.0
    assert notice(monitor, "labels.duplicate") == 2
    assert notice(monitor, "labels.unknown") == 1


def test_waiting_is_bounded_in_number_and_time(make, clock, notice, accuracy):
    monitor = make(pending_limit=2, label_ttl=10.0)
    for id in range(3):
        monitor.record("a", id=id)
    monitor.label(0, "a")
    assert notice(monitor, "labels.evicted") == 1
    clock.advance(11)
    monitor.tick()
    monitor.label(1, "a")

    assert notice(monitor, "labels.expired") == 2
    assert notice(monitor, "labels.unknown") == 2
    assert accuracy(monitor) is None


def test_a_label_for_a_former_deployment_is_counted_and_in_no_window(monitor, accuracy):
    monitor.deploy("churn", version="2.1")
    monitor.record("a", id=1)
    monitor.deploy("churn", version="2.1")
    monitor.label(1, "x")

    assert accuracy(monitor) is None
    assert monitor.snapshot().metrics.total_labelled == 1


class TestIds:
    def test_a_record_returns_its_id(self, monitor):
        assert monitor.record(1) is None
        assert monitor.record(1, 1) is None
        assert monitor.record(1, id="a") == "a"
        assert monitor.record_batch([1, 1]) is None
        assert monitor.record_batch([1, 1], ids=["b", 7]) == ["b", 7]

    def test_new_ids_join_as_any_other(self, monitor, accuracy, labels):
        first, second = monitor.record("a", id=True), monitor.record("b", id=True)
        monitor.label(second, "b")
        monitor.label(first, "x")
        ids = monitor.record_batch(["a", "b"], ids=True)
        monitor.label_batch(ids, ["a", "b"])

        assert accuracy(monitor) == 0.75
        assert labels(monitor) == {}

    def test_new_ids_of_labelled_predictions_are_settled(self, monitor, labels):
        monitor.label(monitor.record(1, 1, id=True), 0)
        monitor.label(monitor.record_batch([1, 1], [1, 1], ids=True)[1], 0)

        assert labels(monitor) == {"duplicate": 2}

    def test_no_two_are_the_same_over_threads_monitors_and_ids_of_the_users(self, make):
        monitors = [make(name=f"m{number}", pending_limit=100_000) for number in range(2)]
        found, gate = [], threading.Barrier(8)

        def work(monitor):
            gate.wait()
            for _ in range(200):
                found.append(monitor.record(1, id=True))
                found.extend(monitor.record_batch([1, 1], ids=True))

        threads = [threading.Thread(target=work, args=(one,)) for one in monitors * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(found)) == len(found) == 8 * 600
        # A number, as users choose them, never equals a generated id.
        assert all(isinstance(id, str) and not id.isdecimal() for id in found)
        assert [one.snapshot().labels.pending for one in monitors] == [2_400, 2_400]

    def test_the_number_one_is_an_id_of_the_users(self, monitor, accuracy):
        assert monitor.record("a", id=1) == 1
        monitor.label(1, "a")

        assert accuracy(monitor) == 1.0

    def test_rows_without_an_id_are_none(self, monitor):
        assert monitor.record_batch([], ids=True) == []


class TestWhatBecomesOfThem:
    def test_at_first_nothing_waits(self, make):
        assert make(pending_limit=7).snapshot().labels == LabelsSection(pending_limit=7)

    def test_each_fate_has_its_count(self, make, clock, labels):
        monitor = make("churn", pending_limit=3, label_ttl=10.0)
        for id in range(4):
            monitor.record("a", id=id)
        monitor.label(3, "a")
        monitor.label(3, "a")
        monitor.label("nobody", "a")
        assert labels(monitor) == {"pending": 2, "evicted": 1, "duplicate": 1, "unknown": 1}
        clock.advance(10.5)
        assert labels(monitor) == {"expired": 2, "evicted": 1, "duplicate": 1, "unknown": 1}

    def test_each_model_counts_its_own_pending_labels(self, monitor):
        monitor.deploy("challenger")
        for id in range(3):
            monitor.record("a", id=id, model_id="churn-2.1")
        monitor.record("a", id="x")
        monitor.label(0, "a")

        pending = {model.model_id: model.labels_pending for model in monitor.models()}
        assert pending == {"churn-2.1": 2, "challenger": 1}
        assert monitor.snapshot().metrics.labels_pending == 1
        assert monitor.snapshot().labels.pending == 3

    def test_coverage_is_the_share_that_has_a_label(self, monitor):
        monitor.record_batch(["a"] * 8, ids=range(8))
        monitor.label_batch([1, 5], ["a", "x"])

        row = monitor.active_model
        assert row.label_coverage == monitor.snapshot().metrics.label_coverage == 0.25
        assert (row.total_labelled, row.total_predictions) == (2, 8)

    def test_the_delay_is_the_median_of_those_that_came_later(self, make, clock):
        monitor = make(accuracy_window=3)
        assert monitor.snapshot().metrics.median_label_delay_seconds is None
        for id, delay in enumerate([1_000.0, 60.0, 2.0, 4.0]):
            monitor.record("a", id=id)
            clock.advance(delay)
            monitor.label(id, "a")
        monitor.record("a", "a")
        monitor.label("first", "a")
        clock.advance(5.0)
        monitor.record("a", id="first")

        # The last 3 delays; immediate labels and labels before their prediction do not count.
        assert monitor.snapshot().metrics.median_label_delay_seconds == 4.0

    def test_a_wall_clock_that_jumps_changes_no_delay(self, monitor, clock):
        monitor.record("a", id=1)
        clock.advance(3.0)
        clock.set_wall(0.0)
        monitor.label(1, "a")

        assert monitor.snapshot().metrics.median_label_delay_seconds == 3.0


class TestLabelsThatComeFirst:
    @pytest.mark.parametrize("late", [0.0, 1.0, 60.0])
    def test_one_waits_a_minute_for_its_prediction(self, monitor, clock, accuracy, labels, late):
        monitor.label("a", "yes")
        assert labels(monitor) == {"unknown": 1}
        clock.advance(late)
        monitor.record("yes", id="a")

        assert accuracy(monitor) == 1.0
        assert labels(monitor) == {"early": 1}
        monitor.label("a", "no")
        assert labels(monitor) == {"early": 1, "duplicate": 1}

    @pytest.mark.parametrize("looks", [0, 1, 30])
    def test_and_no_longer_whether_somebody_looks_or_not(
        self, monitor, clock, accuracy, labels, looks
    ):
        monitor.label("a", "yes")
        for _ in range(looks):
            clock.advance(61.0 / looks)
            monitor.tick()
        clock.advance(0.0 if looks else 61.0)
        monitor.record("yes", id="a")

        assert accuracy(monitor) is None
        assert labels(monitor) == {"pending": 1, "unknown": 1}

    def test_for_rows_of_a_batch_too(self, monitor, accuracy, labels):
        monitor.label_batch(["a", "c"], [1, 0])
        monitor.record_batch([1, 1, 1], ids=["a", "b", "c"])

        assert accuracy(monitor) == 0.5
        assert labels(monitor) == {"early": 2, "pending": 1}

    def test_it_counts_for_the_model_and_the_segment_of_the_prediction(self, monitor):
        monitor.deploy("challenger")
        monitor.label_batch(["a", "b"], [1, 1])
        monitor.record(1, id="a", model_id="churn-2.1", segment="US")
        monitor.record(1, id="b", segment="EU")

        by_id = {model.model_id: model.total_labelled for model in monitor.models()}
        assert by_id == {"churn-2.1": 1, "challenger": 1}
        assert [one.name for one in monitor.snapshot().metrics.segments] == ["EU"]


class TestDeployments:
    def test_labels_for_a_replaced_deployment_are_in_no_window_of_the_next(
        self, monitor, accuracy, labels
    ):
        monitor.deploy("churn", version="2.1")
        ids = monitor.record_batch([1] * 40, ids=True)
        monitor.deploy("churn", version="2.1")
        monitor.record_batch([1] * 10, [1] * 10)
        monitor.label_batch(ids, [0] * 40)

        metrics = monitor.snapshot().metrics
        assert (metrics.current_accuracy, metrics.window_labelled) == (1.0, 10)
        assert (metrics.total_labelled, metrics.label_coverage) == (50, 1.0)
        assert monitor.snapshot().model.status == "active"
        assert metrics.median_label_delay_seconds is None
        assert labels(monitor) == {}

    def test_a_reset_is_a_new_beginning_too(self, monitor, accuracy):
        monitor.record(1, id="a")
        monitor.reset()
        monitor.label("a", 0)

        assert accuracy(monitor) is None
        assert monitor.snapshot().metrics.total_labelled == 1

    def test_a_retired_model_still_gets_its_labels(self, monitor):
        monitor.record(1, id="a")
        monitor.retire("churn-2.1")
        monitor.label("a", 1)

        assert monitor.active_model.current_accuracy == 1.0
        assert monitor.active_model.status == "stopped"


@given(
    order=st.permutations(range(12)),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    first=st.integers(0, 12),
)
def test_labels_in_any_order_give_the_same_totals(order, cuts, first):
    """Of twelve predictions, `first` are recorded before all labels, the others after them."""
    monitor = Monitor("churn", name="any order", interval=None, clock=FakeClock())
    monitor.record_batch([1] * first, ids=range(first))
    edges = sorted({0, 12, *cuts})
    for start, stop in pairwise(edges):
        ids = order[start:stop]
        monitor.label_batch(ids, np.array(ids) % 3 == 0)
        monitor.snapshot()
    monitor.record_batch([1] * (12 - first), ids=range(first, 12))

    snapshot = monitor.snapshot()
    assert (snapshot.metrics.total_labelled, snapshot.metrics.window_labelled) == (12, 12)
    assert snapshot.metrics.current_accuracy == 4 / 12
    assert snapshot.labels == LabelsSection(pending_limit=10_000, early=12 - first)
    monitor.close()
