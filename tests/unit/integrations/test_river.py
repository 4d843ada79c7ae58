"""River's predictions are recorded as river counts them."""

from __future__ import annotations

import copy

import pytest
from river import datasets, dummy, evaluate, linear_model, metrics, preprocessing, stats, tree

from ipyvitals import Monitor
from ipyvitals.integrations.river import VitalsMetric
from ipyvitals.monitor.names import monitor_names


@pytest.fixture
def rows():
    return list(datasets.Phishing().take(300))


def logistic():
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


def counts(monitor):
    found = monitor.snapshot().metrics
    return found.total_predictions, found.window_labelled, found.current_accuracy


def test_each_prediction_is_recorded_and_the_metric_is_river_s(monitor, rows):
    metric = VitalsMetric(monitor)
    found = evaluate.progressive_val_score(rows, logistic(), metric)
    own = evaluate.progressive_val_score(rows, logistic(), metrics.Accuracy())

    assert repr(found) == repr(own)
    assert metric.get() == own.get()
    total, labelled, accuracy = counts(monitor)
    assert (total, labelled) == (300, 100)
    assert accuracy is not None


def test_all_predictions_have_river_s_accuracy(rows):
    monitor = Monitor(interval=None, store=None, terminal=False, accuracy_window=300)
    metric = VitalsMetric(monitor)
    evaluate.progressive_val_score(rows, logistic(), metric)

    assert counts(monitor)[2] == pytest.approx(metric.get())
    monitor.close()


def test_a_row_without_a_prediction_is_none(monitor, rows):
    metric = VitalsMetric(monitor)
    evaluate.progressive_val_score(rows, tree.HoeffdingTreeClassifier(), metric)

    assert counts(monitor)[0] == 299


def test_of_probabilities_the_likeliest_class_is_recorded(monitor, rows):
    metric = VitalsMetric(monitor, metrics.LogLoss())
    own = evaluate.progressive_val_score(rows, logistic(), metrics.LogLoss())
    evaluate.progressive_val_score(rows, logistic(), metric)

    assert metric.get() == own.get()
    assert not metric.bigger_is_better
    assert counts(monitor)[1] == 100


def test_several_metrics_are_one(monitor, rows):
    several = metrics.Accuracy() + metrics.F1()
    metric = evaluate.progressive_val_score(rows, logistic(), VitalsMetric(monitor, several))

    assert metric.get() == several.get()
    assert counts(monitor)[0] == 300


def test_delayed_labels_are_recorded_when_they_come(monitor, rows):
    metric = VitalsMetric(monitor)
    evaluate.progressive_val_score(rows, logistic(), metric, moment=None, delay=10)

    assert counts(monitor)[0] == 300


def test_a_regressor_has_no_accuracy_unless_the_monitor_scores_numbers(monitor):
    rows = [({"x": 1.0}, float(n % 3)) for n in range(50)]
    model = dummy.StatisticRegressor(stats.Mean())
    metric = evaluate.progressive_val_score(rows, model, VitalsMetric(monitor))
    assert isinstance(metric.metric, metrics.MAE)
    assert counts(monitor) == (50, 0, None)

    scoring = Monitor(interval=None, store=None, terminal=False, task="regression", tolerance=0.5)
    evaluate.progressive_val_score(rows, model, VitalsMetric(scoring))
    assert counts(scoring)[1] == 50
    scoring.close()


def test_without_a_monitor_one_is_made_and_named_after_the_model(no_monitor, rows):
    evaluate.progressive_val_score(rows, logistic(), VitalsMetric())

    made = monitor_names.newest()
    assert made.name == "LogisticRegression"
    assert counts(made)[0] == 300
    made.close()


def test_a_closed_monitor_is_left_alone(rows):
    monitor = Monitor(interval=None, store=None, terminal=False)
    monitor.close()
    metric = evaluate.progressive_val_score(rows, logistic(), VitalsMetric(monitor))

    assert metric.get() > 0.5


def test_a_copy_has_a_metric_of_its_own_and_a_reverted_prediction_stays(monitor):
    metric = VitalsMetric(monitor)
    metric.update(True, True)
    other = copy.deepcopy(metric)
    other.update(True, False)
    assert (metric.get(), other.get()) == (1.0, 0.5)

    other.revert(True, False)
    assert other.get() == 1.0
    assert counts(monitor)[0] == 2
