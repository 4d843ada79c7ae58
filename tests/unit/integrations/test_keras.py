"""The adapter for Keras, with Keras itself: on JAX, and by `make test-integrations` on torch."""

from __future__ import annotations

import copy
import os
import pickle

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

from ipyvitals.integrations.keras import VitalsCallback
from tests.unit.integrations.run_rows import curve_of, near, runs_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(keras|torch)")

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


@pytest.fixture
def model():
    return make_model()


def make_model(**options):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="tiny")
    model.compile("sgd", "mse", metrics=["mae"], **options)
    return model


def fit(model, *callbacks, epochs=3, **options):
    """Fit five batches an epoch."""
    options = {"x": X, "y": Y, "batch_size": 8, "verbose": 0, **options}
    return model.fit(epochs=epochs, callbacks=list(callbacks), **options)


class At(keras.callbacks.Callback):
    """Does something after the second batch of the second epoch."""

    def __init__(self, do):
        super().__init__()
        self.do, self.epoch = do, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 1):
            self.do()


def raise_(error):
    raise error


class TestCounts:
    def test_epochs_and_batches_are_those_of_keras(self, monitor, model):
        history = fit(model, VitalsCallback(monitor, name="first"))

        runs = runs_of(monitor)
        run, batches = runs["Training"], runs["Batch"]
        assert (run.name, run.state, run.end) == ("first", "completed", "completed")
        assert (run.unit, run.current, run.total) == ("epoch", len(history.epoch), 3)
        assert (batches.unit, batches.current, batches.total) == ("batch", 5, 5)
        assert (batches.steps, batches.lap) == (15, 3)
        assert batches.parent_id == run.run_id
        assert run.config["epochs"] == 3

    def test_metrics_are_those_of_the_history(self, monitor, model):
        history = fit(model, VitalsCallback(monitor), validation_split=0.2)

        run = runs_of(monitor)["Training"]
        assert run.metrics == near({name: values[-1] for name, values in history.history.items()})
        assert set(run.metrics) == {"loss", "mae", "val_loss", "val_mae"}
        for name, values in history.history.items():
            assert curve_of(monitor, run, name) == ([1, 2, 3], near(values))

    def test_the_batches_end_with_the_mean_of_their_epoch(self, monitor, model):
        history = fit(model, VitalsCallback(monitor))

        batches = runs_of(monitor)["Batch"]
        assert batches.metrics == near({name: one[-1] for name, one in history.history.items()})
        steps, _ = curve_of(monitor, batches, "loss")
        assert steps == sorted(steps)
        assert steps[-1] == 15

    @pytest.mark.skipif(keras.backend.backend() == "torch", reason="torch has one step each")
    def test_several_steps_an_execution(self, monitor):
        fit(make_model(steps_per_execution=2), VitalsCallback(monitor))

        batches = runs_of(monitor)["Batch"]
        assert (batches.current, batches.total, batches.steps) == (5, 5, 15)

    def test_the_length_of_a_generator_is_known_after_its_first_epoch(self, monitor, model):
        def batches():
            while True:
                yield X[:8], Y[:8]

        rows = {"x": batches(), "y": None, "batch_size": None, "shuffle": False}
        fit(model, VitalsCallback(monitor), **rows, steps_per_epoch=4)

        run = runs_of(monitor)["Batch"]
        assert (run.current, run.total, run.steps) == (4, 4, 12)

    def test_an_iterable_without_a_length(self, monitor, model):
        class Rows(keras.utils.PyDataset):
            num_batches = None

            def __getitem__(self, index):
                return X[:8], Y[:8]

        rows = {"x": Rows(), "y": None, "batch_size": None, "shuffle": False}
        fit(model, VitalsCallback(monitor), **rows, steps_per_epoch=3)

        run = runs_of(monitor)["Batch"]
        assert (run.current, run.steps) == (3, 9)

    def test_a_resumed_training_counts_the_epochs_before(self, monitor, model):
        history = fit(model, VitalsCallback(monitor), epochs=10, initial_epoch=8)

        run = runs_of(monitor)["Training"]
        assert history.epoch == [8, 9]
        assert (run.current, run.total, run.progress) == (10, 10, 100.0)

    def test_hooks_that_come_in_another_order(self, monitor, model):
        callback = VitalsCallback(monitor)
        callback.set_params({"epochs": 1, "steps": 5})
        callback.on_train_begin()
        callback.on_epoch_begin(0)
        for batch in (1, 0, 2, 4, 3):
            callback.on_train_batch_end(batch, {"loss": 1.0})
        callback.on_epoch_end(0, {"loss": 1.0})
        callback.on_train_end()

        assert runs_of(monitor)["Batch"].current == 5

    def test_a_loop_of_the_user_s_own_with_a_callback_list(self, monitor, model):
        callbacks = keras.callbacks.CallbackList([VitalsCallback(monitor)], model=model)
        callbacks.on_train_begin()
        for epoch in range(2):
            callbacks.on_epoch_begin(epoch)
            for batch in range(3):
                callbacks.on_train_batch_begin(batch)
                callbacks.on_train_batch_end(batch, model.train_on_batch(X, Y, return_dict=True))
            callbacks.on_epoch_end(epoch, {"loss": 1.0})
        callbacks.on_train_end()

        runs = runs_of(monitor)
        assert (runs["Training"].current, runs["Training"].total) == (2, None)
        assert (runs["Batch"].steps, runs["Batch"].total) == (6, None)


