"""Status of a model, its reason, and deployments."""

from __future__ import annotations

from ipyvitals import Thresholds


class TestStatus:
    def test_degraded_and_recovered_with_what_decided_it(
        self, make, clock, events_of, moves, serve
    ):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.85))
        monitor.deploy("churn")
        serve(monitor, 100)
        assert monitor.snapshot().model.status == "active"
        clock.advance(5)
        serve(monitor, 0, 60)

        model = monitor.snapshot().model
        assert (model.status, model.reason) == ("degraded", "Accuracy dropped below threshold")
        assert (model.reason_rule, model.reason_threshold) == ("accuracy", 0.85)
        assert model.status_since == clock.time()
        change = events_of(monitor, "model_status_change")[-1]
        assert (change.old_status, change.new_status) == ("active", "degraded")
        # 15 wrong of 100 are still 85 %; the 16th is the first of 20 in a row below.
        assert (change.value, change.threshold, change.n) == (0.65, 0.85, 100)
        assert change.at == clock.time()

        serve(monitor, 200)
        assert moves(monitor)[-1] == ("degraded", "active", "Accuracy recovered")
        assert monitor.snapshot().metrics.model_health == "healthy"

    def test_few_labels_are_no_evidence(self, monitor, serve):
        serve(monitor, 0, 29)

        assert monitor.snapshot().model.status == "active"
        assert monitor.snapshot().metrics.model_health == "unknown"

    def test_silence_makes_idle_and_changes_no_health(self, make, clock, moves, serve):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.85))
        serve(monitor, 0, 100)
        clock.advance(10_000)
        monitor.tick()
        assert monitor.snapshot().model.status == "degraded"
        serve(monitor, 200)
        monitor.tick()
        clock.advance(300)
        monitor.tick()
        assert moves(monitor)[-1] == ("active", "idle", "No prediction for 300 s")
        monitor.record(1)
        monitor.tick()

        assert moves(monitor)[-1] == ("idle", "active", "Predictions resumed")

    def test_errors_degrade(self, make, clock, events_of, serve):
        monitor = make("churn", thresholds=Thresholds(error_rate=0.1))
        serve(monitor, 100)
        for _ in range(40):
            monitor.record_error()
        for _ in range(3):
            monitor.tick()
            clock.advance(1)

        change = events_of(monitor, "model_status_change")[-1]
        assert change.reason == "Error rate rose above threshold"
        assert (change.value, change.n) == (40 / 41, 41)

    def test_slow_calls_degrade(self, make):
        monitor = make("churn", thresholds=Thresholds(latency_p95=0.1))
        for _ in range(50):
            monitor.record(1, latency=0.2)
        for _ in range(3):
            monitor.tick()

        assert monitor.snapshot().model.reason == "Latency p95 rose above threshold"

    def test_a_second_reason_takes_over_when_the_first_is_gone(self, make, moves):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.8, latency_p95=0.1))
        for _ in range(100):
            monitor.record(1, 0, latency=0.2)
        for _ in range(3):
            monitor.tick()
        assert monitor.snapshot().model.reason == "Latency p95 rose above threshold"
        for _ in range(100):
            monitor.record(1, 1, latency=0.2)
        assert monitor.snapshot().model.reason == "Latency p95 rose above threshold"

        assert [new for _, new, _ in moves(monitor)] == ["active", "degraded"]


class TestDeploy:
    def test_deploying_emits_an_event(self, monitor, clock, events_of, moves):
        assert monitor.deploy("churn", "2.2", trained_at=5.0, baseline_accuracy=0.9) == "churn-2.2"

        (deployed,) = events_of(monitor, "model_deployed")
        assert (deployed.model_name, deployed.model_version) == ("churn", "2.2")
        assert deployed.deployment_timestamp == clock.time()
        assert moves(monitor) == [("registered", "active", "Deployed")]
        assert monitor.active_model.baseline_accuracy == 0.9

    def test_uptime_counts_from_the_deployment_whatever_the_wall_clock_does(self, monitor, clock):
        clock.advance(100)
        monitor.deploy("churn", version="2.2")
        clock.advance(8100)
        clock.set_wall(0.0)

        snapshot = monitor.snapshot()
        assert snapshot.model.uptime_seconds == 8100
        assert snapshot.to_dict()["real_time_metrics"]["model_uptime"] == "2h 15m"

    def test_the_same_model_again_begins_anew_and_totals_go_on(self, make, moves, serve):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.8))
        monitor.deploy("churn")
        serve(monitor, 0, 60)
        assert monitor.snapshot().model.status == "degraded"
        monitor.deploy("churn")

        snapshot = monitor.snapshot()
        assert snapshot.model.status == "active"
        assert snapshot.metrics.current_accuracy is None
        assert snapshot.metrics.total_predictions == 60
        assert moves(monitor)[-1] == ("degraded", "active", "Deployed")

    def test_what_was_recorded_before_belongs_to_the_model_before(self, monitor):
        monitor.record(1, 1)
        monitor.deploy("churn", version="2.2")

        totals = {model.model_id: model.total_predictions for model in monitor.models()}
        assert totals == {"churn-2.1": 1, "churn-2.2": 0}
        assert [model.model_id for model in monitor.models() if model.active] == ["churn-2.2"]

    def test_a_deployment_during_training_trains_the_new_model(self, monitor):
        monitor.deploy("churn", version="2.1")
        with monitor.training():
            monitor.deploy("churn", version="2.2")
            by_id = {model.model_id: model.status for model in monitor.models()}
            assert by_id == {"churn-2.1": "active", "churn-2.2": "training"}

        assert monitor.active_model.status == "active"

    def test_a_new_deployment_is_not_judged_by_the_errors_before_it(self, monitor):
        for _ in range(50):
            monitor.record_error()
        monitor.deploy("churn", version="2.1")
        for _ in range(4):
            monitor.tick()

        snapshot = monitor.snapshot()
        assert snapshot.model.status == "active"
        assert (snapshot.metrics.errors_per_minute, snapshot.metrics.total_errors) == (0, 50)
