"""Training runs and tracked loops."""

from __future__ import annotations

import gc
from itertools import pairwise

import pytest


class TestTraining:
    def test_a_run_is_seen_from_start_to_end(self, monitor, clock, events_of, moves):
        with monitor.training(total=4, stage="Epoch 1", details="fit") as run:
            assert monitor.snapshot().model.status == "training"
            clock.advance(2.0)
            run.update(advance=1, loss=0.5)

            training = monitor.snapshot().training
            assert (training.state, training.stage, training.details) == (
                "running",
                "Epoch 1",
                "fit",
            )
            assert (training.progress, training.current, training.total) == (25.0, 1, 4)
            assert (training.rate_per_second, training.eta_seconds) == (0.5, 6.0)
            assert training.metrics == {"loss": 0.5}

        assert monitor.snapshot().training.state == "completed"
        assert [new for _, new, _ in moves(monitor)] == ["training", "registered"]
        (completed,) = events_of(monitor, "training_completed")
        # A run that completes early has the share that it reached.
        assert (completed.state, completed.progress) == ("completed", 25.0)

    def test_progress_is_emitted_at_once_and_ten_times_a_second_at_most(
        self, monitor, clock, events_of
    ):
        with monitor.training(total=100) as run:
            for step in range(100):
                clock.advance(1 / 64)
                run.update(step + 1)

        emitted = events_of(monitor, "training_progress")
        # Seven steps of 1/64 s are the fewest that make 0.1 s.
        assert [event.current for event in emitted] == list(range(0, 100, 7))

    @pytest.mark.parametrize(("runs", "pause"), [(1, 0.1), (3, 0.3), (5, 0.5), (40, 0.5)])
    def test_parallel_runs_are_shown_more_rarely_but_twice_a_second(
        self, monitor, clock, events_of, runs, pause
    ):
        parallel = [monitor.training(total=10_000, parent=None) for _ in range(runs)]
        begun = clock.time() + 0.5
        for step in range(1, 257):
            clock.advance(1 / 64)
            for run in parallel:
                run.update(step)

        events = events_of(monitor, "training_progress")
        times = [event.at for event in events if event.at > begun]
        pauses = [after - before for before, after in pairwise(times)]
        assert min(pauses) >= pause
        assert max(pauses) <= pause + 1 / 64

    def test_runs_inside_a_run_are_shown_as_often_as_one(self, monitor, clock, events_of):
        with monitor.training(total=1):
            for _ in monitor.track(range(64)):
                clock.advance(1 / 64)
                monitor.log(loss=0.5)
        assert len(events_of(monitor, "training_progress")) >= 9

    def test_an_exception_fails_the_run_and_goes_on(self, monitor, moves):
        with pytest.raises(RuntimeError, match="diverged"), monitor.training():
            raise RuntimeError("loss diverged")

        snapshot = monitor.snapshot()
        assert snapshot.training.state == "failed"
        assert snapshot.training.details == "RuntimeError: loss diverged"
        assert snapshot.model.status == "failed"
        assert moves(monitor)[-1] == ("training", "failed", "RuntimeError: loss diverged")

    def test_a_failed_model_can_be_trained_again(self, monitor):
        with pytest.raises(RuntimeError), monitor.training():
            raise RuntimeError
        with monitor.training():
            assert monitor.snapshot().model.status == "training"

        assert monitor.snapshot().model.status == "registered"

    def test_a_model_that_serves_survives_a_failed_run(self, monitor):
        monitor.deploy("churn", version="2.1")
        with pytest.raises(RuntimeError), monitor.training():
            raise RuntimeError

        assert monitor.snapshot().model.status == "active"
        assert monitor.snapshot().training.state == "failed"

    def test_tracking_a_list(self, monitor):
        seen = [
            (item, monitor.snapshot().training.progress)
            for item in monitor.track("abc", stage="Fit")
        ]

        assert [item for item, _ in seen] == ["a", "b", "c"]
        assert [round(progress) for _, progress in seen] == [0, 33, 67]
        assert monitor.snapshot().training.progress == 100.0

    def test_tracking_without_a_length_has_no_percentage_and_still_counts(self, monitor, clock):
        steps = monitor.track(iter(int, 1), stage="Stream")
        for _ in range(6):
            next(steps)
        clock.advance(2.0)

        training = monitor.snapshot().training
        assert (training.progress, training.eta_seconds) == (None, None)
        assert training.current == 5
        steps.close()
        assert monitor.snapshot().training.state == "stopped"

    def test_breaking_out_stops_the_run_without_blame(self, monitor):
        for item in monitor.track(range(10)):
            if item == 3:
                break
        gc.collect()

        assert monitor.snapshot().training.state == "stopped"
        assert monitor.snapshot().model.status == "registered"

    def test_an_iterable_that_raises_fails_the_run(self, monitor):
        def rows():
            yield 1
            raise OSError("disk gone")

        with pytest.raises(OSError, match="disk gone"):
            list(monitor.track(rows()))

        assert monitor.snapshot().training.details == "OSError: disk gone"

    def test_a_loop_ends_at_its_next_step_when_asked(self, monitor):
        seen = []
        for item in monitor.track(range(10)):
            seen.append(item)
            if item == 2:
                assert monitor.stop_training() == 1

        assert seen == [0, 1, 2]
        training = monitor.snapshot().training
        assert (training.state, training.details) == ("stopped", "Stopped on request")
        assert training.current == 3

    def test_a_run_that_heeds_the_request_was_stopped_and_not_completed(self, monitor):
        with monitor.training(total=10) as run:
            while not run.should_stop:
                run.update(advance=1)
                monitor.stop_training()

        assert monitor.snapshot().training.state == "stopped"
        assert monitor.snapshot().training.current == 1

    def test_there_may_be_nothing_to_stop(self, monitor):
        assert monitor.stop_training() == 0
        assert list(monitor.track(range(2))) == [0, 1]


