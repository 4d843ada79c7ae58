"""XGBoost's own counts and metrics are those of the run, in all four endings."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import xgboost
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from xgboost.callback import EarlyStopping, TrainingCallback

from ipyvitals.integrations.xgboost import VitalsCallback
from tests.unit.integrations.ends import data, ends

X, Y = data()
PARAMETERS = {"objective": "binary:logistic", "nthread": 1}


class At(TrainingCallback):
    """Calls a function in one round."""

    def __init__(self, epoch, call):
        self.epoch, self.call = epoch, call

    def after_iteration(self, model, epoch, evals_log):
        if epoch == self.epoch:
            self.call()
        return False


def sets():
    train = xgboost.DMatrix(X[:80], Y[:80])
    return train, xgboost.DMatrix(X[80:], Y[80:], nthread=1)


def train(rounds, callbacks, **options):
    matrix, valid = sets()
    return xgboost.train(
        PARAMETERS,
        matrix,
        rounds,
        evals=[(matrix, "train"), (valid, "valid")],
        callbacks=callbacks,
        verbose_eval=False,
        **options,
    )


def raising(error):
    def call():
        raise error

    return call


def test_a_training_that_is_done_has_the_rounds_and_the_metrics_of_the_booster(monitor):
    result = {}
    booster = train(7, [VitalsCallback(monitor, name="first")], evals_result=result)

    (run,) = monitor.snapshot().runs
    assert (run.state, run.current, run.total, run.unit) == ("completed", 7, 7, "round")
    assert run.current == booster.num_boosted_rounds()
    assert (run.name, run.config["objective"]) == ("first", "binary:logistic")
    assert run.metrics == {
        "train/logloss": result["train"]["logloss"][-1],
        "valid/logloss": result["valid"]["logloss"][-1],
    }


@pytest.mark.parametrize("save_best", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_early_stopping_completes_the_run_with_all_rounds(monitor, save_best, first):
    stopping = EarlyStopping(rounds=3, save_best=save_best)
    callbacks = [VitalsCallback(monitor)]
    callbacks.insert(0 if first else 1, stopping)
    result = {}
    train(100, callbacks, evals_result=result)

    rounds = len(result["valid"]["logloss"])
    assert rounds < 100
    assert ends(monitor) == [("completed", "completed", rounds, 100)]
    assert monitor.snapshot().runs[0].metrics["valid/logloss"] == result["valid"]["logloss"][-1]


@pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
def test_a_call_that_an_exception_leaves_is_stopped(monitor, error):
    callback = VitalsCallback(monitor)
    with pytest.raises(type(error)):
        train(7, [callback, At(2, raising(error))])

    assert ends(monitor) == [("stopped", "returned", 3, 7)]


def test_a_request_to_stop_ends_the_training(monitor):
    booster = train(50, [At(4, monitor.stop_training), VitalsCallback(monitor)])

    assert booster.num_boosted_rounds() == 5
    assert ends(monitor) == [("stopped", "requested", 5, 50)]


def test_a_training_that_goes_on_with_a_model_shows_the_whole(monitor):
    callback = VitalsCallback(monitor)
    booster = train(4, [callback])
    seen = []
    look = At(0, lambda: seen.append(monitor.snapshot().runs[0].current))
    booster = train(6, [callback, look], xgb_model=booster)

    assert seen == [5]
    assert booster.num_boosted_rounds() == 10
    assert ends(monitor)[-1] == ("completed", "completed", 10, 10)


def test_a_cross_validation_has_the_means_of_the_folds(monitor):
    matrix, _ = sets()
    found = xgboost.cv(
        PARAMETERS, matrix, 5, nfold=3, metrics="auc", callbacks=[VitalsCallback(monitor)]
    )

    (run,) = monitor.snapshot().runs
    assert (run.stage, run.current, run.total) == ("Cross-validation", 5, 5)
    assert run.metrics == {
        "train/auc": found["train-auc-mean"].iloc[-1],
        "test/auc": found["test-auc-mean"].iloc[-1],
    }


def test_a_given_total_wins(monitor):
    train(4, [VitalsCallback(monitor, total=8)])

    assert ends(monitor) == [("completed", "completed", 4, 8)]


def test_without_evaluation_sets_the_rounds_are_counted(monitor):
    matrix, _ = sets()
    xgboost.train({"booster": "gblinear", "nthread": 1}, matrix, 5, callbacks=[VitalsCallback()])

    assert ends(monitor) == [("completed", "completed", 5, 5)]


def test_each_fit_of_a_search_is_a_run(monitor):
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[VitalsCallback(monitor)])
    search = GridSearchCV(model, {"max_depth": [1, 2]}, cv=2).fit(X, Y)

    assert ends(monitor) == [("completed", "completed", 3, 3)] * 5
    assert search.best_estimator_.get_booster().num_boosted_rounds() == 3


def test_each_fit_of_a_search_over_threads_is_a_run(monitor):
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[VitalsCallback(monitor)])
    with parallel_config("threading"):
        GridSearchCV(model, {"max_depth": [1, 2]}, cv=2, n_jobs=2).fit(X, Y)

    assert ends(monitor) == [("completed", "completed", 3, 3)] * 5


def test_trainings_of_two_threads_at_once_have_a_run_each(monitor):
    together = Barrier(2, timeout=20)

    def fit(rounds):
        return train(rounds, [callback, At(1, together.wait)]).num_boosted_rounds()

    callback = VitalsCallback(monitor)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fit, [4, 6])) == [4, 6]

    assert sorted(ends(monitor), key=lambda end: end[2]) == [
        ("completed", "completed", 4, 4),
        ("completed", "completed", 6, 6),
    ]


def test_a_fitted_model_is_cloned_copied_and_pickled_with_its_callback(monitor):
    model = xgboost.XGBClassifier(n_estimators=2, n_jobs=1, callbacks=[VitalsCallback(monitor)])
    model.fit(X, Y)
    for other in (clone(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        other.fit(X, Y)

    assert ends(monitor) == [("completed", "completed", 2, 2)] * 4
