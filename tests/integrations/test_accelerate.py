"""The tracker for accelerate."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from accelerate import Accelerator, PartialState
from accelerate.tracking import GeneralTracker

from ipyvitals.integrations.accelerate import VitalsTracker
from tests.unit.integrations.run_rows import curve_of, near, runs_of

pytestmark = pytest.mark.filterwarnings("ignore:::(accelerate|torch)")


def prepared(*trackers):
    """Return an accelerator, and what a loop needs."""
    accelerator = Accelerator(cpu=True, log_with=list(trackers))
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return accelerator, *accelerator.prepare(model, optimizer)


def train(accelerator, model, optimizer, steps, first=0):
    losses = []
    for step in range(first, steps):
        optimizer.zero_grad()
        loss = model(torch.ones(4, 3)).pow(2).mean()
        accelerator.backward(loss)
        optimizer.step()
        losses.append(loss.item())
        accelerator.log({"loss": loss.detach(), "phase": "warm-up"}, step=step)
    return losses


def test_values_and_steps_are_those_that_were_logged(monitor):
    accelerator, *rest = prepared(VitalsTracker(monitor, name="first", total=5))
    accelerator.init_trackers("project", config={"lr": 0.1})
    losses = train(accelerator, *rest, steps=5)
    accelerator.end_training()

    (run,) = monitor.snapshot().runs
    assert (run.name, run.state, run.end) == ("first", "completed", "completed")
    assert (run.unit, run.current, run.total) == ("step", 5, 5)
    assert run.config["lr"] == 0.1
    assert curve_of(monitor, run, "loss") == ([0, 1, 2, 3, 4], near(losses))
    assert set(run.metrics) == {"loss"}


def test_a_resumed_training_counts_the_whole(monitor):
    accelerator, *rest = prepared(VitalsTracker(monitor, total=8, initial=4))
    accelerator.init_trackers("project")
    assert monitor.snapshot().runs[0].progress == 50.0
    train(accelerator, *rest, steps=9, first=5)
    accelerator.end_training()

    (run,) = monitor.snapshot().runs
    assert (run.current, run.total, run.progress) == (8, 8, 100.0)


def test_a_loop_stops_by_the_run_that_the_accelerator_hands_out(monitor):
    accelerator, *rest = prepared(VitalsTracker(monitor, total=10))
    accelerator.init_trackers("project")
    run = accelerator.get_tracker("ipyvitals", unwrap=True)
    for step in range(10):
        if run.should_stop:
            break
        train(accelerator, *rest, steps=step + 1, first=step)
        if step == 3:
            monitor.stop_training()
    accelerator.end_training()

    (ended,) = monitor.snapshot().runs
    assert (ended.state, ended.end, ended.current) == ("stopped", "requested", 4)


@pytest.mark.parametrize(
    ("error", "state", "end"),
    [
        (RuntimeError("diverged"), "failed", "failed"),
        (KeyboardInterrupt(), "stopped", "interrupted"),
    ],
)
def test_an_exception_is_known_where_the_training_ends_in_a_finally(monitor, error, state, end):
    accelerator, *rest = prepared(VitalsTracker(monitor, total=10))
    accelerator.init_trackers("project")

    def main():
        try:
            train(accelerator, *rest, steps=2)
            raise error
        finally:
            accelerator.end_training()

    with pytest.raises(type(error)):
        main()

    (run,) = monitor.snapshot().runs
    assert (run.state, run.end, run.current) == (state, end, 2)


def test_a_training_that_was_not_ended_ends_as_the_next_one_begins(monitor):
    tracker = VitalsTracker(monitor)
    for _ in range(2):
        accelerator, *rest = prepared(tracker)
        accelerator.init_trackers("project")
        train(accelerator, *rest, steps=2)
    accelerator.end_training()

    assert [run.state for run in monitor.snapshot().runs] == ["completed", "stopped"]


def test_loops_of_batches_are_inside(monitor):
    accelerator, *rest = prepared(VitalsTracker(monitor))
    accelerator.init_trackers("project")
    for step in monitor.track(range(3), stage="Batch"):
        train(accelerator, *rest, steps=step + 1, first=step)
    accelerator.end_training()

    runs = runs_of(monitor)
    assert runs["Batch"].parent_id == runs["Training"].run_id
    assert (runs["Batch"].steps, runs["Training"].state) == (3, "completed")


def test_another_process_reports_nothing(monitor, monkeypatch):
    tracker = VitalsTracker(monitor)
    prepared(tracker)
    monkeypatch.setattr(PartialState(), "process_index", 1)
    tracker.start()
    tracker.log({"loss": 1.0})
    tracker.finish()

    assert monitor.snapshot().runs == []


def test_copies_have_the_arguments_and_no_run(monitor):
    tracker = VitalsTracker(monitor, name="first", total=7)
    for other in (copy.deepcopy(tracker), pickle.loads(pickle.dumps(tracker))):
        assert isinstance(other, GeneralTracker)
        assert other.tracker is None
        other.start()
        assert other.tracker.total == 7
        other.finish()
