"""What one model did, and how it stands."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals.health import DriftCheck, ErrorChange, Thresholds
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.scored_labels import ScoredLabels


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
    return ScoredLabels(np.zeros(n, dtype=bool))


def right(n):
    return ScoredLabels(np.ones(n, dtype=bool))


def update_status(model):
    """Take what the rules found, as the judge does; return it in short."""
    findings = model.take_findings()
    for finding in findings:
        model.apply(finding)
    return [(finding.rule, finding.on) for finding in findings]


class TestModelState:
    def test_a_new_model_did_nothing_and_its_health_is_unknown(self):
        model = make_model()
        assert (model.total_predictions, model.total_labelled, model.total_errors) == (0, 0, 0)
        assert (model.lifecycle, model.health, model.primary_alert) == (
            "registered",
            "unknown",
            None,
        )
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
        assert update_status(model) == []

    def test_a_small_window_is_judged_once_it_is_full(self):
        model = make_model(window=10)
        model.add_labels(right(10))
        assert model.health == "healthy"

    def test_bad_labels_degrade_it_and_good_ones_bring_it_back(self):
        model = make_model()
        model.add_labels(wrong(40))
        assert update_status(model) == [("accuracy", True)]
        assert (model.health, model.primary_alert.rule) == ("degraded", "accuracy")
        model.add_labels(right(150))
        assert update_status(model) == [("accuracy", False)]
        assert (model.health, model.primary_alert) == ("healthy", None)
        assert model.total_labelled == 190

    def test_all_turns_of_one_batch_are_found_in_order_and_once(self):
        model = make_model()
        model.add_labels(ScoredLabels(np.repeat([False, True, False], [100, 150, 100])))
        assert update_status(model) == [("accuracy", True), ("accuracy", False), ("accuracy", True)]
        assert update_status(model) == []

    def test_errors_degrade_it_with_the_third_look(self):
        model = make_model(error_rate=0.05)
        model.add_calls(np.full(90, 1.0))
        model.add_errors(np.full(10, 1.0))
        looks = []
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
            looks.append(update_status(model))
        assert looks == [[], [], [("error_rate", True)]]
        assert (model.primary_alert.value, model.primary_alert.n) == (0.1, 100)
        assert (model.total_errors, model.total_predictions) == (10, 90)

    def test_failed_calls_alone_are_evidence_too(self):
        model = make_model()
        model.add_errors(np.full(30, 1.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert update_status(model) == [("error_rate", True)]
        assert model.primary_alert.value == 1.0

    def test_silence_does_not_heal(self):
        model = make_model()
        model.add_errors(np.full(30, 1.0))
        for now in range(2, 200):
            model.judge(float(now))
        assert update_status(model) == [("error_rate", True)]
        assert model.health == "degraded"

    def test_slow_calls_degrade_it_where_latency_has_a_threshold(self):
        for threshold, found in ((0.2, [("latency_p95", True)]), (None, [])):
            model = make_model(latency_p95=threshold)
            model.add_calls(np.full(40, 1.0))
            model.latency.update(np.full(40, 1.0), np.full(40, 0.5))
            for now in (2.0, 3.0, 4.0):
                model.judge(now)
            assert update_status(model) == found

    def test_latency_is_judged_by_the_calls_that_were_timed(self):
        model = make_model(latency_p95=0.2)
        model.add_calls(np.full(1_000, 1.0))
        model.latency.update(np.full(29, 1.0), np.full(29, 9.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert update_status(model) == []
        model.latency.update(np.full(1, 4.0), np.full(1, 9.0))
        for now in (5.0, 6.0, 7.0):
            model.judge(now)
        assert update_status(model) == [("latency_p95", True)]
        assert model.primary_alert.n == 30

    def test_of_two_rules_the_newest_is_the_cause_until_it_recovers(self):
        model = make_model()
        model.add_labels(wrong(60))
        model.add_errors(np.full(30, 1.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert update_status(model) == [("accuracy", True), ("error_rate", True)]
        assert model.primary_alert.rule == "error_rate"
        model.add_calls(np.full(10_000, 5.0))
        for now in (6.0, 7.0, 8.0):
            model.judge(now)
        assert update_status(model) == [("error_rate", False)]
        assert (model.health, model.primary_alert.rule) == ("degraded", "accuracy")

    def test_of_the_two_about_accuracy_the_threshold_is_the_cause(self):
        model = make_model(accuracy=0.8, baseline_drop=0.05)
        model.set_facts(baseline_accuracy=0.95)
        right = np.ones(100, dtype=bool)
        model.add_labels(ScoredLabels(right))
        model.add_labels(ScoredLabels(np.tile([True] * 17 + [False] * 3, 6)))
        assert update_status(model) == [("baseline", True)]
        assert model.primary_alert.rule == "baseline"
        model.add_labels(wrong(60))
        assert update_status(model) == [("accuracy", True)]
        assert model.primary_alert.rule == "accuracy"

    def test_rules_that_are_off_find_nothing(self):
        model = make_model(accuracy=None, error_rate=None)
        model.add_labels(wrong(100))
        model.add_errors(np.full(100, 1.0))
        for now in (2.0, 3.0, 4.0):
            model.judge(now)
        assert update_status(model) == []

    def test_a_deployment_has_its_own_window_and_verdict_and_totals_go_on(self):
        model = make_model()
        model.add_calls(np.full(60, 1.0))
        model.add_labels(wrong(60))
        update_status(model)
        model.deploy(50.0, 150.0)
        assert (model.window.count, model.health, model.primary_alert) == (0, "unknown", None)
        assert (model.deployed_monotonic, model.deployed_at) == (50.0, 150.0)
        assert (model.total_predictions, model.total_labelled) == (60, 60)
        model.add_labels(right(30))
        assert model.health == "healthy"

    def test_what_was_found_of_the_last_deployment_is_not_told_of_the_next(self):
        model = make_model()
        model.add_labels(wrong(60))
        model.deploy(50.0, 150.0)
        assert update_status(model) == []

    def test_labels_bring_errors_and_segments_where_there_are_any(self):
        model = make_model()
        assert model.segments is None
        residuals = np.array([1.0, -3.0])
        model.add_labels(ScoredLabels(np.array([1.0, 0.0]), residuals, ["EU", "US"]))
        assert (model.residuals.mae, model.window.mean) == (2.0, 0.5)
        assert {name: one.total for name, one in model.segments.get()} == {"EU": 1, "US": 1}
        model.deploy(50.0, 150.0)
        assert (model.residuals.mae, model.segments) == (None, None)

    def test_no_labels_are_no_news(self):
        model = make_model()
        model.dormant = True
        model.add_labels(right(0))
        assert model.dormant

    def test_labels_of_a_former_deployment_are_in_the_total_alone(self):
        model = make_model()
        model.add_stale_labels(60)
        assert (model.total_labelled, model.window.count, model.health) == (60, 0, "unknown")

    def test_each_deployment_and_each_reset_is_another(self):
        model = make_model()
        numbers = [model.deployment]
        for anew in (lambda: model.deploy(1.0, 1.0), model.reset):
            anew()
            numbers.append(model.deployment)
        assert len(set(numbers)) == 3

    def test_the_delay_is_that_of_as_many_labels_as_the_window_holds(self):
        model = make_model(window=3)
        assert model.median_delay_seconds is None
        model.add_delays([100.0, 2.0])
        assert model.median_delay_seconds == 51.0
        model.add_delays([1.0, 4.0])
        assert model.median_delay_seconds == 2.0

    def test_a_baseline_is_a_second_threshold(self):
        model = make_model(accuracy=0.5, baseline_drop=0.1)
        assert model.accuracy_threshold == 0.5
        model.set_facts(name="churn", baseline_accuracy=0.95)
        assert model.accuracy_threshold == pytest.approx(0.85)
        model.add_labels(ScoredLabels(np.repeat([True, False], [70, 40])))
        assert update_status(model) == [("baseline", True)]
        model.adjust(Thresholds(accuracy=None, baseline_drop=None))
        assert update_status(model) == [("baseline", False)]
        assert model.accuracy_threshold is None

    def test_a_baseline_below_the_drop_is_a_threshold_of_nothing(self):
        model = make_model(accuracy=None, baseline_drop=0.5)
        model.set_facts(baseline_accuracy=0.25)
        model.add_labels(wrong(100))
        assert model.accuracy_threshold == 0.0
        assert update_status(model) == []

    def test_what_was_told_once_stays_told(self):
        model = make_model()
        model.set_facts(name="churn", version="2.1", trained_at=5.0, baseline_accuracy=0.9)
        model.set_facts(name="churn", version=None, trained_at=None)
        assert (model.version, model.trained_at, model.baseline_accuracy) == ("2.1", 5.0, 0.9)


class FakeWatch:
    """Finds what it is told to find."""

    def __init__(self, hold):
        self.hold = hold
        self.rows, self.errors, self.references = [], [], []
        self.looks, self.changes = [], []
        self.resets = 0

    def update(self, predictions, features):
        self.rows.append((predictions, features))

    def update_errors(self, scores):
        self.errors += scores.tolist()

    def take_checks(self):
        looks, self.looks = self.looks, []
        return looks

    def take_error_changes(self):
        changes, self.changes = self.changes, []
        return changes

    def reset(self):
        self.resets += 1

    def set_reference(self, predictions, features):
        self.references.append((predictions, features))


class TestWatch:
    def test_it_sees_rows_and_scores_and_each_deployment_has_its_own(self):
        model = make_model(make_watch=FakeWatch)
        first = model.watch
        model.add_rows([1, 0], {"age": [31, 47]})
        model.add_labels(right(2))
        assert (first.rows, first.errors) == ([([1, 0], {"age": [31, 47]})], [True, True])
        model.reset()
        assert model.watch is first
        assert first.resets == 2
        model.deploy(50.0, 150.0)
        assert model.watch is not first

    def test_it_is_told_how_long_a_verdict_takes(self):
        assert make_model(make_watch=FakeWatch, look_hold=7).watch.hold == 7

    def test_what_it_finds_degrades_the_model_with_the_third_look(self):
        model = make_model(make_watch=FakeWatch)
        model.watch.looks = [DriftCheck(None, 0.3, 0.2, 500)] * 3
        model.judge(1.0)
        assert update_status(model) == [("drift", True)]
        assert (model.health, model.primary_alert.value, model.primary_alert.n) == (
            "degraded",
            0.3,
            500,
        )

    def test_another_reference_is_a_new_beginning(self):
        model = make_model(make_watch=FakeWatch)
        model.watch.looks = [DriftCheck(None, 0.3, 0.2, 500)] * 3
        model.judge(1.0)
        update_status(model)
        model.dormant = True
        model.set_reference([1, 0], None)
        assert model.watch.references == [([1, 0], None)]
        assert model.health == "unknown"
        # Its status is to be settled anew.
        assert not model.dormant

    def test_and_none_as_to_errors(self):
        model = make_model(make_watch=FakeWatch)
        model.watch.changes = [ErrorChange(rising=True, value=0.4, threshold=0.1, n=200)]
        model.judge(1.0)
        assert update_status(model) == [("error_drift", True)]
        model.set_reference([1, 0], None)
        assert model.health == "degraded"
        model.watch.changes = [ErrorChange(rising=False, value=0.1, threshold=0.4, n=200)]
        model.judge(2.0)
        assert update_status(model) == [("error_drift", False)]
        assert model.health == "unknown"

    def test_without_one_nothing_is_watched(self):
        model = make_model()
        model.add_rows([1], None)
        model.set_reference([1], None)
        model.judge(1.0)
        assert update_status(model) == []
