"""Watched models: real estimators of scikit-learn, and small models of other shapes."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import subprocess
import sys
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sized
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from ipyvitals import (
    ArgumentTypeError,
    ArgumentValueError,
    ClosedMonitorWarning,
    FakeClock,
    IpyvitalsWarning,
    Monitor,
)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def monitor(clock):
    with Monitor(interval=None, clock=clock) as monitor:
        yield monitor


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def pipeline(iris):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*iris)


class Module:
    """Behaves like a module of a framework: a call is a prediction, and it has state."""

    def __init__(self):
        self.training = False
        self.calls = 0

    def __call__(self, x, *, scale=1):
        """Return the scaled input."""
        self.calls += 1
        return x * scale

    def eval(self):
        self.training = False
        return self


class Broken:
    def predict(self, rows):
        raise ValueError("no such column")


def counts(monitor, model_id=None):
    """Return predictions, calls and errors of a model."""
    snapshot = monitor.snapshot()
    metrics, model = snapshot.metrics, monitor.active_model
    assert model_id is None or model.model_id == model_id
    return metrics.total_predictions, metrics.calls_per_minute, metrics.total_errors


class TestModels:
    def test_a_call_of_n_rows_is_one_call_and_n_predictions(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline, name="iris", version="2")
        assert (served.predict(iris[0]) == pipeline.predict(iris[0])).all()
        assert counts(monitor, "iris-2") == (150, 1, 0)
        served.predict(iris[0].iloc[:1])
        assert counts(monitor) == (151, 2, 0)

    def test_it_is_deployed_under_the_name_of_its_class(self, monitor, pipeline):
        monitor.watch(pipeline, baseline_accuracy=0.9, trained_at=1_600_000_000)
        model = monitor.active_model
        assert (model.model_id, model.name, model.version) == ("Pipeline", "Pipeline", None)
        assert (model.baseline_accuracy, model.trained_at) == (0.9, 1_600_000_000)

    def test_the_latency_is_that_of_the_call(self, monitor, clock):
        class Slow:
            def predict(self, rows):
                clock.advance(0.25)
                return rows

        monitor.watch(Slow()).predict([1, 2])
        assert monitor.snapshot().metrics.latency_p50_seconds == pytest.approx(0.25, rel=0.01)

    def test_probabilities_and_scores_are_no_further_predictions(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline)
        assert served.score(*iris) == pipeline.score(*iris)
        assert (served.predict_proba(iris[0]) == pipeline.predict_proba(iris[0])).all()
        assert counts(monitor) == (0, 0, 0)

    def test_methods_name_what_counts(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline, methods=("predict_proba",))
        served.predict_proba(iris[0])
        served.predict(iris[0])
        assert counts(monitor) == (150, 1, 0)
        one = monitor.watch(pipeline, name="one", methods="predict_proba")
        one.predict_proba(iris[0])
        assert counts(monitor, "one") == (150, 1, 0)

    def test_of_calls_inside_each_other_the_outermost_counts(self, monitor, iris):
        rows, target = iris[0].to_numpy(), iris[1]
        inner = monitor.watch(LogisticRegression(max_iter=1_000).fit(rows, target), name="inner")
        outer = monitor.watch(Pipeline([("scale", StandardScaler()), ("model", inner)]))
        outer.fit(rows, target)
        outer.predict(rows)

        def totals():
            return {model.model_id: model.total_predictions for model in monitor.models()}

        assert totals() == {"inner": 0, "Pipeline": 150}
        inner.predict(rows)
        assert totals() == {"inner": 150, "Pipeline": 150}

    def test_each_monitor_counts_its_own_outermost_call(self, monitor, iris, pipeline):
        with Monitor(name="other", interval=None) as other:
            both = other.watch(monitor.watch(pipeline))
            both.predict(iris[0])
            assert counts(other) == counts(monitor) == (150, 1, 0)

    def test_errors_count_and_go_through(self, monitor):
        served = monitor.watch(Broken())
        with pytest.raises(ValueError, match="no such column") as raised:
            served.predict([[1]])
        assert raised.traceback[-1].name == "predict"
        assert raised.value.__context__ is None
        assert counts(monitor) == (0, 0, 1)
        (notice,) = monitor.snapshot().notices
        assert notice.code == "predictions.failed"

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_what_is_no_error_of_the_model_does_not_count(self, monitor, error):
        def predict(rows):
            raise error

        served = monitor.watch(predict)
        with pytest.raises(error):
            served([1])
        assert counts(monitor) == (0, 0, 0)
        assert monitor.watch(lambda rows: rows)([1, 2]) == [1, 2]
        assert counts(monitor) == (2, 1, 0)

    def test_threads_count_together(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(served.predict, [iris[0]] * 20))
        assert counts(monitor) == (3_000, 20, 0)

    def test_watching_anew_replaces_the_stand_in(self, monitor, pipeline, iris):
        served = monitor.watch(monitor.watch(pipeline, version="1"), version="2")
        assert type(served.__wrapped__) is Pipeline
        with Monitor(name="closed", interval=None) as closed:
            old = closed.watch(pipeline)
        served = monitor.watch(old, version="3")
        served.predict(iris[0])
        assert counts(monitor, "Pipeline-3") == (150, 1, 0)

    def test_a_model_that_is_replaced_goes_on_under_its_id(self, monitor, pipeline, iris):
        champion = monitor.watch(pipeline, model_id="champion")
        monitor.watch(pipeline, model_id="challenger")
        champion.predict(iris[0])
        found = {model.model_id: model.total_predictions for model in monitor.models()}
        assert found == {"champion": 150, "challenger": 0}


class TestTransparency:
    def test_it_looks_like_its_target(self, monitor, pipeline):
        served = monitor.watch(pipeline)
        assert isinstance(served, Pipeline)
        assert isinstance(served, BaseEstimator)
        assert is_classifier(served)
        assert inspect.signature(served.predict) == inspect.signature(pipeline.predict)
        assert served.predict.__name__ == "predict"
        assert served.predict.__doc__ == pipeline.predict.__doc__
        assert served.predict.__self__ is pipeline
        assert served.__doc__ == pipeline.__doc__
        assert repr(served) == repr(pipeline)
        assert "StandardScaler" in served._repr_html_()
        assert (len(served), served[0], served == pipeline) == (2, pipeline[0], True)
        assert set(dir(served)) == set(dir(pipeline))
        check_is_fitted(served)

    def test_it_has_only_the_methods_of_its_target(self, monitor, iris):
        model = LogisticRegression()
        served = monitor.watch(model)
        assert not isinstance(served, (Sized, Iterable))
        assert not callable(served)
        assert served
        with pytest.raises(TypeError):
            len(served)
        with pytest.raises(NotFittedError):
            check_is_fitted(served)
        assert not hasattr(served, "transform")

    def test_attributes_are_those_of_the_target(self, monitor):
        model = LogisticRegression()
        served = monitor.watch(model)
        served.C = 3.0
        served.set_params(tol=0.5)
        assert (model.C, model.tol, served.get_params()) == (3.0, 0.5, model.get_params())
        del served.C
        assert not hasattr(model, "C")

    def test_a_method_that_is_replaced_on_the_target_is_called(self, monitor):
        served = monitor.watch(Broken())
        served.predict = lambda rows: rows
        assert served.predict([1, 2]) == [1, 2]
        assert counts(monitor) == (2, 1, 0)
        del served.predict
        with pytest.raises(ValueError, match="no such column"):
            served.predict([1])

    def test_neither_the_target_nor_its_class_is_changed(self, monitor, iris):
        model = LogisticRegression(max_iter=1_000).fit(*iris)
        before, members = dict(vars(model)), dict(vars(LogisticRegression))
        monitor.watch(model).predict(iris[0])
        assert vars(model) == before
        assert dict(vars(LogisticRegression)) == members
        model.predict(iris[0])
        assert counts(monitor) == (150, 1, 0)

    def test_copies_and_clones_are_those_of_the_target(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline)
        for other in (clone(served), copy.copy(served), copy.deepcopy(served)):
            assert type(other) is Pipeline
        with pytest.raises(NotFittedError):
            check_is_fitted(clone(served))
        assert len(cross_val_score(served, *iris, cv=2)) == 2
        assert counts(monitor) == (0, 0, 0)

    def test_it_can_be_a_step_of_a_pipeline(self, monitor, iris):
        step = monitor.watch(LogisticRegression())
        search = clone(make_pipeline(StandardScaler(), step)).fit(*iris)
        assert type(search[-1]) is LogisticRegression

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_a_pickle_is_that_of_the_target(self, monitor, pipeline, iris, protocol):
        served = monitor.watch(pipeline)
        data = pickle.dumps(served, protocol)
        assert b"ipyvitals" not in data
        assert type(pickle.loads(data)) is Pipeline
        assert (pickle.loads(data).predict(iris[0]) == pipeline.predict(iris[0])).all()
        inside = pickle.loads(pickle.dumps({"model": served, "method": served.predict}, protocol))
        assert type(inside["model"]) is Pipeline
        assert type(inside["method"]).__name__ == "method"

    def test_joblib_and_cloudpickle_store_the_target(self, monitor, pipeline):
        import cloudpickle

        served = monitor.watch(pipeline)
        file = io.BytesIO()
        joblib.dump(served, file)
        for data in (file.getvalue(), cloudpickle.dumps(served)):
            assert b"ipyvitals" not in data
        file.seek(0)
        assert type(joblib.load(file)) is Pipeline

        def double(x):
            return 2 * x

        data = cloudpickle.dumps(monitor.watch(double))
        assert b"ipyvitals" not in data
        assert pickle.loads(data)(4) == 8

    def test_a_pickle_loads_where_there_is_no_ipyvitals(self, monitor, tmp_path):
        # A class of Python itself, which a new process imports at once.
        served = monitor.watch(Counter("abca"), methods=("most_common",))
        assert served.most_common(1) == [("a", 2)]
        path = tmp_path / "model.pickle"
        path.write_bytes(pickle.dumps({"model": served, "method": served.most_common}))
        code = (
            "import sys; sys.modules['ipyvitals'] = sys.modules['wrapt'] = None; import pickle; "
            f"loaded = pickle.load(open({str(path)!r}, 'rb')); "
            "print(type(loaded['model']).__name__, loaded['method'](1))"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout == "Counter [('a', 2)]\n"

    def test_workers_of_joblib_get_the_target(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline)
        jobs = (joblib.delayed(served.predict)(iris[0]) for _ in range(2))
        found = joblib.Parallel(n_jobs=2, backend="threading")(jobs)
        assert [len(rows) for rows in found] == [150, 150]
        assert counts(monitor) == (300, 2, 0)


class TestCallables:
    def test_a_module_is_watched_by_its_call(self, monitor):
        module = Module()
        served = monitor.watch(module)
        batch = np.ones((8, 3))
        assert (served(batch, scale=2) == 2 * batch).all()
        assert counts(monitor, "Module") == (8, 1, 0)
        assert isinstance(served, Module)
        assert served.calls == module.calls == 1
        assert inspect.signature(served) == inspect.signature(module)
        served.training = True
        assert module.training
        assert pickle.loads(pickle.dumps(served)).training

    def test_a_model_that_predicts_and_is_called_counts_either_once(self, monitor):
        class Keras(Module):
            def predict(self, rows):
                return self(rows)

        served = monitor.watch(Keras())
        served(np.ones((8, 3)))
        served.predict(np.ones((4, 3)))
        assert counts(monitor) == (12, 2, 0)
        only = monitor.watch(Keras(), methods=("predict",), name="only")
        only(np.ones((8, 3)))
        assert counts(monitor, "only") == (0, 0, 0)

    def test_a_function_keeps_what_it_is(self, monitor):
        def sentiment(texts: list[str], *, strict: bool = False) -> list[str]:
            """Return a sentiment for each text."""
            return ["good"] * len(texts)

        watched = monitor.watch(sentiment)
        assert watched(["a", "b"], strict=True) == ["good", "good"]
        assert counts(monitor, "sentiment") == (2, 1, 0)
        assert inspect.isfunction(watched)
        assert inspect.signature(watched) == inspect.signature(sentiment)
        for name in ("__name__", "__qualname__", "__doc__", "__module__", "__annotations__"):
            assert getattr(watched, name) == getattr(sentiment, name)
        assert not hasattr(type(watched), "__len__") or type(watched).__len__ is None

    def test_decorators_with_and_without_arguments(self, monitor):
        @monitor.watch
        def plain(x):
            return x

        @monitor.watch(name="named", version="3")
        def other(x):
            return x

        assert (plain(1), other(2)) == (1, 2)
        found = {model.model_id: model.total_predictions for model in monitor.models()}
        assert found == {"plain": 1, "named-3": 1}

    def test_a_decorated_method_is_bound_to_its_object(self, monitor):
        class Service:
            def __init__(self, factor):
                self.factor = factor

            @monitor.watch
            def predict(self, rows):
                return [self.factor * row for row in rows]

            @staticmethod
            @monitor.watch
            def static(rows):
                return rows

            @classmethod
            @monitor.watch
            def made(cls, rows):
                return rows

        service = Service(3)
        assert service.predict([1, 2]) == [3, 6]
        assert Service.predict(service, [1]) == [3]
        assert Service.static([1]) == service.made([1]) == [1]
        assert str(inspect.signature(service.predict)) == "(rows)"
        found = {model.model_id: model.total_predictions for model in monitor.models()}
        assert found == {"predict": 3, "static": 1, "made": 1}

    def test_names_of_other_callables(self, monitor):
        model = Broken()
        for target, name in (
            (partial(max, 1), "max"),
            (model.predict, "Broken"),
            (len, "len"),
            (lambda x: x, "<lambda>"),
        ):
            monitor.watch(target)
            assert monitor.active_model.model_id == name

    def test_a_model_of_mlflow_has_its_name_and_run(self, monitor):
        class Metadata:
            run_id = "4f3c"
            artifact_path = "churn"

        class PyFuncModel:
            metadata = Metadata()

            def predict(self, data, params=None):
                return data

        PyFuncModel.__module__ = "mlflow.pyfunc"
        served = monitor.watch(PyFuncModel())
        assert monitor.active_model.model_id == "churn-4f3c"
        served.predict(pd.DataFrame({"age": [1, 2]}))
        assert counts(monitor) == (2, 1, 0)

    def test_functions_of_modules_are_pickled_by_name(self, monitor):
        watched = monitor.watch(joblib.hash)
        assert pickle.loads(pickle.dumps(watched)) is joblib.hash
        assert b"ipyvitals" not in pickle.dumps(watched)
        assert pickle.loads(pickle.dumps(monitor.watch(len))) is len


class Output(OrderedDict):
    """An output of a transformer: a mapping of arrays."""


ROWS = {
    "a label": (lambda rows: "cat", np.ones((28, 28)), 1),
    "a label for each row": (lambda rows: ["cat"] * 4, np.ones((4, 2)), 4),
    "probabilities of one text": (lambda text: [0.1, 0.9], "a text", 1),
    "probabilities of one row": (lambda row: np.ones(3), np.ones(5), 1),
    "probabilities of rows": (lambda rows: np.ones((4, 3)), np.ones((4, 2)), 4),
    "a number": (lambda rows: 1.5, 2.0, 1),
    "an array without axes": (lambda rows: np.array(1.5), np.ones(3), 1),
    "a mapping": (lambda row: {"label": "cat", "score": 0.9}, {"age": 3}, 1),
    "a list of mappings": (lambda texts: [{"label": "cat"}] * 2, ["a", "b"], 2),
    "a tuple of arrays": (lambda rows: (np.ones(4), np.ones(4)), np.ones((4, 2)), 4),
    "outputs of a transformer": (lambda ids: Output(logits=np.ones((4, 2))), np.ones((4, 9)), 4),
    "several inputs": (lambda parts: np.ones((4, 1)), [np.ones((4, 2)), np.ones((4, 3))], 4),
    "inputs by name": (lambda parts: np.ones((4, 1)), {"a": np.ones(4), "b": np.ones(4)}, 4),
    "a table": (lambda rows: pd.DataFrame({"y": [1, 2, 3]}), pd.DataFrame({"x": [1, 2, 3]}), 3),
    "a forecast": (lambda h: pd.Series([1.0] * 12), 12, 12),
    "a loader": (lambda loader: np.ones(40), iter([]), 40),
    "nothing": (lambda rows: None, np.ones((4, 2)), 1),
}


@pytest.mark.parametrize("case", ROWS)
def test_the_predictions_of_a_call(monitor, case):
    function, rows, expected = ROWS[case]
    monitor.watch(function)(rows)
    assert counts(monitor)[:2] == (expected, 1)


def test_a_call_without_arguments_counts_its_answers(monitor):
    monitor.watch(lambda: np.ones(3), name="rows")()
    monitor.watch(lambda *, x: [x], name="by name")(x=[1])
    found = {model.model_id: model.total_predictions for model in monitor.models()}
    assert found == {"rows": 3, "by name": 1}


def test_a_call_of_no_rows_is_nothing(monitor):
    assert monitor.watch(lambda rows: rows)([]) == []
    assert counts(monitor) == (0, 0, 0)


class TestValues:
    def test_labels_come_later_by_ids_of_the_rows(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline, ids=lambda rows: [f"flower-{n}" for n in rows.index])
        served.predict(iris[0])
        monitor.label_batch([f"flower-{n}" for n in iris[0].index], iris[1])
        metrics = monitor.snapshot().metrics
        assert (metrics.total_labelled, metrics.total_predictions) == (150, 150)
        accuracy = (pipeline.predict(iris[0]) == iris[1])[-100:].mean()
        assert metrics.current_accuracy == pytest.approx(accuracy)

    def test_one_prediction_has_one_id(self, monitor):
        watched = monitor.watch(lambda text: "good", ids=lambda text: text)
        watched("a")
        monitor.label("a", "good")
        assert monitor.snapshot().metrics.current_accuracy == 1.0

    def test_ids_that_fail_are_a_notice_and_the_call_counts(self, monitor, pipeline, iris):
        served = monitor.watch(pipeline, ids=lambda rows: rows["customer"])
        with pytest.warns(IpyvitalsWarning, match="KeyError") as warned:
            found = [len(served.predict(iris[0])) for _ in range(2)]
        assert found == [150, 150]
        assert len(warned) == 1
        assert counts(monitor) == (300, 2, 0)
        (notice,) = monitor.snapshot().notices
        assert (notice.code, notice.count) == ("watch.failed", 2)

    def test_drift_sees_predictions_and_features(self, pipeline, iris):
        with Monitor(interval=None, drift=True) as monitor:
            served = monitor.watch(pipeline)
            monitor.set_reference(pipeline.predict(iris[0]), iris[0])
            for _ in range(20):
                served.predict(iris[0] + 5)
            features = {one.name: one for one in monitor.snapshot().drift.features}
            assert counts(monitor) == (3_000, 20, 0)
        assert set(features) == {"", *iris[0].columns}
        lengths = features["petal length (cm)"]
        assert lengths.psi > lengths.threshold

    def test_drift_of_answers_in_a_column(self):
        with Monitor(interval=None, drift=True) as monitor:
            served = monitor.watch(lambda rows: np.ones((len(rows), 1)))
            served(np.ones((40, 2)))
            assert monitor.snapshot().notices == []
            assert counts(monitor) == (40, 1, 0)

    def test_answers_that_drift_cannot_take_count_all_the_same(self):
        with Monitor(interval=None, drift=True) as monitor:
            served = monitor.watch(lambda rows: np.ones((len(rows), 3)))
            with pytest.warns(IpyvitalsWarning, match=r"argmax"):
                served(np.ones((40, 2)))
            assert counts(monitor) == (40, 1, 0)

    def test_predictions_are_stored(self, tmp_path, pipeline, iris):
        path = tmp_path / "history.sqlite"
        with Monitor(interval=None, store=path, store_predictions=True) as monitor:
            monitor.watch(pipeline).predict(iris[0])
            assert monitor.flush()
            stored = monitor.history("predictions")
        assert stored["prediction"].tolist() == pipeline.predict(iris[0]).tolist()


class TestFailures:
    def test_a_failure_inside_is_a_notice_and_one_warning(self, monitor):
        class Odd(list):
            def __len__(self):
                raise RuntimeError("no length")

        watched = monitor.watch(lambda rows: Odd())
        with pytest.warns(IpyvitalsWarning, match="no length") as warned:
            found = [type(watched([1])) for _ in range(3)]
        assert found == [Odd] * 3
        assert len(warned) == 1
        (notice,) = monitor.snapshot().notices
        assert (notice.code, notice.count) == ("watch.failed", 3)

    def test_where_warnings_are_errors_the_answer_comes_all_the_same(self, monitor):
        watched = monitor.watch(lambda rows: rows, ids=lambda rows: 1 / 0)
        assert watched([1, 2]) == [1, 2]
        monitor.close()
        assert watched([1, 2]) == [1, 2]
        with pytest.raises(TypeError):
            watched()

    def test_a_closed_monitor_warns_once_and_the_model_goes_on(self, monitor):
        watched = monitor.watch(lambda rows: rows)
        monitor.close()
        with pytest.warns(ClosedMonitorWarning) as warned:
            assert watched([1]) == watched([1]) == [1]
        assert len(warned) == 1

    @pytest.mark.parametrize(
        ("target", "options", "error", "match"),
        [
            (3, {}, ArgumentTypeError, "int"),
            (LogisticRegression, {}, ArgumentTypeError, "instance"),
            (Broken(), {"methods": ("predict_proba",)}, ArgumentValueError, "predict_proba"),
            (Broken(), {"methods": ()}, ArgumentValueError, "at least one"),
            (Broken(), {"methods": 3}, ArgumentTypeError, "names of methods"),
            (Broken(), {"methods": ("__call__",)}, ArgumentValueError, "__call__"),
            (Broken(), {"name": " "}, ArgumentValueError, "name"),
            (Broken(), {"ids": [1]}, ArgumentTypeError, "function"),
        ],
    )
    def test_bad_arguments_raise_at_once(self, monitor, target, options, error, match):
        with pytest.raises(error, match=match):
            monitor.watch(target, **options)
        assert monitor.models() == []

    def test_a_closed_monitor_watches_nothing(self, monitor):
        monitor.close()
        for watch in (lambda: monitor.watch(Broken()), monitor.watch):
            with pytest.raises(ArgumentValueError, match="is closed"):
                watch()
