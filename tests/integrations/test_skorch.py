"""The adapter for skorch."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetRegressor
from skorch.callbacks import Callback, EarlyStopping, EpochScoring

from ipyvitals import Monitor
from ipyvitals.integrations.skorch import VitalsCallback
from tests.unit.integrations.run_rows import curve_of, near, runs_of

pytestmark = pytest.mark.filterwarnings("ignore:::(skorch|torch|sklearn)")

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def net(*callbacks, **options):
    """Return a net: four batches of training and one of validation an epoch."""
    return NeuralNetRegressor(
        torch.nn.Linear,
        module__in_features=3,
        module__out_features=1,
        **{"max_epochs": 3, "batch_size": 8, "verbose": 0, **options},
        callbacks=list(callbacks),
    )


class At(Callback):
    """Does something after the second batch of the second epoch."""

    def __init__(self, do):
        self.do = do

    def on_batch_end(self, net, training=None, **more):
        if training and len(net.history) == 2 and len(net.history[-1]["batches"]) == 2:
            self.do()


def raise_(error):
    raise error


class TestCounts:
    def test_epochs_batches_and_metrics_are_those_of_the_history(self, monitor):
        fitted = net(VitalsCallback(monitor, name="first")).fit(X, Y)

        runs = runs_of(monitor)
        run, batches, validation = runs["Training"], runs["Batch"], runs["Validation"]
        assert (run.name, run.state, run.end) == ("first", "completed", "completed")
        assert (run.unit, run.current, run.total) == ("epoch", len(fitted.history), 3)
        for name in ("train_loss", "valid_loss", "dur"):
            assert curve_of(monitor, run, name) == ([1, 2, 3], near(fitted.history[:, name]))
        assert (batches.unit, batches.current, batches.total) == ("batch", 4, 4)
        assert (batches.steps, batches.lap) == (12, 3)
        last = fitted.history[-1, "batches", 3, "train_loss"]
        assert batches.metrics == near({"train_loss": last})
        assert (validation.steps, validation.lap) == (3, 3)

    def test_a_score_of_a_later_callback_is_a_metric_too(self, monitor):
        score = EpochScoring("r2", lower_is_better=False)
        fitted = net(VitalsCallback(monitor), score).fit(X, Y)

        run = runs_of(monitor)["Training"]
        assert curve_of(monitor, run, "r2") == ([1, 2, 3], near(fitted.history[:, "r2"]))
        assert set(run.metrics) == {"train_loss", "valid_loss", "dur", "r2"}

    def test_partial_fit_goes_on_with_the_epochs_before(self, monitor):
        fitted = net(VitalsCallback(monitor)).fit(X, Y)
        fitted.partial_fit(X, Y)

        run = runs_of(monitor)["Training"]
        assert (run.current, run.total, run.progress) == (len(fitted.history), 6, 100.0)
        assert curve_of(monitor, run, "dur")[0] == [4, 5, 6]

    def test_without_validation(self, monitor):
        net(VitalsCallback(monitor), train_split=None).fit(X, Y)

        runs = runs_of(monitor)
        assert (runs["Training"].state, runs["Batch"].steps) == ("completed", 15)
        assert "Validation" not in runs

    def test_a_validation_does_not_move_the_bar(self, monitor):
        seen = []

        class Look(Callback):
            def on_batch_end(self, net, training=None, **more):
                if not training:
                    seen.append(runs_of(monitor)["Training"].progress)

        net(VitalsCallback(monitor), Look()).fit(X, Y)

        assert seen == [pytest.approx(100 / 3), pytest.approx(200 / 3), 100.0]


class TestEndings:
    @pytest.mark.parametrize("before", [True, False])
    def test_early_stopping_completes_with_the_share_that_was_reached(self, monitor, before):
        callbacks = [EarlyStopping(patience=2, threshold=1e9), VitalsCallback(monitor)]
        fitted = net(*(callbacks if before else reversed(callbacks)), max_epochs=8).fit(X, Y)

        run = runs_of(monitor)["Training"]
        reached = len(fitted.history)
        assert reached < 8
        assert (run.state, run.current) == ("completed", reached)
        assert run.progress == pytest.approx(100 * reached / 8)
        assert run.metrics["train_loss"] == pytest.approx(fitted.history[-1, "train_loss"])

    def test_an_interrupt_inside_an_epoch_stops_the_run(self, monitor):
        fitted = net(VitalsCallback(monitor), At(lambda: raise_(KeyboardInterrupt))).fit(X, Y)

        run = runs_of(monitor)["Training"]
        assert len(fitted.history) == 2
        assert (run.state, run.end, run.current) == ("stopped", "interrupted", 1)
        assert run.metrics["train_loss"] == pytest.approx(fitted.history[0, "train_loss"])

    def test_an_exception_leaves_no_run_open(self, monitor):
        callback = VitalsCallback(monitor)
        fitted = net(callback, At(lambda: raise_(RuntimeError("diverged"))))
        with pytest.raises(RuntimeError):
            fitted.fit(X, Y)

        run = runs_of(monitor)["Training"]
        assert (run.state, run.current) == ("stopped", 1)
        net(callback).fit(X, Y)
        assert runs_of(monitor)["Training"].state == "completed"

    def test_a_request_to_stop_ends_the_training(self, monitor):
        fitted = net(VitalsCallback(monitor), At(monitor.stop_training)).fit(X, Y)

        run = runs_of(monitor)["Training"]
        assert len(fitted.history) == 2
        assert (run.state, run.end, run.current) == ("stopped", "requested", 1)
        assert 100 / 3 < run.progress < 200 / 3


class TestCopies:
    def test_a_grid_search_has_a_run_for_each_fit(self, monitor):
        search = GridSearchCV(
            net(("vitals", VitalsCallback(monitor, name="grid"))),
            {"lr": [0.01, 0.1]},
            cv=2,
            scoring="r2",
        )
        search.fit(X, Y)

        fits = [run for run in monitor.snapshot().runs if run.stage == "Training"]
        assert [run.state for run in fits] == ["completed"] * 5
        assert sorted(run.config["lr"] for run in fits[1:]) == [0.01, 0.01, 0.1, 0.1]
        assert fits[0].config["lr"] == search.best_params_["lr"]

    def test_failing_fits_of_a_grid_search_leave_no_run_open(self, monitor):
        class Fails(Callback):
            def on_epoch_end(self, net, **more):
                raise RuntimeError("diverged")

        search = GridSearchCV(
            net(VitalsCallback(monitor), Fails()), {"lr": [0.1]}, cv=2, refit=False, error_score=0.0
        )
        with pytest.raises(ValueError, match="fits failed"):
            search.fit(X, Y)

        fits = [run for run in monitor.snapshot().runs if run.stage == "Training"]
        assert [run.state for run in fits] == ["stopped"] * 2

    def test_parameters_are_the_arguments(self, monitor):
        made = net(("vitals", VitalsCallback(monitor, name="a"))).initialize()
        assert made.get_params()["callbacks__vitals__name"] == "a"
        made.set_params(callbacks__vitals__name="b").fit(X, Y)

        assert runs_of(monitor)["Training"].name == "b"

    def test_copies_have_the_arguments_and_no_run(self, monitor):
        callback = VitalsCallback(monitor, name="a", tags=["t"])
        made = net(callback).fit(X, Y)
        for other in (clone(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            (copied,) = other.callbacks
            assert copied is not callback
            assert copied.get_params() == callback.get_params()
            other.fit(X, Y)
        assert isinstance(clone(callback), Callback)

    def test_a_fitted_net_loads_in_a_fresh_interpreter(self, tmp_path):
        with Monitor(name="home", interval=None, store=None, terminal=False) as home:
            fitted = net(VitalsCallback(home)).fit(X, Y)
        file = tmp_path / "net.pickle"
        file.write_bytes(pickle.dumps(fitted))
        program = (
            "import pickle, sys, numpy\n"
            "net = pickle.load(open(sys.argv[1], 'rb'))\n"
            "print(net.predict(numpy.ones((2, 3), 'float32')).shape)\n"
        )
        command = [sys.executable, "-c", program, str(file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)

        assert done.stdout.strip() == "(2, 1)"
