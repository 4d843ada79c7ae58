"""The trials of a study are those of the run, in all four endings."""

from __future__ import annotations

from threading import Barrier, BrokenBarrierError

import optuna
import pytest

from ipyvitals.integrations.optuna import VitalsCallback
from tests.unit.integrations.ends import ends


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)


def number(trial):
    return float(trial.number)


def test_a_study_that_is_done_has_its_trials_and_values(monitor):
    study = optuna.create_study(study_name="churn", direction="maximize")
    study.optimize(number, n_trials=5, callbacks=[VitalsCallback(monitor)])

    (run,) = monitor.snapshot().runs
    assert (run.state, run.current, run.total, run.unit) == ("completed", 5, 5, "trial")
    assert run.current == len(study.trials)
    assert run.name == "churn"
    assert run.metrics == {"value": 4.0, "best_value": study.best_value}
    assert {name: best.goal for name, best in run.best.items()} == {
        "value": "max",
        "best_value": "max",
    }


def test_pruned_and_failed_trials_count(monitor):
    def objective(trial):
        if trial.number == 1:
            raise optuna.TrialPruned
        if trial.number == 2:
            raise ValueError
        return 1.0

    study = optuna.create_study()
    study.optimize(objective, n_trials=5, callbacks=[VitalsCallback(monitor)], catch=(ValueError,))

    (run,) = monitor.snapshot().runs
    assert (run.state, run.current, run.total) == ("completed", 5, 5)
    assert run.details == "best 1, 1 pruned, 1 failed"


def test_a_study_that_goes_on_shows_the_whole(monitor):
    study = optuna.create_study()
    study.optimize(number, n_trials=4)
    callback = VitalsCallback(monitor)
    for _ in range(2):
        study.optimize(number, n_trials=3, callbacks=[callback])

    assert len(study.trials) == 10
    assert ends(monitor) == [
        ("completed", "completed", 7, 7),
        ("completed", "completed", 10, 10),
    ]


def test_several_directions_have_a_metric_each(monitor):
    study = optuna.create_study(directions=["minimize", "maximize"])
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        study.set_metric_names(["loss", "accuracy"])
    study.optimize(lambda trial: (0.5, 0.75), n_trials=2, callbacks=[VitalsCallback(monitor)])

    assert monitor.snapshot().runs[0].metrics == {"loss": 0.5, "accuracy": 0.75}


def test_the_study_s_own_stop_and_a_timeout_end_the_run_as_stopped(monitor):
    study = optuna.create_study()
    stop = [lambda study, trial: study.stop() if trial.number == 2 else None]
    study.optimize(number, n_trials=9, callbacks=[VitalsCallback(monitor), *stop])
    optuna.create_study().optimize(number, timeout=0.02, callbacks=[VitalsCallback(monitor)])

    assert ends(monitor)[0] == ("stopped", "returned", 3, 9)
    assert ends(monitor)[1][:2] == ("stopped", "returned")
    assert ends(monitor)[1][3] is None


@pytest.mark.parametrize("error", [RuntimeError("diverged"), KeyboardInterrupt()])
def test_a_call_that_an_exception_leaves_is_stopped(monitor, error):
    def objective(trial):
        if trial.number == 2:
            raise error
        return 1.0

    callback = VitalsCallback(monitor)
    with pytest.raises(type(error)):
        optuna.create_study().optimize(objective, n_trials=9, callbacks=[callback])

    assert ends(monitor) == [("stopped", "returned", 2, 9)]


def test_a_request_to_stop_stops_the_study(monitor):
    def objective(trial):
        if trial.number == 3:
            monitor.stop_training()
        return 1.0

    study = optuna.create_study()
    study.optimize(objective, n_trials=9, callbacks=[VitalsCallback(monitor)])

    assert len(study.trials) == 4
    assert ends(monitor) == [("stopped", "requested", 4, 9)]


def test_runs_of_later_trials_are_inside_the_run_of_the_study(monitor):
    def objective(trial):
        with monitor.training(stage=f"Trial {trial.number}"):
            return 1.0

    optuna.create_study().optimize(objective, n_trials=3, callbacks=[VitalsCallback(monitor)])

    runs = {run.stage: run for run in monitor.snapshot().runs}
    outer = runs["Optimization"].run_id
    assert [runs[f"Trial {n}"].parent_id for n in range(3)] == [None, outer, outer]


def test_several_threads_have_one_run(monitor):
    together = Barrier(2)

    def objective(trial):
        # Two at a time end together.
        try:
            together.wait(timeout=10)
        except BrokenBarrierError:
            raise AssertionError from None
        return 1.0

    study = optuna.create_study()
    callback = VitalsCallback(monitor, total=20)
    study.optimize(objective, n_trials=20, n_jobs=2, callbacks=[callback])
    study.optimize(objective, n_trials=20, n_jobs=2, callbacks=[callback])

    assert len(study.trials) == 40
    assert ends(monitor) == [
        ("completed", "completed", 20, 20),
        ("completed", "completed", 40, 40),
    ]


def test_without_a_total_the_run_of_several_threads_ends_with_them(monitor):
    study = optuna.create_study()
    study.optimize(number, n_trials=6, n_jobs=2, callbacks=[VitalsCallback(monitor)])

    assert ends(monitor) == [("stopped", "returned", 6, None)]


def test_trials_whose_exceptions_optuna_loses_are_counted_by_their_state(monitor):
    def objective(trial):
        if trial.number in (2, 3):
            raise ValueError
        return 1.0

    study = optuna.create_study()
    callback = VitalsCallback(monitor, total=4)
    study.optimize(objective, n_trials=2, n_jobs=2, callbacks=[callback])
    assert ends(monitor) == [("stopped", "returned", 2, 4)]


def test_two_studies_of_one_callback_have_a_run_each(monitor):
    callback = VitalsCallback(monitor)
    for name in ("a", "b"):
        optuna.create_study(study_name=name).optimize(number, n_trials=2, callbacks=[callback])

    assert [run.name for run in monitor.snapshot().runs] == ["b", "a"]