class TestValidation:
    def test_a_validation_is_a_run_inside_that_does_not_move_the_bar(self, monitor, model):
        seen = []

        class Look(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                """Make Keras wait for the hooks of each batch."""

            def on_test_batch_end(self, batch, logs=None):
                runs = monitor.snapshot().runs
                run = next(run for run in runs if run.stage == "Training")
                seen.append((run.current, run.progress))

        fit(
            model,
            VitalsCallback(monitor),
            Look(),
            epochs=2,
            validation_data=(X[:16], Y[:16]),
            validation_batch_size=8,
        )

        validation = runs_of(monitor)["Validation"]
        assert (validation.steps, validation.lap, validation.state) == (4, 2, "completed")
        assert seen == [(0, 50.0), (0, 50.0), (1, 100.0), (1, 100.0)]

    def test_an_evaluation_of_its_own_is_a_run_of_its_own(self, monitor, model):
        scores = model.evaluate(
            X, Y, batch_size=8, verbose=0, callbacks=[VitalsCallback(monitor)], return_dict=True
        )

        (run,) = monitor.snapshot().runs
        assert (run.stage, run.state, run.parent_id) == ("Evaluation", "completed", None)
        assert (run.unit, run.current, run.total) == ("batch", 5, 5)
        assert run.metrics == near(scores)

    def test_prediction_is_no_run(self, monitor, model):
        model.predict(X, verbose=0, callbacks=[VitalsCallback(monitor)])

        assert monitor.snapshot().runs == []


class TestEndings:
    def test_early_stopping_completes_with_the_share_that_was_reached(self, monitor, model):
        stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=1e9)
        history = fit(model, VitalsCallback(monitor), stopping, epochs=8)

        run = runs_of(monitor)["Training"]
        assert len(history.epoch) == 2
        assert (run.state, run.current, run.progress) == ("completed", 2, 25.0)

    def test_a_training_that_is_not_finite(self, monitor, model):
        history = fit(
            model,
            VitalsCallback(monitor),
            keras.callbacks.TerminateOnNaN(),
            x=X * np.float32("nan"),
        )

        run = runs_of(monitor)["Training"]
        assert (run.state, run.current) == ("completed", len(history.epoch))
        assert run.metrics["loss"] is None

    @pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
    def test_an_exception_leaves_no_run_open(self, monitor, model, error):
        callback = VitalsCallback(monitor)
        with pytest.raises(type(error)):
            fit(model, callback, At(lambda: raise_(error)))

        runs = runs_of(monitor)
        assert (runs["Training"].state, runs["Training"].current) == ("stopped", 1)
        assert runs["Batch"].state == "stopped"
        fit(model, callback)
        assert runs_of(monitor)["Training"].state == "completed"

    def test_a_request_to_stop_ends_the_training_inside_its_epoch(self, monitor, model):
        history = fit(model, VitalsCallback(monitor), At(monitor.stop_training), epochs=4)

        run = runs_of(monitor)["Training"]
        assert model.stop_training
        assert (run.state, run.end) == ("stopped", "requested")
        assert len(history.epoch) == 2
        assert run.current == 1
        assert 25.0 < run.progress < 50.0

    def test_each_fit_is_a_run(self, monitor, model):
        callback = VitalsCallback(monitor)
        fit(model, callback, epochs=1)
        fit(model, callback, epochs=2)

        fits = [run for run in monitor.snapshot().runs if run.stage == "Training"]
        assert [(run.state, run.current) for run in fits] == [("completed", 2), ("completed", 1)]

    def test_no_epoch_is_no_run(self, monitor, model):
        fit(model, VitalsCallback(monitor), epochs=0)

        assert monitor.snapshot().runs == []


def test_the_callback_is_one_of_keras_and_lets_batches_go_on(monitor):
    callback = VitalsCallback(monitor)

    assert isinstance(callback, keras.callbacks.Callback)
    assert keras.callbacks.CallbackList([callback]).callbacks == [callback]
    assert callback.async_safe


def test_copies_have_no_run_and_no_model(monitor, model):
    callback = VitalsCallback(monitor, name="first", tags=["a"])
    fit(model, callback, epochs=1)
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        fit(make_model(), other, epochs=1)

    assert [run.name for run in monitor.snapshot().runs if run.parent_id is None] == ["first"] * 3
