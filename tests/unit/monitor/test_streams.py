"""A monitor beside a model that learns from a real stream, against river's rolling metrics."""

from __future__ import annotations

import numpy as np
import pytest
from river import datasets, linear_model, metrics, utils

ROWS = 1_000


@pytest.fixture(scope="module")
def stream():
    """Labels of a data set, and the predictions of a model before it learned from each row."""
    model, truths, predictions = linear_model.LogisticRegression(), [], []
    for x, y in datasets.Bananas().take(ROWS):
        predictions.append(model.predict_one(x))
        truths.append(y)
        model.learn_one(x, y)
    return predictions, truths


def test_the_accuracy_is_rivers_with_every_single_label(make, stream):
    monitor, rolling = make("bananas"), utils.Rolling(metrics.Accuracy, 100)
    for prediction, truth in zip(*stream, strict=True):
        monitor.record(prediction, truth)
        rolling.update(truth, prediction)
        assert monitor.snapshot().metrics.current_accuracy == rolling.get()


def test_labels_that_come_late_and_in_disorder_count_in_the_order_in_which_they_come(make, stream):
    monitor, rolling = make("bananas"), utils.Rolling(metrics.Accuracy, 100)
    predictions, truths = stream
    ids = monitor.record_batch(np.array(predictions), ids=True)
    order = np.random.default_rng(2).permutation(ROWS).tolist()
    for start in range(0, ROWS, 50):
        rows = order[start : start + 50]
        monitor.label_batch([ids[row] for row in rows], [truths[row] for row in rows])
        for row in rows:
            rolling.update(truths[row], predictions[row])
        assert monitor.snapshot().metrics.current_accuracy == rolling.get()
    assert monitor.snapshot().labels.pending == 0


def test_two_models_on_one_stream_are_each_rivers(make, stream):
    monitor = make("first")
    monitor.deploy("second")
    predictions, truths = stream
    of = {"first": predictions, "second": [not one for one in predictions]}
    rolling = {model_id: utils.Rolling(metrics.Accuracy, 100) for model_id in of}
    for model_id, predictions in of.items():
        monitor.record_batch(predictions, truths, model_id=model_id)
        for prediction, truth in zip(predictions, truths, strict=True):
            rolling[model_id].update(truth, prediction)
    assert {row.model_id: row.current_accuracy for row in monitor.models()} == {
        model_id: one.get() for model_id, one in rolling.items()
    }
