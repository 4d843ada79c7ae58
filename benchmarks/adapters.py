"""What a callback costs a training of XGBoost and LightGBM, beside MLflow's autolog."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import thread_time
from typing import Any

from benchmarks.kernel import kernel
from benchmarks.table import Row
from benchmarks.timing import Times, interleaved, ratio

ROUNDS = 200
ROWS, COLUMNS = 5_000, 30
CALLS = 20_000
FRAMEWORKS = ("XGBoost", "LightGBM")


def adapter_rows(*, quick: bool) -> list[Row]:
    """Time the hook alone, and whole trainings with two evaluation sets, in a kernel."""
    rows = []
    for name in FRAMEWORKS:
        with kernel() as one:
            hook: Times = one.call(time_hook, name=name, rounds=3 if quick else 7)
            times: Times = one.call(time_trainings, name=name, rounds=3 if quick else 9)
        call = 1e6 * median(hook["ipyvitals"]) / CALLS
        share = ratio(times, "ipyvitals", "bare") - 1
        mlflow = ratio(times, "mlflow", "bare") - 1 if "mlflow" in times else None
        seconds = median(times["bare"])
        data = {"call_us": call, "share": share, "mlflow_share": mlflow, "seconds": seconds}
        rows += [
            Row(f"{name}: its callback, a round", call, "{:.1f} µs", 5, data=data),
            Row(
                f"{name}: {ROUNDS} rounds with the callback, over those without",
                100 * share,
                "{:.1f} %",
                1,
                measured=f"without {seconds:.2f} s"
                + ("" if mlflow is None else f"; with mlflow.autolog {100 * mlflow:+.0f} %"),
                data=data,
            ),
        ]
    return rows


def time_hook(name: str, rounds: int) -> Times:
    """Run in the kernel: the callback alone, as the framework calls it."""
    from IPython.display import display

    from ipyvitals import Monitor

    monitor = Monitor("bench", name="bench-adapters")
    display(monitor)
    with monitor:
        call = {"XGBoost": _xgboost_hook, "LightGBM": _lightgbm_hook}[name](monitor)
        return interleaved({"ipyvitals": call}, rounds)


def _xgboost_hook(monitor: Any) -> Callable[[], float]:
    import numpy as np
    import xgboost

    from ipyvitals.integrations.xgboost import VitalsCallback

    booster = xgboost.train({}, xgboost.DMatrix(np.zeros((4, 1)), np.zeros(4)), 1)
    log = {"train": {"logloss": [0.5]}, "valid": {"logloss": [0.5]}}

    def run() -> float:
        callback = VitalsCallback(monitor, total=CALLS)
        callback.before_training(model=booster)
        start = thread_time()
        for epoch in range(CALLS):
            callback.after_iteration(booster, epoch, log)
        took = thread_time() - start
        callback.after_training(model=booster)
        return took

    return run


def _lightgbm_hook(monitor: Any) -> Callable[[], float]:
    from lightgbm.callback import CallbackEnv

    from ipyvitals.integrations.lightgbm import VitalsCallback

    class Model:
        best_iteration = 0

    model = Model()
    results = [("training", "l2", 0.5, False), ("valid_1", "l2", 0.5, False)]
    envs = [CallbackEnv(model, {}, i, 0, CALLS, results) for i in range(CALLS)]

    def run() -> float:
        callback = VitalsCallback(monitor)
        start = thread_time()
        for env in envs:
            callback(env)
        return thread_time() - start

    return run


def time_trainings(name: str, rounds: int) -> Times:
    """Run in the kernel: trainings, one after the other; CPU seconds of the thread that trains."""
    from IPython.display import display

    from ipyvitals import Monitor

    train = {"XGBoost": _xgboost, "LightGBM": _lightgbm}[name]()
    monitor = Monitor("bench", name="bench-adapters")
    display(monitor)
    with monitor, tempfile.TemporaryDirectory() as folder:
        from ipyvitals.integrations import lightgbm, xgboost

        make = {"XGBoost": xgboost, "LightGBM": lightgbm}[name].VitalsCallback
        work = {"bare": lambda: train([]), "ipyvitals": lambda: train([make(monitor)])}
        if _has_mlflow():
            work["mlflow"] = lambda: _with_mlflow(name, folder, train)
        for one in work.values():
            one()
        return interleaved({key: _timed(one) for key, one in work.items()}, rounds)


def _timed(work: Callable[[], Any]) -> Callable[[], float]:
    def run() -> float:
        start = thread_time()
        work()
        return thread_time() - start

    return run


def _data() -> tuple[Any, Any]:
    import numpy as np

    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, COLUMNS))
    return x, (x[:, 0] + random.normal(size=ROWS) > 0).astype(int)


def _xgboost() -> Callable[[list[Any]], Any]:
    import xgboost

    x, y = _data()
    half = ROWS // 2
    train, valid = xgboost.DMatrix(x[:half], y[:half]), xgboost.DMatrix(x[half:], y[half:])
    parameters = {"objective": "binary:logistic", "nthread": 1}
    evals = [(train, "train"), (valid, "valid")]
    return lambda callbacks: xgboost.train(
        parameters, train, ROUNDS, evals=evals, callbacks=callbacks, verbose_eval=False
    )


def _lightgbm() -> Callable[[list[Any]], Any]:
    import lightgbm

    x, y = _data()
    half = ROWS // 2
    train = lightgbm.Dataset(x[:half], y[:half], free_raw_data=False)
    valid = train.create_valid(x[half:], y[half:])
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    return lambda callbacks: lightgbm.train(
        parameters, train, ROUNDS, valid_sets=[train, valid], callbacks=callbacks
    )


def _has_mlflow() -> bool:
    try:
        import mlflow.lightgbm
        import mlflow.xgboost
    except ImportError:
        return False
    return bool(mlflow.xgboost and mlflow.lightgbm)


def _with_mlflow(name: str, folder: str, train: Callable[[list[Any]], Any]) -> None:
    import mlflow

    with _quiet():
        mlflow.set_tracking_uri(f"sqlite:///{folder}/bench.db")
        flavor = {"XGBoost": mlflow.xgboost, "LightGBM": mlflow.lightgbm}[name]
        options = {"log_models": False, "log_datasets": False, "silent": True}
        flavor.autolog(importance_types=[], **options) if name == "XGBoost" else flavor.autolog(
            **options
        )
        try:
            train([])
        finally:
            flavor.autolog(disable=True)


@contextmanager
def _quiet() -> Iterator[None]:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    yield
