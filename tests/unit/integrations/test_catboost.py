"""CatBoost's own counts and metrics are those of the run, in all four endings."""

from __future__ import annotations

import catboost
import pytest

from ipyvitals.integrations.catboost import VitalsCallback, takes_callbacks
from tests.unit.integrations.ends import data, ends

X, Y = data()


class At:
    """Calls a function in one iteration, and returns whether to go on."""

    def __init__(self, iteration, call):
        self.iteration, self.call = iteration, call

    def after_iteration(self, info):
        return info.iteration != self.iteration or self.call() is not False


def model(iterations, **options):
    return catboost.CatBoostClassifier(
        iterations=iterations, verbose=0, allow_writing_files=False, thread_count=1, **options
    )


def fit(model, callbacks, **options):
    return model.fit(X[:80], Y[:80], eval_set=(X[80:], Y[80:]), callbacks=callbacks, **options)


def raising(error):
    def call():
        raise error

    return call


def test_a_training_that_is_done_has_the_iterations_and_the_metrics_of_the_model(monitor):
    trained = fit(model(7, use_best_model=False), [VitalsCallback(monitor, name="first")])

    (run,) = monitor.snapshot().runs
    assert (run.state, run.current, run.total, run.unit) == ("completed", 7, 7, "iteration")
    assert run.current == trained.tree_count_
    assert (run.name, run.config["iterations"]) == ("first", 7)
    results = trained.get_evals_result()
    assert run.metrics == {
        "learn/Logloss": results["learn"]["Logloss"][-1],
        "validation/Logloss": results["validation"]["Logloss"][-1],
    }


def test_the_default_number_of_iterations_is_known(monitor):
    small = catboost.CatBoostClassifier(verbose=0, allow_writing_files=False, thread_count=1)
    fit(small, [VitalsCallback(monitor), At(2, lambda: False)])

    assert ends(monitor) == [("completed", "completed", 2, 1_000)]


def test_early_stopping_completes_the_run_with_all_iterations(monitor):
    callback = VitalsCallback(monitor)
    trained = fit(model(300), [callback], early_stopping_rounds=3)

    done = len(trained.get_evals_result()["learn"]["Logloss"])
    assert done < 300
    assert ends(monitor) == [("completed", "completed", done, 300)]


def test_the_end_of_a_model_that_was_fitted_before_is_not_known_before_the_last_iteration(monitor):
    callback = VitalsCallback(monitor)
    trained = fit(model(5), [callback])
    fit(trained, [callback])
    fit(trained, [callback, At(3, lambda: False)])

    assert ends(monitor) == [
        ("completed", "completed", 5, 5),
        ("completed", "completed", 5, 5),
        ("stopped", "returned", 3, 5),
    ]


@pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
def test_a_call_that_an_exception_leaves_is_stopped(monitor, error):
    callback = VitalsCallback(monitor)
    # CatBoost raises one of its own instead.
    with pytest.raises(catboost.CatBoostError):
        fit(model(7), [callback, At(3, raising(error))])

    assert ends(monitor) == [("stopped", "returned", 3, 7)]


def test_a_request_to_stop_ends_the_training(monitor):
    callbacks = [At(5, monitor.stop_training), VitalsCallback(monitor)]
    trained = fit(model(50, use_best_model=False), callbacks)

    assert trained.tree_count_ == 5
    assert ends(monitor) == [("stopped", "requested", 5, 50)]


def test_a_training_that_goes_on_with_a_model_shows_the_whole(monitor):
    callback = VitalsCallback(monitor)
    first = model(4).fit(X, Y, callbacks=[callback])
    second = model(6).fit(X, Y, init_model=first, callbacks=[callback])

    assert second.tree_count_ == 10
    assert ends(monitor)[-1] == ("completed", "completed", 10, 10)


def test_a_training_that_goes_on_from_a_snapshot_shows_the_whole(monitor, tmp_path):
    def begin():
        return catboost.CatBoostClassifier(
            iterations=6,
            verbose=0,
            thread_count=1,
            train_dir=tmp_path,
            save_snapshot=True,
            snapshot_file="snapshot",
            snapshot_interval=0,
        )

    callback = VitalsCallback(monitor)
    begin().fit(X, Y, callbacks=[callback, At(3, lambda: False)])
    trained = begin().fit(X, Y, callbacks=[callback])

    assert trained.tree_count_ == 6
    assert ends(monitor) == [
        ("completed", "completed", 3, 6),
        ("completed", "completed", 6, 6),
    ]


def test_a_metric_that_is_computed_now_and_then_stands_at_its_own_iterations(monitor):
    model(7, metric_period=3).fit(X, Y, callbacks=[VitalsCallback(monitor)])

    (curve,) = monitor._engine.training.curves()
    assert curve.step == [1.0, 4.0, 7.0]


def test_a_model_on_a_gpu_takes_no_callbacks(monitor):
    assert not takes_callbacks(model(3, task_type="GPU"))
    assert takes_callbacks(model(3))
    with pytest.raises(catboost.CatBoostError):
        fit(model(3, task_type="GPU"), [VitalsCallback(monitor)])
    assert not monitor.snapshot().runs
