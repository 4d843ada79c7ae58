"""Acknowledging a status, and resetting a model."""

from __future__ import annotations

from ipyvitals import Thresholds


class TestAcknowledge:
    def test_trouble_is_acknowledged_once(self, make, serve, clock):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.85))
        serve(monitor, 0, 100)
        assert monitor.snapshot().model.acknowledged_at is None
        assert monitor.acknowledge()
        assert not monitor.acknowledge()

        assert monitor.snapshot().model.acknowledged_at == clock.time()

    def test_it_is_forgotten_when_the_status_changes(self, make, serve):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.85))
        serve(monitor, 0, 100)
        monitor.snapshot()
        monitor.acknowledge()
        serve(monitor, 200)

        assert monitor.snapshot().model.acknowledged_at is None

    def test_where_all_is_well_there_is_nothing_to_acknowledge(self, monitor):
        assert not monitor.acknowledge()
        assert monitor.snapshot().model.acknowledged_at is None


class TestReset:
    def test_figures_begin_anew_and_totals_go_on(self, make, serve, clock, moves):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.85))
        monitor.deploy("churn")
        clock.advance(50)
        serve(monitor, 0, 100)
        monitor.label("nobody", 1)
        monitor.snapshot()
        monitor.reset()

        snapshot = monitor.snapshot()
        assert moves(monitor)[-1] == ("degraded", "active", "Reset")
        assert snapshot.metrics.current_accuracy is None
        assert snapshot.metrics.predictions_per_minute == 0
        assert snapshot.metrics.total_predictions == 100
        assert snapshot.model.uptime_seconds == 50
        assert snapshot.notices == []
