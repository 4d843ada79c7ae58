"""What the callback of ipyvitals costs a training of Keras on JAX, beside MLflow's callback."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from statistics import median
from time import process_time, thread_time
from typing import Any

from benchmarks.kernel import kernel
from benchmarks.table import Row
from benchmarks.timing import Times, interleaved, ratio

CALLS = 20_000
EPOCHS, BATCHES, BATCH_SIZE = 4, 100, 128
INPUTS, CLASSES = 784, 10


def keras_rows(*, quick: bool) -> list[Row]:
    """Time the hook of a batch alone, and whole trainings, in a kernel."""
    with kernel() as one:
        hook: Times = one.call(time_hook, rounds=3 if quick else 7)
        times: Times = one.call(time_trainings, rounds=3 if quick else 9)
    call = 1e6 * min(hook["ipyvitals"]) / CALLS
    share = ratio(times, "ipyvitals", "bare") - 1
    seconds = median(times["bare"])
    beside = ""
    if "mlflow" in times:
        peer = 100 * (ratio(times, "mlflow", "bare") - 1)
        beside = f"; with mlflow.keras.MlflowCallback {peer:+.1f} %"
    data = {"call_us": call, "share": share, "hook": hook, "times": times}
    return [
        Row("Keras on JAX: its callback, a batch", call, "{:.1f} µs", 5, data=data),
        Row(
            f"Keras on JAX: {EPOCHS} × {BATCHES} batches with the callback, over those without",
            100 * share,
            "{:.1f} %",
            1,
            measured=f"without {seconds:.2f} s of CPU{beside}",
            data=data,
        ),
    ]


def time_hook(rounds: int) -> Times:
    """Run in the kernel: the hook of a batch alone, as Keras calls it."""
    os.environ["KERAS_BACKEND"] = "jax"
    from IPython.display import display

    from ipyvitals import Monitor
    from ipyvitals.integrations.keras import VitalsCallback

    monitor = Monitor("bench", name="bench-keras")
    display(monitor)
    logs = {"loss": 0.5, "accuracy": 0.9}

    def run() -> float:
        callback = VitalsCallback(monitor)
        callback.set_params({"epochs": 1, "steps": CALLS})
        callback.on_train_begin()
        callback.on_epoch_begin(0)
        start = thread_time()
        for batch in range(CALLS):
            callback.on_train_batch_end(batch, logs)
        took = thread_time() - start
        callback.on_epoch_end(0, logs)
        callback.on_train_end()
        return took

    with monitor:
        return interleaved({"ipyvitals": run}, rounds)


def time_trainings(rounds: int) -> Times:
    """Run in the kernel: trainings, one after the other; seconds of CPU."""
    os.environ["KERAS_BACKEND"] = "jax"
    from IPython.display import display

    from ipyvitals import Monitor
    from ipyvitals.integrations.keras import VitalsCallback

    train = _training()
    monitor = Monitor("bench", name="bench-keras")
    display(monitor)
    with monitor, tempfile.TemporaryDirectory() as folder:
        work: dict[str, Callable[[], float]] = {
            "bare": lambda: train([]),
            "ipyvitals": lambda: train([VitalsCallback(monitor)]),
        }
        mlflow = _mlflow(folder)
        if mlflow is not None:
            work["mlflow"] = lambda: _train_with(mlflow, train)
        for one in work.values():
            one()
        return interleaved(work, rounds)


def _training() -> Callable[[list[Any]], float]:
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    x = random.normal(size=(BATCHES * BATCH_SIZE, INPUTS)).astype("float32")
    y = random.integers(0, CLASSES, size=len(x))
    model = keras.Sequential(
        [
            keras.Input((INPUTS,)),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    def train(callbacks: list[Any]) -> float:
        options = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "verbose": 0, "shuffle": False}
        start = process_time()
        model.fit(x, y, callbacks=callbacks, **options)
        return process_time() - start

    return train


def _mlflow(folder: str) -> Any:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    try:
        import mlflow.keras
    except ImportError:
        return None
    mlflow.set_tracking_uri(f"sqlite:///{folder}/bench.db")
    mlflow.create_experiment("bench", artifact_location=folder)
    mlflow.set_experiment("bench")
    return mlflow


def _train_with(mlflow: Any, train: Callable[[list[Any]], float]) -> float:
    with mlflow.start_run():
        return train([mlflow.keras.MlflowCallback()])