class TestAcrossCells:
    def test_log_in_a_later_cell_goes_to_the_run_that_was_opened_before(self, monitor):
        training = monitor._engine.training
        cell = training.begin_cell(nested=False)
        run = monitor.training(name="lr")
        training.end_cell(cell, None)

        cell = training.begin_cell(nested=False)
        monitor.log({"x": 3.0})
        run.log({"x": 4.0})
        training.end_cell(cell, None)

        (found,) = monitor.snapshot().runs
        assert (found.name, found.state, found.metrics) == ("lr", "running", {"x": 4.0})

    def test_the_history_names_a_run_as_the_snapshot_does(self, monitor):
        with monitor.training(total=1) as run:
            run.log(loss=1.0)
        assert set(monitor.history("training")["run"]) == {monitor.snapshot().runs[0].run_id}


def test_a_completed_training_sets_when_the_model_was_trained(make, clock):
    def trained_at(stage, state="completed"):
        monitor = make("churn")
        with monitor.training(1, stage=stage) as run:
            clock.advance(1)
            run.update(1, loss=0.5)
            if state != "completed":
                run.stop()
        return monitor.snapshot().model.trained_at

    assert trained_at("Fit") == clock.time()
    assert trained_at("Fit", "stopped") is None
    assert trained_at("Validation") is None


def test_values_that_were_only_logged_train_no_model(make):
    monitor = make("churn")
    monitor.log(accuracy=0.9)
    monitor.close()  # as the end of the cell, it completes the run
    snapshot = monitor.snapshot()
    assert snapshot.runs[0].state == "completed"
    assert snapshot.model.trained_at is None

    other = make("churn", name="other")
    other.log(accuracy=0.9)
    other._engine.training.end_cell(set(), None)
    assert other.snapshot().runs[0].state == "completed"
    other.deploy("churn", "2")
    assert other.snapshot().model.trained_at is None
