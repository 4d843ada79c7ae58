"""Counting optimizer steps of plain loops of PyTorch."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from ipyvitals import IpyvitalsWarning, Monitor
from ipyvitals.integrations.torch import count_steps
from tests.unit.integrations.run_rows import runs_of

pytestmark = pytest.mark.filterwarnings("ignore:::torch")


@pytest.fixture
def model():
    return torch.nn.Linear(3, 1)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


def step(model, optimizer):
    optimizer.zero_grad()
    model(torch.ones(4, 3)).pow(2).mean().backward()
    optimizer.step()


def test_the_steps_of_an_optimizer_are_those_of_the_run(monitor, model):
    optimizer = sgd(model)
    with monitor.training(total=8, unit="step") as run, count_steps(optimizer):
        for _ in range(4):
            step(model, optimizer)
        assert (run.current, run.fraction) == (4, 0.5)
    step(model, optimizer)

    assert runs_of(monitor)["Training"].current == 4


def test_accumulated_gradients_are_one_step_of_the_run_and_one_batch_each_of_the_loop(
    monitor, model
):
    optimizer = sgd(model)
    with monitor.training(total=3, unit="step"):
        counter = count_steps(optimizer)
        for batch in monitor.track(range(6), stage="Batch"):
            model(torch.ones(4, 3)).pow(2).mean().backward()
            if batch % 2:
                optimizer.step()
                optimizer.zero_grad()
        counter.remove()

    runs = runs_of(monitor)
    assert (runs["Training"].current, runs["Batch"].current, counter.steps) == (3, 6, 3)


def test_a_loop_alone_has_the_steps_as_a_metric(monitor, model):
    optimizer = sgd(model)
    with count_steps(optimizer, monitor=monitor) as counter:
        for _ in monitor.track(range(3), stage="Batch"):
            step(model, optimizer)

    run = runs_of(monitor)["Batch"]
    assert (run.current, counter.steps) == (3, 3)
    assert run.metrics["optimizer_steps"] >= 1


def test_several_optimizers_count_together(monitor, model):
    first, second = sgd(model), sgd(model)
    with monitor.training() as run, count_steps(first, second):
        step(model, first)
        step(model, second)
        assert run.current == 2


def test_a_step_that_the_scaler_leaves_out_is_none(monitor, model):
    optimizer = sgd(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    with monitor.training() as run, count_steps(optimizer):
        for factor in (1.0, float("inf"), 1.0):
            optimizer.zero_grad()
            scaler.scale(factor * model(torch.ones(4, 3)).pow(2).mean()).backward()
            scaler.step(optimizer)
            scaler.update()
        assert run.current == 2


def test_without_a_run_steps_are_counted_and_nothing_is_opened(monitor, model):
    optimizer = sgd(model)
    with count_steps(optimizer) as counter:
        step(model, optimizer)

    assert counter.steps == 1
    assert monitor.snapshot().runs == []


def test_a_failure_is_a_notice_and_the_training_goes_on(model, monkeypatch):
    def fails(**counts):
        raise ValueError("broken")

    optimizer, before = sgd(model), model.weight.clone()
    with Monitor(name="other", interval=None, store=None, terminal=False) as other:
        with other.training() as run, count_steps(optimizer, monitor=other) as counter:
            monkeypatch.setattr(run, "update", fails)
            with pytest.warns(IpyvitalsWarning, match="count_steps of torch"):
                step(model, optimizer)
        (notice,) = [one for one in other.snapshot().notices if "count_steps" in one.message]

    assert (counter.steps, notice.code) == (1, "integrations.failed")
    assert not torch.equal(before, model.weight)


def test_a_counted_optimizer_is_copied_and_saved(monitor, model):
    optimizer = sgd(model)
    with monitor.training() as run, count_steps(optimizer):
        for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
            other.step()
        assert run.current == 0


def test_what_is_no_optimizer_is_refused(monitor):
    with pytest.raises(TypeError, match="expected optimizers of torch"):
        count_steps(5)
    with pytest.raises(TypeError, match="one optimizer or more"):
        count_steps()
