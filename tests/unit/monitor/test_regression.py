"""Models that predict a number: their errors, and whether those are within the tolerance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ipyvitals import Thresholds


@pytest.fixture
def monitor(make):
    return make("price", task="regression", tolerance=10.0, accuracy_window=100)


def test_the_errors_stand_beside_the_share_within_the_tolerance(monitor):
    monitor.record(105.0, 100.0)
    monitor.record(90, 100)
    monitor.record(np.float32(130.0), 100.0)

    metrics = monitor.snapshot().metrics
    assert (metrics.task, metrics.tolerance) == ("regression", 10.0)
    assert metrics.current_accuracy == pytest.approx(2 / 3)
    assert metrics.mae == 15.0
    assert metrics.rmse == pytest.approx(np.sqrt((25 + 100 + 900) / 3))
    row = monitor.active_model
    assert (row.mae, row.rmse, row.current_accuracy) == (
        metrics.mae,
        metrics.rmse,
        metrics.current_accuracy,
    )


def test_a_classifier_has_no_errors(make):
    monitor = make("churn")
    monitor.record(1, 0)

    metrics = monitor.snapshot().metrics
    assert (metrics.task, metrics.tolerance) == ("classification", None)
    assert (metrics.mae, metrics.rmse) == (None, None)


def test_before_the_first_label_no_error_is_known(monitor):
    monitor.record(105.0)

    metrics = monitor.snapshot().metrics
    assert (metrics.current_accuracy, metrics.mae, metrics.rmse) == (None, None, None)


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_errors_are_those_of_the_last_labels_however_they_come(make, kind):
    rng = np.random.default_rng(5)
    predictions, actuals = rng.normal(100, 20, 250), rng.normal(100, 20, 250)
    monitor = make("price", task="regression", tolerance=15, accuracy_window=60)
    for prediction, actual in zip(predictions[:50], actuals[:50], strict=True):
        monitor.record(prediction, actual)
    monitor.record_batch(kind(predictions[50:210]), kind(actuals[50:210]))
    ids = monitor.record_batch(kind(predictions[210:]), ids=True)
    monitor.label_batch(ids, kind(actuals[210:]))

    off = predictions[-60:] - actuals[-60:]
    metrics = monitor.snapshot().metrics
    assert metrics.mae == np.abs(off).mean()
    assert metrics.rmse == np.sqrt((off**2).mean())
    assert metrics.current_accuracy == (np.abs(off) <= 15).mean()
    assert (metrics.window_labelled, metrics.total_labelled) == (60, 250)


def test_what_is_no_number_is_counted_as_a_notice_and_nowhere_else(monitor, notice):
    monitor.record(100.0, 100.0)
    monitor.record(None, 100.0)
    monitor.record(100.0, "dear")
    monitor.record_batch([1.0, float("nan")], [1.0, 1.0])

    metrics = monitor.snapshot().metrics
    assert (metrics.total_predictions, metrics.total_labelled) == (5, 2)
    assert (metrics.current_accuracy, metrics.mae) == (1.0, 0.0)
    assert notice(monitor, "labels.not_a_number") == 3


def test_too_many_far_off_degrade_it(make, moves):
    monitor = make("price", task="regression", tolerance=1, thresholds=Thresholds(accuracy=0.9))
    monitor.record_batch(np.full(100, 5.0), np.full(100, 5.5))
    monitor.record_batch(np.full(60, 5.0), np.full(60, 9.0))

    assert moves(monitor)[-1] == ("active", "degraded", "Accuracy dropped below threshold")


def test_a_score_of_the_users_needs_no_tolerance(make):
    def score(prediction, actual):
        return max(0.0, 1.0 - abs(prediction - actual) / actual)

    monitor = make("price", task="regression", score=score)
    monitor.record(75.0, 100.0)
    monitor.record_batch(np.array([150.0]), np.array([100.0]))

    metrics = monitor.snapshot().metrics
    assert metrics.current_accuracy == pytest.approx((0.75 + 0.5) / 2)
    assert (metrics.tolerance, metrics.mae) == (None, 37.5)


def test_a_new_deployment_has_errors_of_its_own(monitor):
    monitor.record(200.0, 100.0)
    monitor.deploy("price", version="2")
    monitor.record(101.0, 100.0)

    assert {model.model_id: model.mae for model in monitor.models()} == {
        "price": 100.0,
        "price-2": 1.0,
    }
    monitor.deploy("price", version="2")
    assert monitor.snapshot().metrics.mae is None
