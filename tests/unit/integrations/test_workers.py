"""In a worker process of joblib an adapter is silent; a search counts its fits all the same."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings

import pytest
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from ipyvitals.integrations import catboost, lightgbm, optuna, river, sklearn, xgboost
from ipyvitals.monitor.names import monitor_names
from tests.unit.integrations.ends import data, ends

MODULES = ("catboost", "lightgbm", "optuna", "river", "sklearn", "xgboost")
X, Y = data(60)


def fit_catboost(callback):
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False, thread_count=1)
    model.fit(X, Y, callbacks=[callback])


def fit_lightgbm(callback):
    from lightgbm import LGBMClassifier

    LGBMClassifier(n_estimators=3, verbosity=-1, n_jobs=1).fit(X, Y, callbacks=[callback])


def fit_optuna(callback):
    import optuna

    optuna.create_study().optimize(lambda trial: 1.0, n_trials=2, callbacks=[callback])


def fit_river(metric):
    from river import dummy, evaluate, stats

    rows = [({"x": 1.0}, float(y)) for y in Y]
    evaluate.progressive_val_score(rows, dummy.StatisticRegressor(stats.Mean()), metric)


def fit_sklearn(callback):
    LogisticRegression().set_callbacks(callback).fit(X, Y)


def fit_xgboost(callback):
    from xgboost import XGBClassifier

    XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[callback]).fit(X, Y)


TRAININGS = {
    "catboost": (catboost.VitalsCallback, fit_catboost),
    "lightgbm": (lightgbm.VitalsCallback, fit_lightgbm),
    "optuna": (optuna.VitalsCallback, fit_optuna),
    "river": (river.VitalsMetric, fit_river),
    "sklearn": (sklearn.VitalsCallback, fit_sklearn),
    "xgboost": (xgboost.VitalsCallback, fit_xgboost),
}


def heard(adapters):
    """Run in a worker: train with each adapter; return warnings of ipyvitals, and the monitor."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name, pair in adapters.items():
            for adapter in pair:
                TRAININGS[name][1](adapter)
    texts = [str(one.message) for one in caught if "ipyvitals" in type(one.message).__module__]
    return texts, monitor_names.newest()


def test_in_another_process_there_is_neither_a_run_nor_a_warning_nor_a_monitor(monitor):
    adapters = {name: (make(monitor), make()) for name, (make, _) in TRAININGS.items()}
    (found,) = Parallel(n_jobs=2)([delayed(heard)(adapters)])

    assert found == ([], None)
    assert not monitor.snapshot().runs
    assert not monitor.snapshot().metrics.total_predictions


@pytest.mark.parametrize("name", MODULES)
def test_in_this_process_the_same_training_is_reported(monitor, name):
    make, train = TRAININGS[name]
    train(make(monitor))

    assert monitor.snapshot().runs or monitor.snapshot().metrics.total_predictions


def test_a_search_in_processes_counts_each_fit_once(monitor):
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, cv=2, n_jobs=2)
    search.set_callbacks(sklearn.VitalsCallback(monitor)).fit(X, Y)

    assert ends(monitor) == [("completed", "completed", 6, 6)]


def run_python(code, *args, **options):
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code, *args],
        check=True,
        capture_output=True,
        timeout=100,
        **options,
    ).stdout.decode()


def test_the_import_of_an_adapter_imports_no_framework():
    imports = "; ".join(f"import ipyvitals.integrations.{name}" for name in MODULES)
    heavy = {*MODULES, "pandas", "plotly", "scipy", "joblib"}
    found = run_python(f"import sys; {imports}; print(sorted({heavy!r} & set(sys.modules)))")

    assert found.strip() == "[]"


def test_fitted_models_load_in_a_fresh_interpreter_and_train_there(monitor, tmp_path):
    import xgboost as framework

    model = framework.XGBClassifier(
        n_estimators=3, n_jobs=1, callbacks=[xgboost.VitalsCallback(monitor, name="first")]
    ).fit(X, Y)
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2)
    search.set_callbacks(sklearn.VitalsCallback(monitor)).fit(X, Y)
    metric = river.VitalsMetric(monitor)
    metric.update(True, True)
    (tmp_path / "models").write_bytes(pickle.dumps((model, search, metric, X, Y)))
    code = (
        "import pickle, sys, warnings; warnings.simplefilter('error')\n"
        "model, search, metric, X, Y = pickle.load(open(sys.argv[1], 'rb'))\n"
        "before = metric.get(); metric.update(True, False)\n"
        "print(model.fit(X, Y).n_estimators, search.fit(X, Y).n_splits_, before, metric.get())"
    )

    assert run_python(code, str(tmp_path / "models")).split() == ["3", "2", "1.0", "0.5"]
