"""Batches: the rows of one call."""

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

        # "1" can never equal 1, and None is a missing label.
        assert accuracy(monitor) == 1.0
        assert monitor.snapshot().metrics.total_labelled == 1

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

        assert monitor._queue.batch_values < 5_000_000
        assert monitor.snapshot().metrics.total_predictions == 6_000_000
