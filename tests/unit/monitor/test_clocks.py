"""Wall clocks that are set, and machines that were suspended."""

from __future__ import annotations

import pytest

from ipyvitals import Thresholds
from ipyvitals.runtime.sampling import sampling_scheduler
from ipyvitals.runtime.scheduler import scheduler

HOUR = 3_600.0


@pytest.mark.parametrize("hours", [-1_000.0, -5.0, -0.1, 0.1, 5.0, 1_000.0])
class TestWallClockThatJumps:
    def test_rates_uptime_and_latency_go_on(self, monitor, clock, hours):
        monitor.deploy("churn", version="2.1")
        clock.advance(100.0)
        monitor.record_batch([1] * 10, latency=0.1)
        clock.set_wall(clock.time() + hours * HOUR)
        clock.advance(20.0)
        monitor.record(1, latency=0.1)
        monitor.tick()

        snapshot = monitor.snapshot()
        assert snapshot.metrics.predictions_per_minute == 11
        assert snapshot.metrics.calls_per_minute == 2
        assert snapshot.metrics.latency_p50_seconds == pytest.approx(0.1, rel=0.01)
        assert snapshot.model.uptime_seconds == 120.0
        assert not snapshot.metrics.warming
        clock.advance(59.0)
        assert monitor.snapshot().metrics.predictions_per_minute == 1

    def test_no_model_becomes_idle_by_that(self, monitor, clock, moves, hours):
        monitor.record(1, 1)
        monitor.tick()
        clock.set_wall(clock.time() + hours * HOUR)
        monitor.tick()
        clock.advance(299.0)
        monitor.tick()
        assert monitor.snapshot().model.status == "active"
        clock.advance(1.0)
        monitor.tick()

        assert moves(monitor)[-1] == ("active", "idle", "No prediction for 300 s")
        # Times come from the wall clock, which is the one that users read.
        assert monitor.snapshot().model.status_since == clock.time()

    def test_events_stay_in_order_and_have_the_time_of_their_emission(self, monitor, clock, hours):
        monitor.deploy("before")
        seen = monitor.events()[-1].seq
        before = clock.time()
        clock.set_wall(before + hours * HOUR)
        monitor.deploy("after")

        events = monitor.events()
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert {event.at for event in events if event.seq <= seen} == {before}
        new = monitor.events(since=seen)
        assert {event.at for event in new} == {clock.time()}
        assert new[0].deployment_timestamp == clock.time()

    def test_the_history_goes_on(self, monitor, clock, hours):
        for _ in range(3):
            clock.advance(1.0)
            monitor.record(1, 1)
            monitor.flush()
        clock.set_wall(clock.time() + hours * HOUR)
        for _ in range(3):
            clock.advance(1.0)
            monitor.record(1, 1)
            monitor.flush()

        columns = monitor._engine.history.columns()
        assert {len(column) for column in columns.values()} == {6}
        assert columns["predictions_per_minute"] == [1, 2, 3, 4, 5, 6]
        assert columns["at"][-1] == clock.time()

    def test_labels_wait_no_longer_and_no_shorter(self, make, clock, hours):
        monitor = make("churn", label_ttl=60.0)
        monitor.record(1, id="a")
        clock.set_wall(clock.time() + hours * HOUR)
        monitor.tick()
        assert monitor.snapshot().labels.pending == 1
        clock.advance(60.5)
        monitor.tick()

        assert monitor.snapshot().labels.expired == 1

    def test_a_run_of_training_goes_on(self, monitor, clock, hours):
        run = monitor.training(total=100)
        clock.advance(10.0)
        run.update(10)
        monitor.tick()
        clock.set_wall(clock.time() + hours * HOUR)
        clock.advance(10.0)
        run.update(20)

        training = monitor.snapshot().training
        assert training.elapsed_seconds == 20.0
        assert training.rate_per_second == 1.0
        assert training.eta_seconds == pytest.approx(80.0)


def run_due(engine):
    """Do what the sampling thread and the scheduler's thread would do."""
    engine.sampling.run_due()
    return engine.run_due()


class TestMachineThatSleeps:
    """A machine is suspended for hours: both clocks are far ahead when it resumes."""

    @pytest.fixture
    def timed(self, make):
        """Make a monitor that is due by the fake clock, without the real thread."""
        monitor = make("churn", interval=5.0, metrics_interval=1.0)
        scheduler.remove(monitor._engine)
        sampling_scheduler.remove(monitor._engine.sampling)
        return monitor

    def test_nothing_was_predicted_meanwhile_and_that_is_why_it_is_idle(
        self, monitor, clock, moves
    ):
        monitor.record_batch([1] * 50, [1] * 50, latency=0.1)
        monitor.tick()
        clock.advance(8 * HOUR)
        monitor.tick()

        snapshot = monitor.snapshot()
        assert moves(monitor)[-1] == ("active", "idle", "No prediction for 300 s")
        assert snapshot.model.reason_value == 8 * HOUR
        assert snapshot.metrics.predictions_per_minute == 0
        assert snapshot.metrics.latency_p95_seconds is None
        # The accuracy is unchanged.
        assert (snapshot.metrics.current_accuracy, snapshot.model.health) == (1.0, "healthy")
        assert snapshot.model.uptime_seconds == 8 * HOUR

    def test_it_goes_on_with_the_first_prediction(self, monitor, clock, moves):
        monitor.record(1, 1)
        monitor.tick()
        clock.advance(8 * HOUR)
        monitor.tick()
        monitor.record(1, 1)
        monitor.tick()

        assert moves(monitor)[-1] == ("idle", "active", "Predictions resumed")
        assert monitor.snapshot().metrics.predictions_per_minute == 1

    def test_trouble_is_still_trouble(self, make, clock):
        monitor = make("churn", thresholds=Thresholds(error_rate=0.1))
        for _ in range(40):
            monitor.record_error()
        for _ in range(3):
            monitor.tick()
        clock.advance(8 * HOUR)
        for _ in range(5):
            monitor.tick()

        assert monitor.snapshot().model.status == "degraded"
        assert monitor.snapshot().metrics.errors_per_minute == 0

    def test_what_was_slept_through_is_not_made_up_for(self, timed, clock, events_of):
        engine = timed._engine
        run_due(engine)
        clock.advance(1.0)
        run_due(engine)
        before = len(events_of(timed, "system_metrics"))
        points = len(engine.history.columns()["at"])
        clock.advance(8 * HOUR)
        waits = [run_due(engine) for _ in range(10)]

        assert len(events_of(timed, "system_metrics")) == before + 1
        assert len(engine.history.columns()["at"]) == points + 1
        assert all(wait == pytest.approx(1.0) for wait in waits)

    def test_and_then_it_is_as_regular_as_before(self, timed, clock, events_of):
        engine = timed._engine
        run_due(engine)
        clock.advance(8 * HOUR + 0.3)
        run_due(engine)
        before = len(events_of(timed, "system_metrics"))
        points = len(engine.history.columns()["at"])
        for _ in range(40):
            clock.advance(0.5)
            run_due(engine)

        assert len(events_of(timed, "system_metrics")) == before + 4
        assert len(engine.history.columns()["at"]) == points + 20
