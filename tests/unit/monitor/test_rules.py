"""Every rule turns a model's status with its evidence; thresholds change while it runs."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals import Drift, Thresholds, health

OFF = {"accuracy": None, "baseline_drop": None, "error_rate": None, "idle": None}


class Rules:
    """A rule: the settings that it needs, how it is raised, and the reason that is reported."""

    accuracy = Thresholds(**{**OFF, "accuracy": 0.8})
    baseline = Thresholds(**{**OFF, "baseline_drop": 0.1})
    error_rate = Thresholds(**{**OFF, "error_rate": 0.05})
    latency_p95 = Thresholds(**OFF, latency_p95=0.1)
    drift = error_drift = Thresholds(**OFF)
    silence = Thresholds(**{**OFF, "idle": 300.0})


RULES = list(health.RULES)
RAISED = [rule for rule in RULES if rule != "silence"]


@pytest.fixture
def make_ruled(make):
    """Make a monitor with this one rule alone, of a model deployed with a baseline of 0.95."""

    def make_monitor(rule):
        drift = {"drift": True, "error_drift": Drift(errors=True)}.get(rule, False)
        monitor = make(thresholds=getattr(Rules, rule), drift=drift)
        monitor.deploy("churn", baseline_accuracy=0.95)
        if rule == "drift":
            monitor.set_reference([0] * 500 + [1] * 500)
        return monitor

    return make_monitor


@pytest.fixture
def provoke(clock):
    """Record until the rule is raised."""

    def do(monitor, rule):
        for _ in range(3):
            if rule in ("accuracy", "baseline"):
                monitor.record_batch([1] * 100, [1] * 70 + [0] * 30)
            elif rule == "error_rate":
                for number in range(40):
                    (monitor.record_error if number % 4 == 0 else lambda: monitor.record(1))()
            elif rule == "latency_p95":
                for _ in range(40):
                    monitor.record(1, latency=0.4)
            elif rule == "drift":
                monitor.record_batch(np.ones(500))
            elif rule == "error_drift":
                monitor.record_batch([1] * 1_000, np.arange(1_000) % 10 > 0)
                monitor.record_batch([1] * 1_000, np.arange(1_000) % 2)
            else:
                clock.advance(100.5)
            clock.advance(1.0)
            monitor.tick()

    return do


TOLD = {
    "accuracy": ("degraded", "Accuracy dropped below threshold", 0.8, 100),
    "baseline": ("degraded", "Accuracy dropped too far below its baseline", 0.85, 100),
    "error_rate": ("degraded", "Error rate rose above threshold", 0.05, 120),
    "latency_p95": ("degraded", "Latency p95 rose above threshold", 0.1, 120),
    "drift": ("degraded", "Drift of predictions", None, 500),
    "error_drift": ("degraded", "Mean error rose", None, None),
    "silence": ("idle", "No prediction for 300 s", 300.0, 0),
}


@pytest.mark.parametrize("rule", RULES)
def test_an_event_carries_the_evidence_and_so_do_the_sections(
    make_ruled, provoke, clock, events_of, rule
):
    monitor = make_ruled(rule)
    provoke(monitor, rule)

    change = events_of(monitor, "model_status_change")[-1]
    status, reason, threshold, n = TOLD[rule]
    assert (change.old_status, change.new_status) == ("active", status)
    assert (change.rule, change.reason) == (rule, reason)
    # Expected values that depend on the rows, or on when ADWIN detects the change.
    assert change.n == (change.n if n is None else n)
    assert type(change.n) is int
    assert change.threshold == pytest.approx(threshold or change.threshold)
    assert change.threshold > 0
    below = rule in ("accuracy", "baseline")
    assert change.value < change.threshold if below else change.value >= change.threshold
    assert change.model_id == "churn"
    assert clock.time() - 300 < change.at <= clock.time()
    model, row = monitor.snapshot().model, monitor.active_model
    for reported in (model, row):
        assert (reported.status, reported.status_since) == (status, change.at)
        assert (reported.reason, reported.reason_rule) == (reason, rule)
        assert (reported.reason_value, reported.reason_threshold, reported.reason_n) == (
            change.value,
            change.threshold,
            change.n,
        )


def settings(monitor, **changed):
    old = monitor.thresholds
    now = {name: getattr(old, name) for name in old.__struct_fields__} | changed
    monitor.thresholds = Thresholds(**now)


FIELDS = {
    "accuracy": ("accuracy", {"raised": 0.6, "lowered": 0.95}),
    "baseline": ("baseline_drop", {"raised": 0.5, "lowered": 0.01}),
    "error_rate": ("error_rate", {"raised": 0.5, "lowered": 0.01}),
    "latency_p95": ("latency_p95", {"raised": 0.9, "lowered": 0.01}),
    "drift": ("drift", {}),
    "error_drift": ("drift", {}),
}
LIMITED = [rule for rule in RAISED if FIELDS[rule][1]]


class TestOtherThresholdsWhileRunning:
    @pytest.mark.parametrize("rule", RAISED)
    def test_a_rule_turned_off_while_degraded_gives_that_reason(
        self, make_ruled, provoke, events_of, moves, rule
    ):
        monitor = make_ruled(rule)
        provoke(monitor, rule)
        name, _ = FIELDS[rule]
        settings(monitor, **{name: None if FIELDS[rule][1] else False})

        assert moves(monitor)[-1] == ("degraded", "active", "Thresholds changed")
        change = events_of(monitor, "model_status_change")[-1]
        assert (change.rule, change.value, change.threshold, change.n) == (rule, None, None, None)
        provoke(monitor, rule)
        assert monitor.active_model.status == "active"

    @pytest.mark.parametrize("rule", LIMITED)
    def test_what_is_good_enough_now_recovers_by_a_streak_and_not_at_once(
        self, make_ruled, provoke, clock, moves, rule
    ):
        monitor = make_ruled(rule)
        provoke(monitor, rule)
        name, limits = FIELDS[rule]
        settings(monitor, **{name: limits["raised"]})
        assert monitor.active_model.status == "degraded"
        provoke(monitor, rule)

        assert moves(monitor)[-1][:2] == ("degraded", "active")
        assert "ecovered" in moves(monitor)[-1][2] or "back near" in moves(monitor)[-1][2]

    @pytest.mark.parametrize("rule", LIMITED)
    def test_what_is_good_enough_no_more_degrades(self, make_ruled, provoke, rule):
        monitor = make_ruled(rule)
        name, limits = FIELDS[rule]
        settings(monitor, **{name: limits["raised"]})
        provoke(monitor, rule)
        assert monitor.active_model.status == "active"
        settings(monitor, **{name: limits["lowered"]})
        provoke(monitor, rule)

        assert monitor.active_model.status == "degraded"

    def test_they_count_for_every_model_those_that_come_later_too(self, make):
        monitor = make()
        monitor.deploy("before")
        monitor.thresholds = Thresholds(accuracy=0.2)
        monitor.deploy("after")
        for model_id in ("before", "after"):
            monitor.record_batch([1] * 100, [1, 0] * 50, model_id=model_id)
        assert [model.status for model in monitor.models()] == ["active", "active"]
        assert [model.accuracy_threshold for model in monitor.models()] == [0.2, 0.2]
        monitor.thresholds = Thresholds(accuracy=0.9)
        for model_id in ("before", "after"):
            monitor.record_batch([1] * 20, [1, 0] * 10, model_id=model_id)

        assert [model.status for model in monitor.models()] == ["degraded", "degraded"]
        assert monitor.thresholds.accuracy == 0.9

    def test_what_came_before_is_judged_by_what_counted_then(self, make, moves):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.9))
        monitor.record_batch([1] * 100, [1, 0] * 50)
        monitor.thresholds = Thresholds(accuracy=0.1)

        assert moves(monitor)[-1] == ("active", "degraded", "Accuracy dropped below threshold")

    def test_how_long_silence_may_be(self, make, clock, moves):
        monitor = make(thresholds=Thresholds(idle=None))
        monitor.deploy("churn")
        clock.advance(10_000)
        monitor.tick()
        assert monitor.active_model.status == "active"
        monitor.thresholds = Thresholds(idle=60)
        assert moves(monitor)[-1] == ("active", "idle", "No prediction for 60 s")
        monitor.thresholds = Thresholds(idle=None)

        assert monitor.active_model.status == "active"

    def test_those_of_the_machine_too(self, make):
        monitor = make(thresholds=Thresholds(memory=100, critical=None, disk=None, cpu=None))
        for _ in range(3):
            monitor.tick()
        assert monitor.snapshot().system.system_health == "healthy"
        monitor.thresholds = Thresholds(memory=0, critical=None, disk=None, cpu=None)
        for _ in range(3):
            assert monitor.snapshot().system.system_health == "healthy"
            monitor.tick()
        system = monitor.snapshot().system
        assert (system.system_health, system.limiter) == ("degraded", "memory")
        monitor.thresholds = Thresholds(
            memory=None, critical=None, disk=None, cpu=None, shared_memory=None, open_files=None
        )
        monitor.tick()

        assert monitor.snapshot().system.system_health == "unknown"


class TestPolicy:
    def test_confident_waits_until_the_whole_interval_is_below(self, make):
        reported = {}
        for policy in ("threshold", "confident"):
            monitor = make("churn", name=policy, thresholds=Thresholds(policy=policy))
            monitor.record_batch([1] * 300, ([1] * 15 + [0] * 5) * 15)
            reported[policy] = monitor.active_model
        # 75 of 100 are below 80 %, and their interval, up to 82.5 %, is not.
        assert reported["threshold"].status == "degraded"
        assert reported["confident"].status == "active"
        assert reported["confident"].accuracy_high > 0.8

    def test_what_is_far_below_is_below_for_both(self, make):
        monitor = make("churn", thresholds=Thresholds(policy="confident"))
        monitor.record_batch([1] * 100, [1] * 50 + [0] * 50)

        assert monitor.active_model.reason == "Accuracy dropped below threshold"


class TestAcknowledgement:
    def test_is_forgotten_when_thresholds_turn_the_status(self, make, serve):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.8))
        serve(monitor, 0, 100)
        monitor.snapshot()
        assert monitor.acknowledge()
        monitor.thresholds = Thresholds(accuracy=None)

        assert monitor.snapshot().model.acknowledged_at is None
        assert not monitor.acknowledge()

    def test_the_next_trouble_has_to_be_acknowledged_anew(self, make, serve):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.8))
        for _ in range(2):
            serve(monitor, 0, 100)
            monitor.snapshot()
            assert monitor.acknowledge()
            serve(monitor, 200)
            monitor.snapshot()


@pytest.mark.parametrize(("seconds", "status"), [(0.5, "active"), (0.5001, "degraded")])
def test_the_latency_is_compared_with_the_exact_quantile(make, seconds, status):
    """Both lie in one bucket of the histogram, which stands for 0.5015 s."""
    monitor = make("churn", thresholds=Thresholds(**OFF, latency_p95=0.5))
    for _ in range(3):
        for _ in range(40):
            monitor.record(1, latency=seconds)
        monitor.tick()

    snapshot = monitor.snapshot()

    assert snapshot.model.status == status
    assert (snapshot.metrics.latency_p95_seconds > 0.5) == (status == "degraded")
