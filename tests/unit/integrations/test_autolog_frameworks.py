"""Trainings of real frameworks after one line; their own counts are the truth."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from importlib import import_module
from inspect import getattr_static

import numpy as np
import pytest

import ipyvitals

RNG = np.random.default_rng(7)
X = RNG.normal(size=(120, 4))
Y = (X[:, 0] + 0.1 * RNG.normal(size=120) > 0).astype(int)


@pytest.fixture
def autolog(monitor):
    """Turn autolog on for the monitor, and off at the end."""
    ipyvitals.autolog(monitor)
    yield
    ipyvitals.autolog(disable=True)


@pytest.fixture
def lightgbm():
    return pytest.importorskip("lightgbm")


@pytest.fixture
def xgboost():
    return pytest.importorskip("xgboost")


@pytest.fixture
def optuna():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def rows(monitor):
    """Return state, steps and total of each run, oldest first."""
    return [(run.state, run.current, run.total) for run in in_order(monitor)]


def in_order(monitor):
    return sorted(monitor.snapshot().runs, key=lambda run: int(run.run_id.split("-")[-1]))


def lightgbm_model(lightgbm, **options):
    return lightgbm.LGBMClassifier(**{"n_estimators": 4, "verbose": -1, "n_jobs": 1, **options})


# Each framework


def test_xgboost_reports_its_rounds(monitor, autolog, xgboost):
    data = xgboost.DMatrix(X, Y)
    booster = xgboost.train({"objective": "binary:logistic"}, data, 5)
    model = xgboost.XGBClassifier(n_estimators=7, n_jobs=1).fit(X, Y)
    scores = xgboost.cv({"objective": "binary:logistic"}, data, num_boost_round=6)

    assert rows(monitor) == [
        ("completed", booster.num_boosted_rounds(), 5),
        ("completed", model.get_booster().num_boosted_rounds(), 7),
        ("completed", len(scores), 6),
    ]
    assert model.callbacks is None


def test_an_early_stop_of_xgboost_counts_its_rounds(monitor, autolog, xgboost):
    data = xgboost.DMatrix(X, Y)
    booster = xgboost.train(
        {"objective": "binary:logistic", "eta": 1.0},
        data,
        60,
        evals=[(xgboost.DMatrix(X[:30], 1 - Y[:30]), "valid")],
        early_stopping_rounds=2,
        verbose_eval=False,
    )

    assert booster.num_boosted_rounds() < 60
    assert rows(monitor) == [("completed", booster.num_boosted_rounds(), 60)]


def test_lightgbm_reports_its_iterations(monitor, autolog, lightgbm):
    data = lightgbm.Dataset(X, Y)
    params = {"objective": "binary", "verbose": -1}
    booster = lightgbm.train(params, data, 5)
    model = lightgbm_model(lightgbm).fit(X, Y)
    scores = lightgbm.cv(params, lightgbm.Dataset(X, Y), 3)

    assert rows(monitor) == [
        ("completed", booster.num_trees(), 5),
        ("completed", model.n_estimators_, 4),
        ("completed", len(next(iter(scores.values()))), 3),
    ]


def test_an_early_stop_of_lightgbm_completes(monitor, autolog, lightgbm):
    data = lightgbm.Dataset(X, Y)
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "learning_rate": 1.0},
        data,
        80,
        valid_sets=[lightgbm.Dataset(X[:30], 1 - Y[:30], reference=data)],
        callbacks=[lightgbm.early_stopping(2, verbose=False)],
    )

    assert rows(monitor) == [("completed", booster.best_iteration + 2, 80)]


@pytest.mark.parametrize(
    ("error", "expected"), [(RuntimeError("no"), "failed"), (KeyboardInterrupt(), "stopped")]
)
def test_an_exception_in_lightgbm_ends_its_run(monitor, autolog, lightgbm, error, expected):
    def fail(env):
        if env.iteration == 2:
            raise error

    fail.order = 99
    with pytest.raises(type(error)) as caught:
        lightgbm_model(lightgbm).fit(X, Y, callbacks=[fail])

    assert caught.value is error
    assert rows(monitor) == [(expected, 3, 4)]


def test_catboost_reports_its_iterations(monitor, autolog):
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(
        iterations=5, verbose=False, allow_writing_files=False, thread_count=1
    )
    model.fit(X, Y)

    assert rows(monitor) == [("completed", model.tree_count_, 5)]


def test_catboost_on_a_gpu_is_called_without_callbacks(monitor, autolog):
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(
        iterations=2, verbose=False, allow_writing_files=False, task_type="GPU"
    )
    try:
        model.fit(X, Y)
    except catboost.CatBoostError as error:
        assert "callbacks" not in str(error)  # noqa: PT017 - on a GPU there is none
        expected = "failed"
    else:
        expected = "completed"

    assert [state for state, *_ in rows(monitor)] == [expected]


def test_optuna_reports_its_trials(monitor, autolog, optuna):
    study = optuna.create_study()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=4)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)

    assert len(study.trials) == 6
    assert rows(monitor) == [("completed", 4, 4), ("completed", 6, 6)]


def test_a_trial_that_fails_is_a_failed_study(monitor, autolog, optuna):
    def objective(trial):
        raise RuntimeError("no")

    study = optuna.create_study()
    with pytest.raises(RuntimeError, match="no"):
        study.optimize(objective, n_trials=3)

    assert [state for state, *_ in rows(monitor)] == ["failed"]


def test_keras_reports_its_epochs(monitor, autolog):
    keras = keras_on_a_backend()
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, Y, epochs=3, verbose=0)

    outer = next(run for run in in_order(monitor) if run.parent_id is None)
    assert (outer.state, outer.current, outer.total) == ("completed", len(history.epoch), 3)
    assert outer.metrics["loss"] == pytest.approx(history.history["loss"][-1])


def keras_on_a_backend():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    pytest.importorskip("jax")
    pytest.importorskip("ipyvitals.integrations.keras")
    return pytest.importorskip("keras")


# scikit-learn


@pytest.fixture
def sklearn():
    pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9 has no callbacks")
    for name in ("linear_model", "model_selection", "pipeline", "preprocessing"):
        import_module(f"sklearn.{name}")
    return sys.modules["sklearn"]


def test_scikit_learn_reports_the_outermost_fit(monitor, autolog, sklearn):
    pipe = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), sklearn.linear_model.LogisticRegression()
    )
    grid = {"logisticregression__C": [0.1, 1.0, 10.0]}
    search = sklearn.model_selection.GridSearchCV(pipe, grid, cv=2).fit(X, Y)

    (run,) = in_order(monitor)
    assert (run.stage, run.state, run.current, run.total) == ("GridSearchCV", "completed", 6, 6)
    assert pickle.loads(pickle.dumps(search)).predict(X[:1]).shape == (1,)


def test_the_callbacks_of_the_user_stay_on_an_estimator(monitor, autolog, sklearn):
    class Counter:
        fits = 0

        def setup(self, estimator, context):
            self.fits += 1

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context): ...

        def teardown(self, estimator, context): ...

    counter = Counter()
    model = sklearn.linear_model.LogisticRegression().set_callbacks(counter)
    model.fit(X, Y).fit(X, Y)

    assert counter.fits == 2
    assert vars(model)["_skl_callbacks"] == [counter]
    assert "_skl_callbacks" not in vars(sklearn.linear_model.LogisticRegression().fit(X, Y))
    assert [state for state, *_ in rows(monitor)] == ["completed"] * 3


def test_a_fit_that_fails_is_a_failed_run(monitor, autolog, sklearn):
    model = sklearn.linear_model.LogisticRegression()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, Y[:-1])

    assert [state for state, *_ in rows(monitor)] == ["failed"]
    assert "_skl_callbacks" not in vars(model)


def test_a_search_over_xgboost_has_the_fits_inside(monitor, autolog, sklearn, xgboost):
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1)
    search = sklearn.model_selection.GridSearchCV(model, {"max_depth": [1, 2]}, cv=2).fit(X, Y)

    outer, *inner = in_order(monitor)
    assert (outer.stage, outer.current, outer.total) == ("GridSearchCV", 4, 4)
    # Two candidates on two folds, and the refit.
    assert [(run.state, run.current, run.parent_id) for run in inner] == [
        ("completed", 3, outer.run_id)
    ] * 5
    assert search.best_estimator_.callbacks is None


def test_a_pipeline_has_the_fit_of_its_model_inside(monitor, autolog, sklearn, lightgbm):
    pipe = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), lightgbm_model(lightgbm)
    )
    pipe.fit(X, Y)

    outer, inner = in_order(monitor)
    assert (outer.stage, outer.current, outer.total) == ("Pipeline", 2, 2)
    assert (inner.current, inner.total, inner.parent_id) == (4, 4, outer.run_id)


def test_nothing_that_predicts_is_replaced(sklearn, lightgbm, xgboost):
    kinds = [
        lightgbm.LGBMClassifier,
        xgboost.XGBClassifier,
        sklearn.model_selection.GridSearchCV,
        sklearn.pipeline.Pipeline,
    ]
    names = ("predict", "predict_proba", "score", "transform", "fit_transform")
    before = [getattr_static(kind, name, None) for kind in kinds for name in names]
    ipyvitals.autolog()
    during = [getattr_static(kind, name, None) for kind in kinds for name in names]
    ipyvitals.autolog(disable=True)

    assert all(one is two for one, two in zip(before, during, strict=True))


# Searches of Optuna


@pytest.mark.parametrize("threads", [1, 2])
def test_trials_are_outside_and_fits_inside(monitor, autolog, optuna, lightgbm, threads):
    def objective(trial):
        rounds = trial.suggest_int("rounds", 2, 4)
        return lightgbm_model(lightgbm, n_estimators=rounds).fit(X, Y).score(X, Y)

    study = optuna.create_study()
    study.optimize(objective, n_trials=4, n_jobs=threads)

    outer, *inner = in_order(monitor)
    assert (outer.stage, outer.state, outer.current, outer.total) == (
        "Optimization",
        "completed",
        4,
        4,
    )
    assert {run.parent_id for run in inner} == {outer.run_id}
    assert sorted(run.total for run in inner) == sorted(
        trial.params["rounds"] for trial in study.trials
    )


def test_a_pruned_trial_is_no_failure(monitor, autolog, optuna, lightgbm):
    def objective(trial):
        def prune(env):
            if env.iteration == 1 and trial.number == 1:
                raise optuna.TrialPruned

        lightgbm_model(lightgbm).fit(X, Y, callbacks=[prune])
        return 1.0

    study = optuna.create_study()
    study.optimize(objective, n_trials=3)

    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert [state for state, *_ in rows(monitor)] == [
        *("completed", "completed", "stopped", "completed")
    ]


def test_an_adapter_of_the_user_reports_alone(monitor, autolog, optuna, lightgbm, xgboost):
    from ipyvitals.integrations import lightgbm as for_lightgbm
    from ipyvitals.integrations import optuna as for_optuna
    from ipyvitals.integrations import xgboost as for_xgboost

    lightgbm_model(lightgbm).fit(
        X, Y, callbacks=[for_lightgbm.VitalsCallback(monitor, name="mine")]
    )
    xgboost.XGBClassifier(
        n_estimators=3, callbacks=[for_xgboost.VitalsCallback(monitor, name="mine")]
    ).fit(X, Y)
    optuna.create_study().optimize(
        lambda trial: 1.0,
        n_trials=2,
        callbacks=[for_optuna.VitalsCallback(monitor, name="mine")],
    )

    assert [(run.name, run.state, run.current, run.total) for run in in_order(monitor)] == [
        ("mine", "completed", 4, 4),
        ("mine", "completed", 3, 3),
        ("mine", "completed", 2, 2),
    ]


# Before or after the import

SCRIPT = """
import sys
import ipyvitals
from ipyvitals import Monitor

