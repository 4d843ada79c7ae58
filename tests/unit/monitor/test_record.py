"""Metrics of single predictions."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from ipyvitals.ingest.queue import MAX_QUEUED_RECORDS


class TestBeforeAnything:
    def test_nothing_is_known_and_nothing_is_zero_that_was_not_counted(self, make):
        snapshot = make().snapshot()

        assert snapshot.metrics.current_accuracy is None
        assert snapshot.metrics.latency_p95_seconds is None
        assert snapshot.metrics.label_coverage is None
        assert snapshot.system.cpu_percent is None
        assert snapshot.metrics.predictions_per_minute == 0
        assert snapshot.model.name is None
        assert snapshot.model.status == "registered"
        assert (snapshot.training.stage, snapshot.training.details) == ("Ready", "System ready")
        assert snapshot.training.progress == 100.0

    def test_a_monitor_without_a_model_has_no_models(self, make):
        monitor = make()

        assert monitor.models() == []
        assert monitor.active_model is None

    def test_a_named_model_is_registered_and_not_deployed(self, monitor, events_of):
        assert monitor.active_model.model_id == "churn-2.1"
        assert monitor.active_model.status == "registered"
        assert monitor.active_model.deployed_at is None
        assert monitor.snapshot().model.uptime_seconds is None
        assert events_of(monitor, "model_deployed") == []

    def test_a_model_object_is_named_after_its_type(self, make):
        class GradientBoosting:
            pass

        assert make(GradientBoosting()).active_model.name == "GradientBoosting"

    @pytest.mark.parametrize(
        "trained_at",
        [
            1_700_000_000.0,
            "2023-11-14T22:13:20+00:00",
            datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
            pd.Timestamp("2023-11-14T22:13:20Z"),
            np.datetime64("2023-11-14T22:13:20"),
        ],
    )
    def test_moments_come_in_many_forms(self, make, trained_at):
        snapshot = make("churn", trained_at=trained_at).snapshot()

        assert snapshot.model.trained_at == 1_700_000_000.0


class TestRecord:
    def test_the_first_prediction_makes_a_model_live(self, monitor, moves):
        monitor.record("stays", "stays")

        assert monitor.snapshot().model.status == "active"
        assert moves(monitor) == [("registered", "active", "First prediction")]

    def test_predictions_without_a_model_are_counted(self, make):
        monitor = make()
        monitor.record(1, 1)

        assert [model.model_id for model in monitor.models()] == ["default"]
        assert monitor.snapshot().metrics.total_predictions == 1

    def test_an_unlabelled_prediction_is_never_wrong(self, monitor):
        monitor.record(1)
        monitor.record(1, 1)

        metrics = monitor.snapshot().metrics
        assert metrics.current_accuracy == 1.0
        assert (metrics.window_labelled, metrics.label_coverage) == (1, 0.5)

    @pytest.mark.parametrize(
        ("prediction", "actual", "expected"),
        [
            (None, None, 1.0),
            (None, 0, 0.0),
            (math.nan, 1.0, 0.0),
            (np.int64(3), 3, 1.0),
            (np.True_, True, 1.0),
            (np.str_("a"), "a", 1.0),
            ("a", "b", 0.0),
        ],
    )
    def test_equality(self, monitor, prediction, actual, expected, accuracy):
        monitor.record(prediction, actual)

        assert accuracy(monitor) == expected

    def test_accuracy_is_that_of_the_last_labels(self, make, accuracy):
        monitor = make(accuracy_window=4)
        for actual in (0, 0, 0, 1, 1, 1):
            monitor.record(1, actual)

        assert accuracy(monitor) == 0.75

    def test_the_interval_stands_beside_the_accuracy(self, monitor, serve):
        serve(monitor, 94, 6)

        metrics = monitor.snapshot().metrics
        assert metrics.window_labelled == 100
        assert metrics.accuracy_low == pytest.approx(0.8752, abs=1e-4)
        assert metrics.accuracy_high == pytest.approx(0.9722, abs=1e-4)

    def test_rates_are_those_of_the_last_minute(self, monitor, clock, serve):
        serve(monitor, 10)
        assert monitor.snapshot().metrics.warming
        clock.advance(30)
        monitor.record(1)
        assert monitor.snapshot().metrics.predictions_per_minute == 11
        assert monitor.snapshot().metrics.calls_per_minute == 2
        clock.advance(31)

        metrics = monitor.snapshot().metrics
        assert not metrics.warming
        assert metrics.predictions_per_minute == 1
        clock.advance(60)
        assert monitor.snapshot().metrics.predictions_per_minute == 0

    def test_latency_is_that_of_calls(self, monitor):
        for milliseconds in range(1, 101):
            monitor.record(1, latency=milliseconds / 1000)
        monitor.record(1)

        metrics = monitor.snapshot().metrics
        assert metrics.latency_p50_seconds == pytest.approx(0.050, rel=0.01)
        assert metrics.latency_p95_seconds == pytest.approx(0.095, rel=0.01)
        assert metrics.latency_p99_seconds == pytest.approx(0.099, rel=0.01)

    def test_a_full_queue_is_drained_by_the_recording_thread(self, monitor):
        for _ in range(3 * MAX_QUEUED_RECORDS):
            monitor.record(1, 1)

        assert len(monitor._queue.entries) <= MAX_QUEUED_RECORDS
        assert monitor.snapshot().metrics.total_predictions == 3 * MAX_QUEUED_RECORDS

    def test_a_prediction_can_belong_to_a_model_that_is_not_active(self, monitor):
        monitor.deploy("churn", version="2.2")
        monitor.record(1, 0, model_id="churn-2.1")
        monitor.record(1, 1)

        totals = {model.model_id: model.current_accuracy for model in monitor.models()}
        assert totals == {"churn-2.1": 0.0, "churn-2.2": 1.0}

    def test_errors_are_counted_apart(self, monitor):
        monitor.record(1, 1, latency=0.1)
        monitor.record_error(TimeoutError("no answer"), latency=9.0)

        metrics = monitor.snapshot().metrics
        assert (metrics.total_errors, metrics.errors_per_minute) == (1, 1)
        assert (metrics.total_predictions, metrics.predictions_per_minute) == (1, 1)
        assert metrics.latency_p99_seconds == pytest.approx(0.1, rel=0.01)
        assert "TimeoutError: no answer" in monitor.snapshot().notices[0].message

    def test_32_threads_at_once_give_exact_totals(self, make):
        monitor = make(accuracy_window=100, interval=0.1, metrics_interval=0.1, clock=None)
        each = 4_000
        gate = threading.Barrier(32)

        def work(number):
            gate.wait()
            for i in range(each):
                if number % 2:
                    monitor.record(i, i, latency=0.001)
                else:
                    monitor.record(i, id=(number, i))
                    monitor.label((number, i), i)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        metrics = monitor.snapshot().metrics
        assert metrics.total_predictions == 32 * each
        assert metrics.total_labelled == 32 * each
        assert metrics.current_accuracy == 1.0
        assert monitor.snapshot().notices == []
