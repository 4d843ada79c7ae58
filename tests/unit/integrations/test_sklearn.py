"""scikit-learn's own counts are those of the run, in all four endings."""

from __future__ import annotations

import copy
import pickle
import sys

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ipyvitals import MissingFrameworkError
from ipyvitals.integrations.sklearn import VitalsCallback
from tests.unit.integrations.ends import data, ends

X, Y = data()
GRID = {"C": [0.1, 1.0, 10.0]}


class Calling(ClassifierMixin, BaseEstimator):
    """Calls a function in each fit."""

    def __init__(self, call=None, number=0):
        self.call, self.number = call, number

    def fit(self, rows, y):
        if self.call is not None:
            self.call()
        self.classes_ = np.unique(y)
        return self

    def predict(self, rows):
        return np.zeros(len(rows), dtype=int)


class Call:
    """A function that stays itself in clones."""

    def __init__(self, call, at=1):
        self.call, self.at, self.calls = call, at, 0

    def __deepcopy__(self, memo):
        return self

    def __call__(self):
        self.calls += 1
        if self.calls == self.at:
            self.call()


def raising(error):
    def call():
        raise error

    return call


def test_a_solver_counts_its_iterations(monitor):
    model = LogisticRegression(max_iter=200)
    model.set_callbacks(VitalsCallback(monitor, name="first")).fit(X, Y)

    (run,) = monitor.snapshot().runs
    assert (run.stage, run.name, run.state) == ("LogisticRegression", "first", "completed")
    assert (run.current, run.total, run.unit) == (model.n_iter_[0], 200, "iteration")
    assert run.config["max_iter"] == 200


def test_a_pipeline_counts_its_steps(monitor):
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier())
    pipeline.set_callbacks(VitalsCallback(monitor)).fit(X, Y)

    (run,) = monitor.snapshot().runs
    assert (run.stage, run.current, run.total, run.unit) == ("Pipeline", 2, 2, "step")


def test_an_estimator_without_tasks_is_complete(monitor):
    StandardScaler().set_callbacks(VitalsCallback(monitor)).fit(X)

    (run,) = monitor.snapshot().runs
    assert (run.stage, run.state, run.progress) == ("StandardScaler", "completed", 100.0)


def test_a_search_counts_each_candidate_on_each_fold(monitor):
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {}, cv=2)
    search.set_params(param_grid={"logisticregression__C": GRID["C"]})
    search.set_callbacks(VitalsCallback(monitor)).fit(X, Y)

    (run,) = monitor.snapshot().runs
    assert (run.stage, run.current, run.total, run.unit) == ("GridSearchCV", 6, 6, "fit")
    assert run.metrics["best_score"] == search.best_score_
    assert f"logisticregression__C={search.best_params_['logisticregression__C']}" in run.details
    curves = {curve.metric: curve for curve in monitor._engine.training.curves()}
    assert curves["mean_test_score"].step == [2.0, 4.0, 6.0]
    assert curves["mean_test_score"].mean == pytest.approx(
        search.cv_results_["mean_test_score"], abs=1e-5
    )


def test_the_run_says_which_candidate_is_fitted_and_how_far_the_search_is(monitor):
    seen = []
    call = Call(lambda: seen.append(monitor.snapshot().runs[0]), at=4)
    search = GridSearchCV(Calling(call), {"number": [0, 1, 2]}, cv=2)
    search.set_callbacks(VitalsCallback(monitor)).fit(X, Y)

    assert [(run.details, run.current) for run in seen] == [("candidate 2 of 3 · fold 2", 3)]


def test_a_search_of_several_iterations_counts_all_fits(monitor):
    search = HalvingGridSearchCV(LogisticRegression(), GRID, cv=2, random_state=0)
    search.set_callbacks(VitalsCallback(monitor)).fit(X, Y)

    assert ends(monitor) == [
        ("completed", "completed", len(search.cv_results_["params"]) * 2, None)
    ]


def test_fits_that_fail_are_counted_where_the_search_goes_on(monitor):
    search = GridSearchCV(Calling(Call(raising(ValueError()), at=2)), {"number": [0, 1]}, cv=2)
    with pytest.warns(FitFailedWarning), pytest.warns(UserWarning, match="non-finite"):
        search.set_callbacks(VitalsCallback(monitor)).fit(X, Y)

    assert ends(monitor) == [("completed", "completed", 4, 4)]


@pytest.mark.parametrize(
    ("error", "state", "end"),
    [(ValueError("no"), "failed", "failed"), (KeyboardInterrupt(), "stopped", "interrupted")],
)
def test_an_exception_or_an_interrupt_ends_the_run(monitor, error, state, end):
    model = Calling(Call(raising(error), at=3))
    search = GridSearchCV(model, {"number": [0, 1, 2]}, cv=2, error_score="raise")
    with pytest.raises(type(error)):
        search.set_callbacks(VitalsCallback(monitor)).fit(X, Y)

    assert ends(monitor) == [(state, end, 3, 6)]
    assert "no" not in (monitor.snapshot().runs[0].details or "") or state == "failed"


def test_a_request_to_stop_is_passed_on(monitor):
    # No estimator of scikit-learn 1.9 acts upon it yet.
    callback = VitalsCallback(monitor)
    search = GridSearchCV(Calling(Call(monitor.stop_training, at=2)), {"number": [0, 1]}, cv=2)
    answers = []

    class Listening(VitalsCallback):
        def on_fit_task_end(self, estimator, context):
            answers.append(super().on_fit_task_end(estimator, context))
            return answers[-1]

    callback = Listening(monitor)
    search.set_callbacks(callback).fit(X, Y)

    assert answers[0] is False
    assert answers[1] is True
    assert ends(monitor)[0][:2] == ("stopped", "requested")


def test_a_callback_of_the_inner_estimator_reports_each_fit(monitor):
    model = LogisticRegression().set_callbacks(VitalsCallback(monitor))
    search = GridSearchCV(model, {"C": [0.1, 1.0]}, cv=2).fit(X, Y)
    assert [state for state, _, _, _ in ends(monitor)] == ["completed"] * 5
    assert ends(monitor)[-1][2] == search.best_estimator_.n_iter_[0]

    with parallel_config("threading"):
        GridSearchCV(model, {"C": [0.1, 1.0]}, cv=2, n_jobs=2).fit(X, Y)
    assert [state for state, _, _, _ in ends(monitor)] == ["completed"] * 10


def test_a_search_over_threads_counts_each_fit_once(monitor):
    search = GridSearchCV(LogisticRegression(), GRID, cv=2, n_jobs=2)
    with parallel_config("threading"):
        search.set_callbacks(VitalsCallback(monitor)).fit(X, Y)

    assert ends(monitor) == [("completed", "completed", 6, 6)]


def test_a_fitted_model_is_cloned_copied_and_pickled_with_its_callback(monitor):
    model = LogisticRegression().set_callbacks(VitalsCallback(monitor)).fit(X, Y)
    for other in (clone(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        other.fit(X, Y)

    assert [state for state, _, _, _ in ends(monitor)] == ["completed"] * 4


def test_an_older_scikit_learn_is_refused_with_what_to_do(monkeypatch):
    class Older(VitalsCallback):
        """Made anew, since the class of an adapter is cached."""

    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    with pytest.raises(MissingFrameworkError, match=r"scikit-learn>=1\.9.*monitor\.training"):
        Older()
