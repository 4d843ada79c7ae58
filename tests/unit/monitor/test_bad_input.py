"""Invalid input raises with a reason, and nothing of it is counted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ipyvitals import Monitor, Thresholds, UnknownModelError
from ipyvitals.schema import LabelsSection


def assert_untouched(monitor):
    """Assert that nothing was counted, nothing is pending, and there is no notice."""
    snapshot = monitor.snapshot()
    (row,) = snapshot.models
    assert (row.model_id, row.status) == ("churn-2.1", "registered")
    assert (row.total_predictions, row.total_errors, row.total_labelled) == (0, 0, 0)
    assert (row.predictions_per_minute, row.latency_p50_seconds) == (0, None)
    assert snapshot.labels == LabelsSection(pending_limit=10_000)
    assert snapshot.notices == []


class TestBadInput:
    @pytest.mark.parametrize(
        ("kwargs", "error", "message"),
        [
            ({"latency": -0.1}, ValueError, "0 or more"),
            ({"latency": math.nan}, ValueError, "finite"),
            ({"latency": math.inf}, ValueError, "finite"),
            ({"latency": "fast"}, TypeError, "seconds as a number"),
            ({"latency": [0.1, 0.2]}, TypeError, "seconds as a number"),
            ({"latency": np.array([0.1, 0.2])}, TypeError, "seconds as a number"),
            ({"id": ["a"]}, TypeError, "hashable"),
            ({"model_id": "nobody"}, UnknownModelError, "churn-2.1"),
            ({"model_id": ["x"]}, ValueError, "expected a model"),
            ({"segment": ["EU"]}, TypeError, r"segment=\['EU'\]: expected something hashable"),
            ({"segment": {"a": 1}}, TypeError, "expected something hashable"),
            ({"id": True, "segment": []}, TypeError, "expected something hashable"),
            ({"features": 7}, TypeError, "features: expected"),
            ({"features": {1, 2}}, TypeError, "features: expected"),
        ],
    )
    def test_record_raises_with_what_was_expected_and_counts_nothing(
        self, monitor, kwargs, error, message
    ):
        with pytest.raises(error, match=message):
            monitor.record(1, 1, **kwargs)

        assert_untouched(monitor)

    @pytest.mark.parametrize(
        ("args", "kwargs", "error", "message"),
        [
            (([1, 2], [1]), {}, ValueError, r"as many actuals as predictions \(2\), got 1"),
            (([1, 2],), {"ids": [1]}, ValueError, "as many ids"),
            (([1, 2],), {"ids": [1, []]}, TypeError, "hashable"),
            (([1, 2],), {"latency": -1}, ValueError, "0 or more"),
            (([1, 2],), {"model_id": "nobody"}, UnknownModelError, "nobody"),
            ((np.ones((2, 2)),), {}, ValueError, r"shape \(2, 2\)"),
            ((np.float64(1.0),), {}, ValueError, r"shape \(\)"),
            ((1,), {}, TypeError, "use record"),
            (("abc",), {}, TypeError, "use record"),
            (({"a": 1},), {}, TypeError, "one value a row"),
            (([1, 2],), {"ids": False}, TypeError, "ids: expected an array, a list"),
            (([1, 2],), {"ids": "ab"}, TypeError, "ids: expected an array, a list"),
            (([1, 2],), {"segment": ["EU"]}, ValueError, r"as many segments as .* \(2\), got 1"),
            (([1, 2],), {"segment": ["EU", []]}, TypeError, "segment=.*hashable"),
            (([1, 2],), {"segment": {"EU": 1}}, TypeError, "segment: expected an array"),
            (([1, 2],), {"segment": np.ones((2, 2))}, ValueError, r"segment: .*shape \(2, 2\)"),
            (([1, 2],), {"features": np.ones((3, 1))}, ValueError, "features: expected"),
            (([1, 2],), {"features": {"a": [1]}}, ValueError, "expected"),
            (([1, 2],), {"features": 7}, TypeError, "features: expected"),
        ],
    )
    def test_record_batch_too(self, monitor, args, kwargs, error, message):
        for ids in ({}, {"ids": True}):
            with pytest.raises(error, match=message):
                monitor.record_batch(*args, **{**ids, **kwargs})

        assert_untouched(monitor)

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            (lambda m: m.label([], 1), TypeError, "id=.*hashable"),
            (lambda m: m.label_batch([1, 2], [1]), ValueError, r"as ids \(2\), got 1"),
            (lambda m: m.label_batch([1, []], [1, 1]), TypeError, "ids=.*hashable"),
            (lambda m: m.label_batch(1, [1]), TypeError, "ids: expected an array"),
            (lambda m: m.label_batch([1], 1), TypeError, "actuals: expected an array"),
            (lambda m: m.record_error(latency=-1), ValueError, "0 or more"),
            (lambda m: m.record_error(model_id="nobody"), UnknownModelError, "nobody"),
        ],
    )
    def test_labels_and_errors_too(self, monitor, call, error, message):
        with pytest.raises(error, match=message):
            call(monitor)

        assert_untouched(monitor)

    @pytest.mark.parametrize(
        ("kwargs", "error"),
        [
            ({"accuracy_window": 0}, ValueError),
            ({"accuracy_window": 1.5}, TypeError),
            ({"interval": 0}, ValueError),
            ({"interval": "5"}, TypeError),
            ({"metrics_interval": None}, TypeError),
            ({"name": ""}, ValueError),
            ({"name": 5}, TypeError),
            ({"score": 1}, TypeError),
            ({"thresholds": {"accuracy": 0.8}}, TypeError),
            ({"clock": object()}, TypeError),
            ({"label_ttl": -1}, ValueError),
            ({"version": "2.1"}, ValueError),
            ({"trained_at": 1.0}, ValueError),
            ({"task": "ranking"}, ValueError),
            ({"task": None}, ValueError),
            ({"task": "regression"}, ValueError),
            ({"task": "regression", "tolerance": -1}, ValueError),
            ({"task": "regression", "tolerance": math.nan}, ValueError),
            ({"task": "regression", "tolerance": "1"}, TypeError),
            ({"task": "regression", "tolerance": True}, TypeError),
            ({"task": "regression", "tolerance": 1, "score": abs}, ValueError),
            ({"tolerance": 1}, ValueError),
            ({"segment": "country"}, TypeError),
            ({"segment": 7}, TypeError),
            ({"drift": "yes"}, TypeError),
            ({"drift": {"window": 500}}, TypeError),
            ({"pending_limit": 0}, ValueError),
        ],
    )
    def test_the_constructor_too(self, kwargs, error):
        with pytest.raises(error, match="expected"):
            Monitor(**{"interval": None, **kwargs})

    @pytest.mark.parametrize("kwargs", [{"trained_at": "last week"}, {"trained_at": math.nan}])
    def test_moments_that_are_none(self, kwargs):
        with pytest.raises(ValueError, match="expected"):
            Monitor("churn", interval=None, **kwargs)

    def test_a_refused_constructor_leaves_the_old_monitor_alone(self, make):
        monitor = make()
        with pytest.raises(ValueError, match="expected"):
            Monitor(accuracy_window=0)

        assert not monitor.closed

    @pytest.mark.parametrize(
        ("call", "error"),
        [
            (lambda monitor: monitor.deploy(None), TypeError),
            (lambda monitor: monitor.deploy(""), ValueError),
            (lambda monitor: monitor.deploy("m", model_id=""), ValueError),
            (lambda monitor: monitor.deploy("m", baseline_accuracy=94), ValueError),
            (lambda monitor: monitor.deploy("m", trained_at=object()), TypeError),
            (lambda monitor: monitor.deploy("m", baseline_accuracy="0.9"), TypeError),
            (lambda monitor: monitor.deploy("m", deployed_at="yesterday"), ValueError),
            (lambda monitor: monitor.retire("nobody"), ValueError),
            (lambda monitor: monitor.retire(None), TypeError),
            (lambda monitor: monitor.acknowledge("nobody"), ValueError),
            (lambda monitor: setattr(monitor, "thresholds", {"accuracy": 0.8}), TypeError),
            (lambda monitor: setattr(monitor, "thresholds", None), TypeError),
            (lambda monitor: monitor.set_reference([1] * 100), ValueError),
            (lambda monitor: monitor.on("model_gone", print), ValueError),
            (lambda monitor: monitor.on("*", "print"), TypeError),
            (lambda monitor: monitor.track(5), TypeError),
            (lambda monitor: monitor.track([], total=-1), ValueError),
            (lambda monitor: monitor.training(total=1.5), ValueError),
            (lambda monitor: monitor.training(parent="outer"), TypeError),
            (lambda monitor: monitor.training(config=[1]), TypeError),
            (lambda monitor: monitor.training(tags="one"), TypeError),
            (lambda monitor: monitor.training(goals={"wer": "low"}), ValueError),
            (lambda monitor: monitor.training(stop="now"), ValueError),
        ],
    )
    def test_the_others_too(self, monitor, call, error):
        with pytest.raises(error, match="expected"):
            call(monitor)

        assert [model.model_id for model in monitor.models()] == ["churn-2.1"]
        assert monitor.active_model.status in ("registered", "training")
        assert monitor.thresholds == Thresholds()

    def test_labels_of_another_kind_warn_once_on_the_users_own_line(
        self, monitor, notice, accuracy
    ):
        monitor.record("1", 1)
        monitor.tick()
        with pytest.warns(match="can never be equal") as warned:
            monitor.record("1", 1)
        assert warned[0].filename == __file__
        monitor.record("1", 1)

        assert accuracy(monitor) == 0.0
        assert monitor.snapshot().metrics.total_predictions == 3
        assert notice(monitor, "labels.kind") == 1

    def test_in_a_batch_the_warning_comes_at_once(self, monitor):
        with pytest.warns(match="strings and labels are numbers"):
            monitor.record_batch(["1", "0"], [1, 0])

    def test_scores_that_are_none_are_counted_and_not_raised(self, make, notice):
        monitor = make(score=lambda prediction, actual: prediction)
        monitor.record(0.25, 0)
        monitor.record(7, 0)
        monitor.record("x", 0)

        metrics = monitor.snapshot().metrics
        assert (metrics.current_accuracy, metrics.total_predictions) == (0.25, 3)
        assert notice(monitor, "score.range") == 1
        assert notice(monitor, "score.failed") == 1

    def test_a_record_made_by_a_score_function_counts_later(self, make):
        def score(prediction, actual):
            if prediction == "outer":
                monitor.record("inner", "inner")
            return 1.0

        monitor = make(score=score)
        monitor.record("outer", "outer")

        monitor.snapshot()
        assert monitor.snapshot().metrics.total_predictions == 2
