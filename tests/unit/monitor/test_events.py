"""Events, callbacks and snapshots."""

from __future__ import annotations

import threading

import msgspec
import pytest


class TestEvents:
    def test_numbers_have_no_gaps_from_any_source(self, make):
        monitor = make(interval=0.1, metrics_interval=0.1, clock=None)

        def work(number):
            for step in range(20):
                monitor.deploy(f"m{number}", version=str(step))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        numbers = [event.seq for event in monitor.events()]
        assert numbers == list(range(1, len(numbers) + 1))

    def test_events_since(self, monitor):
        monitor.deploy("a")
        seen = monitor.events()[-1].seq
        monitor.deploy("b")

        assert [event.type for event in monitor.events(since=seen)] == [
            "model_deployed",
            "model_status_change",
        ]
        assert monitor.snapshot().seq == monitor.events()[-1].seq

    def test_metrics_are_emitted_when_they_changed(self, monitor, events_of, serve):
        monitor.tick()
        before = len(events_of(monitor, "model_metrics_update"))
        monitor.tick()
        assert len(events_of(monitor, "model_metrics_update")) == before
        serve(monitor, 3, 1)
        monitor.tick()

        update = events_of(monitor, "model_metrics_update")[-1]
        assert (update.current_accuracy, update.predictions_per_minute) == (0.75, 4)
        assert (update.total_predictions, update.model_health) == (4, "unknown")

    def test_readings_of_the_machine_are_emitted_every_tick(self, monitor, events_of):
        monitor.tick()
        monitor.tick()

        readings = events_of(monitor, "system_metrics")
        assert len(readings) == 2
        assert readings[0].memory_percent > 0
        assert readings[0].system_health == "healthy"

    def test_callbacks_get_what_they_asked_for_in_order(self, monitor):
        some, every = [], []
        monitor.on("model_deployed", some.append)
        end = monitor.on("*", every.append)
        monitor.deploy("a")
        assert monitor.flush()
        end()
        monitor.deploy("b")
        assert monitor.flush()

        assert [event.model_name for event in some] == ["a", "b"]
        assert [event.seq for event in every] == list(range(1, len(every) + 1))
        assert "b" not in [getattr(event, "model_name", None) for event in every]

    def test_a_callback_that_raises_is_counted_and_the_others_go_on(self, monitor, notice):
        seen = []

        def broken(event):
            raise RuntimeError("no network")

        monitor.on("model_deployed", broken)
        monitor.on("model_deployed", seen.append)
        monitor.deploy("a")
        monitor.flush()

        assert len(seen) == 1
        assert notice(monitor, "callbacks.failed") == 1

    def test_flush_gives_up_on_a_callback_that_hangs(self, monitor):
        release = threading.Event()
        monitor.on("model_deployed", lambda event: release.wait(60))
        monitor.deploy("a")

        assert not monitor.flush(timeout=0.05)
        release.set()
        assert monitor.flush()

    def test_a_callback_may_use_the_monitor(self, monitor):
        seen = []
        monitor.on("model_deployed", lambda event: seen.append(monitor.snapshot().model.name))
        monitor.deploy("a")
        monitor.flush()

        assert seen == ["a"]


class TestSnapshot:
    def test_it_is_frozen(self, monitor):
        snapshot = monitor.snapshot()
        monitor.record(1, 1)
        with pytest.raises(AttributeError):
            snapshot.at = 0.0

        assert snapshot.metrics.total_predictions == 0

    def test_it_becomes_json_and_comes_back(self, monitor, serve):
        serve(monitor, 5)
        monitor.tick()
        snapshot = monitor.snapshot()

        assert msgspec.json.decode(msgspec.json.encode(snapshot), type=type(snapshot)) == snapshot

    def test_it_has_the_shape_of_the_rest_answer(self, monitor, serve):
        serve(monitor, 3, 1)
        answer = monitor.snapshot().to_dict()

        assert answer["active_model"]["model_id"] == "churn-2.1"
        assert answer["system_status"] == answer["system"]
        assert answer["real_time_metrics"] == {
            "predictions_per_minute": 4,
            "live_accuracy": 0.75,
            "model_uptime": "0s",
        }