monitor = Monitor(name="order", interval=None, store=None, terminal=False, git=False)
assert "ipyvitals.integrations" not in sys.modules
LATE = {late}

def functions():
    return [
        lightgbm.train, lightgbm.engine.train, lightgbm.sklearn.train, lightgbm.cv,
        xgboost.train, xgboost.training.train, xgboost.sklearn.train, xgboost.cv,
        optuna.study.Study.optimize,
    ]

def replaced():
    return {{"ipyvitals" in function.__code__.co_filename for function in functions()}}

def states():
    runs = sorted(monitor.snapshot().runs, key=lambda run: int(run.run_id.split("-")[-1]))
    return [(run.state, run.current, run.total) for run in runs]

def train():
    data = [[float(number)] for number in range(40)]
    params = {{"verbose": -1, "objective": "binary"}}
    lightgbm.train(params, lightgbm.Dataset(numpy.array(data), [0, 1] * 20), 3)
    xgboost.train({{}}, xgboost.DMatrix(data, [0, 1] * 20), 4)
    optuna.create_study().optimize(lambda trial: 1.0, n_trials=5)

if not LATE:
    ipyvitals.autolog(monitor)
    assert not {{"xgboost", "lightgbm", "optuna", "keras", "sklearn"}} & set(sys.modules)
import lightgbm, numpy, optuna, xgboost
optuna.logging.set_verbosity(optuna.logging.ERROR)
if LATE:
    originals = functions()
    assert replaced() == {{False}}
    from xgboost import train as imported_before
    ipyvitals.autolog(monitor)
    assert imported_before is xgboost.train
assert replaced() == {{True}}
train()
trained = [("completed", 3, 3), ("completed", 4, 4), ("completed", 5, 5)]
assert states() == trained, states()
ipyvitals.autolog(disable=True)
assert replaced() == {{False}}
if LATE:
    assert all(one is two for one, two in zip(originals, functions()))
assert not any(type(finder).__module__.startswith("ipyvitals") for finder in sys.meta_path)
train()
assert states() == trained, states()
"""


@pytest.mark.parametrize("late", [False, True])
def test_autolog_comes_before_or_after_the_imports(late):
    for name in ("lightgbm", "optuna", "xgboost"):
        pytest.importorskip(name)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(late=late)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
