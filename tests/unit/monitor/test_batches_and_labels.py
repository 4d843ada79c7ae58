"""Rows of one call, and labels that come later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ipyvitals import Thresholds


class TestRecordBatch:
    @pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, pd.Index])
    def test_rows_come_in_many_forms(self, monitor, kind):
        monitor.record_batch(kind([1, 0, 1, 1]), kind([1, 0, 0, 1]), latency=0.002)

        metrics = monitor.snapshot().metrics
        assert metrics.current_accuracy == 0.75
        assert (metrics.predictions_per_minute, metrics.calls_per_minute) == (4, 1)
        assert metrics.latency_p50_seconds == pytest.approx(0.002, rel=0.01)

    def test_lists_of_mixed_types_stay_as_they_are(self, monitor, accuracy):
        with pytest.warns(match="can never be equal"):
            monitor.record_batch([1, "a", None], ["1", "a", None])

        assert accuracy(monitor) == pytest.approx(2 / 3)

    def test_a_list_against_an_array(self, monitor, accuracy):
        monitor.record_batch(["a", "b"], np.array(["a", "c"]))

        assert accuracy(monitor) == 0.5

    def test_a_batch_of_nothing_is_nothing(self, monitor):
        monitor.record_batch([], [])
        monitor.record_batch(np.array([]), latency=0.1)

        snapshot = monitor.snapshot()
        assert snapshot.metrics.total_predictions == 0
        assert snapshot.metrics.latency_p50_seconds is None
        assert snapshot.model.status == "registered"

    def test_batches_and_single_labels_keep_their_order(self, make, accuracy):
        monitor = make(accuracy_window=2)
        monitor.record(1, 0)
        monitor.record_batch([1, 1], [0, 1])
        monitor.record(1, 1)

        assert accuracy(monitor) == 1.0

    def test_a_large_batch_is_judged_label_by_label(self, make, moves, accuracy):
        monitor = make(thresholds=Thresholds(accuracy=0.8))
        right = np.ones(200_000, dtype=int)
        truth = right.copy()
        truth[100_000:100_060] = 0
        monitor.record_batch(right, right)
        monitor.record_batch(right, truth)

        assert [(old, new) for old, new, _ in moves(monitor)] == [
            ("registered", "active"),
            ("active", "degraded"),
            ("degraded", "active"),
        ]
        assert accuracy(monitor) == 1.0

    def test_what_waits_is_bounded_by_rows_too(self, monitor):
        rows = np.ones(1_000_000, dtype=np.int8)
        for _ in range(6):
            monitor.record_batch(rows, rows)

        assert monitor._inbox.rows < 5_000_000
        assert monitor.snapshot().metrics.total_predictions == 6_000_000


class TestLateLabels:
    def test_the_truth_comes_later(self, monitor, accuracy):
        monitor.record("a", id=1)
        monitor.record("b", id=2)
        assert accuracy(monitor) is None
        monitor.label(1, "a")
        monitor.label(2, "x")

        assert accuracy(monitor) == 0.5

    def test_for_batches_too(self, monitor):
        monitor.record_batch(["a", "b", "c"], ids=[1, 2, 3])
        monitor.label_batch(pd.Series([3, 1]), ["c", "x"])

        metrics = monitor.snapshot().metrics
        assert (metrics.current_accuracy, metrics.total_labelled) == (0.5, 2)

    def test_a_label_belongs_to_the_model_that_predicted(self, monitor):
        monitor.record("a", id=1)
        monitor.deploy("churn", version="2.2")
        monitor.label(1, "a")

        by_id = {model.model_id: model.current_accuracy for model in monitor.models()}
        assert by_id == {"churn-2.1": 1.0, "churn-2.2": None}

    def test_the_first_label_wins_and_the_others_are_counted(self, monitor, notice, accuracy):
        monitor.record("a", id=1)
        monitor.label(1, "a")
        monitor.label(1, "x")
        monitor.record("a", "a", id=2)
        monitor.label(2, "x")
        monitor.label("nobody", "a")

        assert accuracy(monitor) == 1.0
        assert notice(monitor, "labels.duplicate") == 2
        assert notice(monitor, "labels.unknown") == 1

    def test_waiting_is_bounded_in_number_and_time(self, make, clock, notice, accuracy):
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

    def test_a_label_for_a_former_deployment_is_counted_and_in_no_window(self, monitor, accuracy):
        monitor.deploy("churn", version="2.1")
        monitor.record("a", id=1)
        monitor.deploy("churn", version="2.1")
        monitor.label(1, "x")

        assert accuracy(monitor) is None
        assert monitor.snapshot().metrics.total_labelled == 1
