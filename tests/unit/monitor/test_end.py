"""Closing a monitor, and its text form."""

from __future__ import annotations

import pytest

from ipyvitals import Thresholds

UNKNOWN = "\N{EN DASH}"


class TestEnd:
    def test_a_closed_monitor_warns_once_and_takes_nothing(self, monitor, moves, notice):
        monitor.record(1, 1)
        monitor.close()
        with pytest.warns(match="is closed") as warned:
            monitor.record(1, 1)
        assert warned[0].filename == __file__
        monitor.record_batch([1], [1])
        monitor.label(1, 1)
        monitor.record_error()
        monitor.deploy("other")
        monitor.tick()
        monitor.close()

        snapshot = monitor.snapshot()
        assert snapshot.metrics.total_predictions == 1
        assert (snapshot.model.name, snapshot.model.status) == ("churn", "stopped")
        assert moves(monitor)[-1] == ("active", "stopped", "Monitor closed")
        assert notice(monitor, "monitor.closed") == 5

    def test_a_loop_goes_on_after_the_monitor(self, monitor, events_of):
        monitor.close()
        with pytest.warns(match="is closed"):
            steps = monitor.track(range(3))

        assert list(steps) == [0, 1, 2]
        assert events_of(monitor, "training_progress") == []

    def test_closing_ends_an_open_run(self, monitor):
        run = monitor.training(total=10)
        run.update(4)
        monitor.close()
        run.update(5)

        training = monitor.snapshot().training
        assert (training.state, training.current) == ("stopped", 4)

    def test_time_stands_still_in_a_closed_monitor(self, monitor, clock):
        monitor.deploy("churn")
        clock.advance(10)
        monitor.close()
        clock.advance(1000)

        assert monitor.snapshot().model.uptime_seconds == 10

    def test_and_so_do_its_models(self, monitor, clock):
        monitor.record(1, 1, latency=0.1)
        monitor.close()
        rows = monitor.models()
        clock.advance(1000)

        assert monitor.models() == rows == monitor.snapshot().models
        assert rows[0].predictions_per_minute == 1
        assert (rows[0].status, rows[0].reason) == ("stopped", "Monitor closed")

    def test_its_trouble_is_nobodys_any_more(self, monitor):
        monitor.training().fail(ValueError("bad batch"))
        monitor.close()
        assert monitor.snapshot().model.status == "failed"

        assert not monitor.acknowledge()
        assert monitor.snapshot().model.acknowledged_at is None

    def test_the_same_name_again_replaces(self, make):
        first = make("a")
        second = make("b")
        other = make("c", name="other")

        assert first.closed
        assert not second.closed
        assert not other.closed

    def test_a_block_closes(self, make):
        with make("a") as monitor:
            monitor.record(1)

        assert monitor.closed

    def test_callbacks_receive_the_last_events(self, monitor):
        seen = []
        monitor.on("model_status_change", seen.append)
        monitor.close()

        assert [event.new_status for event in seen] == ["stopped"]


class TestText:
    def test_repr_is_a_readable_status(self, make, clock, serve):
        monitor = make("churn", version="2.1", thresholds=Thresholds(accuracy=0.85))
        monitor.deploy("churn", version="2.1")
        serve(monitor, 100)
        clock.advance(8100)
        monitor.record(1, 1, latency=0.0124)

        lines = repr(monitor).splitlines()
        assert lines[0] == "ipyvitals 'default': churn 2.1, Live, up 2h 15m"
        assert lines[1].strip().startswith("Accuracy 100.0 % (96.3 to 100.0 %, last 100 labels)")
        assert "latency p95 12.4 ms" in lines[1]
        assert lines[2].strip() == "Ready"
        assert lines[3].strip().startswith(f"System {UNKNOWN}: CPU {UNKNOWN}")

    def test_it_shows_why_a_model_is_degraded(self, make, serve):
        monitor = make("churn", thresholds=Thresholds(accuracy=0.85))
        serve(monitor, 0, 100)

        assert "Degraded (Accuracy dropped below threshold)" in repr(monitor)

    def test_it_shows_notices_and_that_it_is_closed(self, monitor):
        monitor.label("nobody", 1)
        monitor.close()

        assert "Closed" in repr(monitor)
        assert "nobody" in repr(monitor)
