"""The adapter for fastai."""

from __future__ import annotations

import copy
import pickle
import warnings

import pytest
import torch

with warnings.catch_warnings():
    # fastai compiles functions in a way that torch deprecates.
    warnings.simplefilter("ignore")
    from fastai.callback.core import Callback, CancelEpochException
    from fastai.callback.schedule import LRFinder
    from fastai.callback.tracker import EarlyStoppingCallback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.metrics import mae

from ipyvitals.integrations.fastai import VitalsCallback
from tests.unit.integrations.run_rows import curve_of, near, runs_of

pytestmark = pytest.mark.filterwarnings("ignore:::(fastai|fastcore|torch)")


class Rows(list):
    """Rows that fastai can export without their data."""

    def new_empty(self):
        return Rows()


@pytest.fixture
def learn(tmp_path):
    """Return a learner: five batches of training and two of validation an epoch."""
    torch.manual_seed(0)
    x = torch.randn(40, 3)
    y = x.sum(1, keepdim=True)
    rows = Rows(zip(x, y, strict=True))
    loaders = DataLoaders.from_dsets(rows, Rows(rows[:16]), bs=8, device=torch.device("cpu"))
    learn = Learner(
        loaders, torch.nn.Linear(3, 1), torch.nn.MSELoss(), metrics=[mae], path=tmp_path
    )
    learn.logger = lambda *row: None
    return learn


class At(Callback):
    """Does something after the second batch of the second epoch."""

    def __init__(self, do):
        self.do = do

    def after_batch(self):
        if self.training and (self.epoch, self.iter) == (1, 1):
            self.do()


def raise_(error):
    raise error


def rows_of(learn, name):
    """Return the values of a column of the recorder."""
    column = list(learn.recorder.metric_names).index(name) - 1
    return [row[column] for row in learn.recorder.values]


class TestCounts:
    def test_epochs_batches_and_metrics_are_those_of_the_recorder(self, monitor, learn):
        learn.fit(3, cbs=VitalsCallback(monitor, name="first"))

        runs = runs_of(monitor)
        run, batches, validation = runs["Training"], runs["Batch"], runs["Validation"]
        assert (run.name, run.state, run.end) == ("first", "completed", "completed")
        assert (run.unit, run.current, run.total) == ("epoch", 3, 3)
        for name in ("train_loss", "valid_loss", "mae"):
            assert curve_of(monitor, run, name) == ([1, 2, 3], near(rows_of(learn, name)))
        assert (batches.unit, batches.current, batches.total) == ("batch", 5, 5)
        assert batches.steps == len(learn.recorder.losses)
        assert batches.metrics == near(
            {"train_loss": learn.recorder.losses[-1], "lr": learn.recorder.lrs[-1]}
        )
        assert (validation.steps, validation.lap) == (6, 3)

    def test_fine_tuning_is_two_runs(self, monitor, learn):
        learn.fine_tune(2, cbs=VitalsCallback(monitor))

        fits = [run for run in monitor.snapshot().runs if run.stage == "Training"]
        assert [(run.state, run.current) for run in fits] == [("completed", 2), ("completed", 1)]

    def test_epochs_that_are_skipped_were_done_before(self, monitor, learn):
        learn.fit(4, start_epoch=2, cbs=VitalsCallback(monitor))

        runs = runs_of(monitor)
        assert (runs["Training"].current, runs["Training"].total) == (4, 4)
        assert runs["Batch"].steps == 10

    def test_a_search_for_the_learning_rate_is_no_run(self, monitor, learn):
        learn.fit(1, cbs=[LRFinder(num_it=6), VitalsCallback(monitor)])

        assert monitor.snapshot().runs == []

    def test_predictions_are_no_run(self, monitor, learn):
        learn.add_cb(VitalsCallback(monitor))
        learn.get_preds()

        assert monitor.snapshot().runs == []


class TestValidation:
    def test_a_validation_of_its_own_is_a_run_of_its_own(self, monitor, learn):
        learn.add_cb(VitalsCallback(monitor))
        loss, error = learn.validate()

        (run,) = monitor.snapshot().runs
        assert (run.stage, run.state, run.current, run.total) == ("Validation", "completed", 2, 2)
        assert run.metrics == near({"valid_loss": loss, "mae": error})

    def test_a_validation_does_not_move_the_bar(self, monitor, learn):
        seen = []

        class Look(Callback):
            order = 70

            def after_batch(self):
                if not self.training:
                    seen.append(runs_of(monitor)["Training"].progress)

        learn.fit(2, cbs=[VitalsCallback(monitor), Look()])

        assert seen == [50.0, 50.0, 100.0, 100.0]


class TestEndings:
    def test_early_stopping_completes_with_the_share_that_was_reached(self, monitor, learn):
        stopping = EarlyStoppingCallback("valid_loss", min_delta=1e9, patience=1)
        learn.fit(8, cbs=[VitalsCallback(monitor), stopping])

        run = runs_of(monitor)["Training"]
        reached = len(learn.recorder.values)
        assert reached < 8
        assert (run.state, run.current) == ("completed", reached)
        assert run.progress == pytest.approx(100 * reached / 8)
        assert run.metrics["valid_loss"] == pytest.approx(rows_of(learn, "valid_loss")[-1])

    def test_an_epoch_that_was_cancelled_counts_as_the_recorder_counts_it(self, monitor, learn):
        learn.fit(3, cbs=[VitalsCallback(monitor), At(lambda: raise_(CancelEpochException))])

        run = runs_of(monitor)["Training"]
        assert (run.state, run.current) == ("completed", len(learn.recorder.values))

    @pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
    def test_an_exception_leaves_no_run_open(self, monitor, learn, error):
        callback = VitalsCallback(monitor)
        with pytest.raises(type(error)):
            learn.fit(3, cbs=[callback, At(lambda: raise_(error))])

        run = runs_of(monitor)["Training"]
        assert (run.state, run.current) == ("stopped", 1)

    def test_a_request_to_stop_ends_the_training(self, monitor, learn):
        learn.fit(4, cbs=[VitalsCallback(monitor), At(monitor.stop_training)])

        run = runs_of(monitor)["Training"]
        assert len(learn.recorder.values) == 1
        assert (run.state, run.end, run.current) == ("stopped", "requested", 1)
        assert 25.0 < run.progress < 50.0


def test_copies_have_the_arguments_and_no_run(monitor, learn):
    callback = VitalsCallback(monitor, name="first")
    learn.fit(1, cbs=callback)
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert isinstance(other, Callback)
        learn.fit(1, cbs=other)

    fits = [run for run in monitor.snapshot().runs if run.stage == "Training"]
    assert [run.name for run in fits] == ["first"] * 3


def test_an_exported_learner_loads(monitor, learn, tmp_path):
    learn.add_cb(VitalsCallback(monitor))
    learn.fit(1)
    learn.export("learn.pickle")

    loaded = torch.load(tmp_path / "learn.pickle", weights_only=False)
    assert isinstance(loaded.vitals, VitalsCallback)
