"""What one model did, and how it stands."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals.intake.labelling import Labelled
from ipyvitals.intake.model import ModelState
from ipyvitals.status import Thresholds


def make_model(window=100, now=0.0, make_watch=None, **thresholds):
    return ModelState(
        "churn",
        window_size=window,
        thresholds=Thresholds(**thresholds),
        make_watch=make_watch,
        now=now,
        at=100.0,
    )


def wrong(n):
    return Labelled(np.zeros(n, dtype=bool))


def right(n):
    return Labelled(np.ones(n, dtype=bool))


def settle(model):
    """Take what the rules found, as the judge does; return it in short."""
    findings = model.take_findings()
    for finding in findings:
        model.weigh(finding)
    return [(finding.rule, finding.on) for finding in findings]


class TestModelState:
    def test_a_new_model_did_nothing_and_its_health_is_unknown(self):
        model = make_model()
        assert (model.total_predictions, model.total_labelled, model.total_errors) == (0, 0, 0)
        assert (model.lifecycle, model.health, model.cause) == ("registered", "unknown", None)
        assert not model.known

    def test_calls_and_rows_are_counted_apart(self):
        model = make_model()
        model.add_calls(np.array([1.0, 2.0]), np.array([10, 5]))
        model.add_calls(np.array([3.0]))
        assert (model.total_predictions, model.rows.get(3.0), model.calls.get(3.0)) == (16, 16, 3)
        assert type(model.total_predictions) is int
        assert model.last_prediction == 3.0
        assert model.known

    def test_no_calls_are_no_sign_of_life(self):
        model = make_model(now=5.0)
        model.add_calls(np.array([]))
        assert (model.lifecycle, model.last_prediction) == ("registered", 5.0)

    def test_calls_that_come_late_do_not_set_the_last_one_back(self):
        model = make_model()
        model.add_calls(np.array([50.0]))
        model.add_calls(np.array([20.0]))
        assert model.last_prediction == 50.0

    @pytest.mark.parametrize(
        ("before", "after"),
        [("registered", "active"), ("failed", "active"), ("stopped", "stopped")],
    )
    def test_a_prediction_brings_a_model_to_life_unless_it_was_stopped(self, before, after):
        model = make_model()
        model.lifecycle = before
        model.add_calls(np.array([1.0]))
        assert model.lifecycle == after

    def test_good_labels_make_it_healthy_from_thirty_on(self):
        model = make_model()
        model.add_labels(right(29))
        assert model.health == "unknown"
        model.add_labels(right(1))
        assert model.health == "healthy"
        assert settle(model) == []

    def test_a_small_window_is_judged_once_it_is_full(self):
        model = make_model(window=10)
        model.add_labels(right(10))
        assert model.health == "healthy"

    def test_bad_labels_degrade_it_and_good_ones_bring_it_back(self):
        model = make_model()
        model.add_labels(wrong(40))
        assert settle(model) == [("accuracy", True)]
        assert (model.health, model.cause.rule) == ("degraded", "accuracy")
        model.add_labels(right(150))
        assert settle(model) == [("accuracy", False)]
        assert (model.health, model.cause) == ("healthy", None)
        assert model.total_labelled == 190

    def test_all_turns_of_one_batch_are_found_in_order_and_once(self):
        model = make_model()
        model.add_labels(Labelled(np.repeat([False, True, False], [100, 150, 100])))
        assert settle(model) == [("accuracy", True), ("accuracy", False), ("accuracy", True)]
        assert settle(model) == []

    def test_errors_degrade_it_with_the_third_look(self):
        model = make_model(error_rate=0.05)
        model.add_calls(np.full(90, 1.0))
        model.add_errors(np.full(10, 1.0))
        looks = []
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
            looks.append(settle(model))
        assert looks == [[], [], [("error_rate", True)]]
        assert (model.cause.value, model.cause.n) == (0.1, 100)
        assert (model.total_errors, model.total_predictions) == (10, 90)

    def test_failed_calls_alone_are_evidence_too(self):
        model = make_model()
        model.add_errors(np.full(30, 1.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert settle(model) == [("error_rate", True)]
        assert model.cause.value == 1.0

    def test_silence_does_not_heal(self):
        model = make_model()
        model.add_errors(np.full(30, 1.0))
        for now in range(2, 200):
            model.judge(float(now))
        assert settle(model) == [("error_rate", True)]
        assert model.health == "degraded"

    def test_slow_calls_degrade_it_where_latency_has_a_threshold(self):
        for threshold, found in ((0.2, [("latency_p95", True)]), (None, [])):
            model = make_model(latency_p95=threshold)
            model.add_calls(np.full(40, 1.0))
            model.latency.update(np.full(40, 1.0), np.full(40, 0.5))
            for now in (2.0, 3.0, 4.0):
                model.judge(now)
            assert settle(model) == found

    def test_latency_is_judged_by_the_calls_that_were_timed(self):
        model = make_model(latency_p95=0.2)
        model.add_calls(np.full(1_000, 1.0))
        model.latency.update(np.full(29, 1.0), np.full(29, 9.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert settle(model) == []
        model.latency.update(np.full(1, 4.0), np.full(1, 9.0))
        for now in (5.0, 6.0, 7.0):
            model.judge(now)
        assert settle(model) == [("latency_p95", True)]
        assert model.cause.n == 30

    def test_of_two_rules_the_newest_is_the_cause_until_it_recovers(self):
        model = make_model()
        model.add_labels(wrong(60))
        model.add_errors(np.full(30, 1.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert settle(model) == [("accuracy", True), ("error_rate", True)]
        assert model.cause.rule == "error_rate"
        model.add_calls(np.full(10_000, 5.0))
        for now in (6.0, 7.0, 8.0):
            model.judge(now)
        assert settle(model) == [("error_rate", False)]
        assert (model.health, model.cause.rule) == ("degraded", "accuracy")

    def test_rules_that_are_off_find_nothing(self):
        model = make_model(accuracy=None, error_rate=None)
        model.add_labels(wrong(100))
        model.add_errors(np.full(100, 1.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert settle(model) == []

    def test_a_deployment_has_its_own_window_and_verdict_and_totals_go_on(self):
        model = make_model()
        model.add_calls(np.full(60, 1.0))
        model.add_labels(wrong(60))
        settle(model)
        model.deploy(50.0, 150.0)
        assert (model.window.count, model.health, model.cause) == (0, "unknown", None)
        assert (model.deployed_monotonic, model.deployed_at) == (50.0, 150.0)
        assert (model.total_predictions, model.total_labelled) == (60, 60)
        model.add_labels(right(30))
        assert model.health == "healthy"

    def test_what_was_found_of_the_last_deployment_is_not_told_of_the_next(self):
        model = make_model()
        model.add_labels(wrong(60))
        model.deploy(50.0, 150.0)
        assert settle(model) == []
