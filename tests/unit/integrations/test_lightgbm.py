"""LightGBM's own counts and metrics are those of the run, in all four endings."""

from __future__ import annotations

import copy
import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import lightgbm
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV

from ipyvitals.integrations.lightgbm import VitalsCallback, metrics
from tests.unit.integrations.ends import data, ends

X, Y = data()
PARAMETERS = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}


def sets():
    train = lightgbm.Dataset(X[:80], Y[:80], free_raw_data=False)
    return train, train.create_valid(X[80:], Y[80:])


def train(rounds, callbacks, **options):
    data, valid = sets()
    return lightgbm.train(
        PARAMETERS, data, rounds, valid_sets=[data, valid], callbacks=callbacks, **options
    )


def at(iteration, call, order=40):
    """Return a callback that calls a function in one iteration."""

    def callback(env):
        if env.iteration == iteration:
            call()

    callback.order = order
    return callback


def raising(error):
    def call():
        raise error

    return call


def test_a_training_that_is_done_has_the_iterations_and_the_metrics_of_the_booster(monitor):
    found = {}
    callbacks = [VitalsCallback(monitor, name="first"), lightgbm.record_evaluation(found)]
    booster = train(7, callbacks)

    (run,) = monitor.snapshot().runs
    assert (run.state, run.current, run.total, run.unit) == ("completed", 7, 7, "iteration")
    assert run.current == booster.current_iteration()
    assert (run.name, run.config["objective"]) == ("first", "binary")
    assert run.metrics == {
        "training/binary_logloss": found["training"]["binary_logloss"][-1],
        "valid_1/binary_logloss": found["valid_1"]["binary_logloss"][-1],
    }


@pytest.mark.parametrize("inline", [False, True])
def test_early_stopping_completes_the_run_with_all_iterations(monitor, inline):
    found = {}
    callback = [VitalsCallback(monitor)]
    others = [
        lightgbm.early_stopping(3, verbose=False),
        lightgbm.record_evaluation(found),
    ]
    booster = train(200, [*(callback if not inline else [VitalsCallback(monitor)]), *others])

    done = len(found["valid_1"]["binary_logloss"])
    assert done < 200
    assert booster.best_iteration == done - 3
    assert ends(monitor) == [("completed", "completed", done, 200)]


def test_early_stopping_of_an_error_in_the_same_cell_is_no_failure(monitor):
    callback = VitalsCallback(monitor)
    booster = train(200, [callback, lightgbm.early_stopping(3, verbose=False)])
    monitor._engine.training.end_cell(set(), ValueError("later in the cell"))

    assert booster.best_iteration
    assert ends(monitor)[0][:2] == ("completed", "completed")


@pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
def test_a_call_that_an_exception_leaves_is_stopped(monitor, error):
    callback = VitalsCallback(monitor)
    with pytest.raises(type(error)):
        train(7, [callback, at(2, raising(error))])

    assert ends(monitor) == [("stopped", "returned", 3, 7)]


def test_a_call_that_an_exception_leaves_ends_with_the_cell(monitor):
    callback = VitalsCallback(monitor)
    with pytest.raises(RuntimeError):
        train(7, [callback, at(2, raising(RuntimeError()))])
    monitor._engine.training.end_cell(set(), None)

    assert not monitor._engine.training.open_runs


def test_a_call_that_an_exception_leaves_ends_with_its_callback(monitor):
    def fit():
        train(7, [VitalsCallback(monitor), at(2, raising(RuntimeError()))])

    with pytest.raises(RuntimeError):
        fit()
    gc.collect()

    assert ends(monitor)[0][0] == "stopped"


def test_a_request_to_stop_ends_the_training(monitor):
    callbacks = [VitalsCallback(monitor), at(4, monitor.stop_training, order=20)]
    booster = train(50, callbacks)

    assert booster.current_iteration() == 5
    assert ends(monitor) == [("stopped", "requested", 5, 50)]


def test_a_training_that_goes_on_with_a_model_shows_the_whole(monitor):
    callback = VitalsCallback(monitor)
    booster = train(4, [callback])
    seen = []
    look = at(4, lambda: seen.append(monitor.snapshot().runs[0].current))
    booster = train(6, [callback, look], init_model=booster)

    assert seen == [5]
    assert booster.num_trees() == 10
    assert ends(monitor)[-1] == ("completed", "completed", 10, 10)


def test_a_cross_validation_has_the_means_of_the_folds(monitor):
    found = lightgbm.cv(
        PARAMETERS,
        sets()[0],
        5,
        nfold=3,
        eval_train_metric=True,
        callbacks=[VitalsCallback(monitor)],
    )

    (run,) = monitor.snapshot().runs
    assert (run.stage, run.current, run.total) == ("Cross-validation", 5, 5)
    assert run.metrics == {
        "train/binary_logloss": found["train binary_logloss-mean"][-1],
        "valid/binary_logloss": found["valid binary_logloss-mean"][-1],
    }


def test_results_of_older_versions_have_the_same_names():
    older = [("cv_agg", "valid auc", 0.5, True, 0.1), ("training", "l2", 0.25, False)]

    assert metrics(older) == {"valid/auc": 0.5, "training/l2": 0.25}


def test_an_early_stop_of_a_cross_validation_completes_the_run(monitor):
    callback = VitalsCallback(monitor)
    stopping = lightgbm.early_stopping(3, verbose=False)
    found = lightgbm.cv(PARAMETERS, sets()[0], 200, nfold=3, callbacks=[callback, stopping])

    done = len(found["valid binary_logloss-mean"]) + 3
    assert ends(monitor) == [("completed", "completed", done, 200)]


def model():
    return lightgbm.LGBMClassifier(n_estimators=3, verbosity=-1, n_jobs=1)


def test_each_fit_of_a_search_is_a_run_also_of_threads_that_share_the_callback(monitor):
    callback = VitalsCallback(monitor)
    search = GridSearchCV(model(), {"max_depth": [1, 2]}, cv=2)
    search.fit(X, Y, callbacks=[callback])
    assert ends(monitor) == [("completed", "completed", 3, 3)] * 5

    with parallel_config("threading"):
        clone = search.set_params(n_jobs=2)
        clone.fit(X, Y, callbacks=[callback])
    assert ends(monitor) == [("completed", "completed", 3, 3)] * 10


def test_trainings_of_two_threads_at_once_have_a_run_each(monitor):
    together = Barrier(2, timeout=20)

    def fit(rounds):
        return train(rounds, [callback, at(1, together.wait)]).current_iteration()

    callback = VitalsCallback(monitor)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fit, [4, 6])) == [4, 6]

    assert sorted(ends(monitor), key=lambda end: end[2]) == [
        ("completed", "completed", 4, 4),
        ("completed", "completed", 6, 6),
    ]


def test_a_run_of_a_thread_that_has_ended_ends(monitor):
    def fit():
        with pytest.raises(RuntimeError):
            train(7, [callback, at(2, raising(RuntimeError()))])

    callback = VitalsCallback(monitor)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(fit).result()

    ((state, end, *counts),) = ends(monitor)
    assert (state, counts) == ("stopped", [3, 7])
    # The end of the thread is seen at its next look, or by what goes with the thread.
    assert end in ("returned", "left")


def test_a_copy_of_a_callback_reports_a_run_of_its_own(monitor):
    callback = VitalsCallback(monitor, name="first")
    train(2, [callback])
    train(2, [copy.deepcopy(callback)])

    assert [run.name for run in monitor.snapshot().runs] == ["first"] * 2
