"""What autolog does around a call that trains, with a framework of a few lines."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import os
import pickle
import sys
import threading
import traceback
from importlib import import_module, reload

import pytest

import ipyvitals
from ipyvitals import ArgumentValueError, IpyvitalsWarning, Monitor
from ipyvitals.integrations.autolog.controller import AutologController
from ipyvitals.integrations.autolog.frameworks import Framework, TrainingFunction
from ipyvitals.integrations.autolog.insertion import ArgumentInserter
from tests.unit.integrations import tiny_framework
from tests.unit.integrations.tiny_framework import FRAMEWORKS, VitalsCallback

NAMES = ["tinylearn", "tinysearch"]


@pytest.fixture
def autolog(tmp_path, monkeypatch):
    """Return a controller that knows the tiny packages; they are not imported yet."""
    tiny_framework.write(tmp_path)
    tiny_framework.forget()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(VitalsCallback, "fails_in", None)
    controller = AutologController(FRAMEWORKS)
    yield controller
    controller.configure(None, ())
    tiny_framework.forget()


@pytest.fixture
def tinylearn(autolog):
    return import_module("tinylearn")


@pytest.fixture
def tinysearch(tinylearn):
    return import_module("tinysearch")


@pytest.fixture
def other():
    """Return a monitor in which an adapter may fail."""
    other = Monitor(name="other", interval=None, store=None, terminal=False, git=False)
    yield other
    other.close()


def ends(monitor):
    """Return how each run ended, oldest first."""
    return [
        (run.state, run.end, run.current, run.total)
        for run in sorted(monitor.snapshot().runs, key=lambda run: int(run.run_id.split("-")[-1]))
    ]


# Which functions are replaced


def test_a_framework_that_is_imported_later_reports(autolog, monitor):
    autolog.configure(monitor, NAMES)
    tinylearn = import_module("tinylearn")

    assert tinylearn.train({"a": 1}, 4) == ({"a": 1}, 4)
    assert ends(monitor) == [("completed", "completed", 4, 4)]


def test_a_framework_that_is_imported_already_reports(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    tinylearn.train({}, 4)

    assert ends(monitor) == [("completed", "completed", 4, 4)]


def test_nothing_is_imported(autolog, monitor):
    autolog.configure(monitor, NAMES)

    assert not {"tinylearn", "tinysearch"} & set(sys.modules)


def test_all_names_of_a_function_are_one_object(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)

    assert tinylearn.train is tinylearn.engine.train is tinylearn.wrapper.train
    tinylearn.wrapper.Regressor().fit(2)
    assert ends(monitor) == [("completed", "completed", 2, 2)]


def test_the_end_puts_the_very_functions_back(autolog, monitor, tinylearn):
    before = [tinylearn.train, tinylearn.Model.fit, tinylearn.Base.__dict__["fit"]]
    path = list(sys.meta_path)
    autolog.configure(monitor, NAMES)
    assert tinylearn.train is not before[0]
    autolog.configure(None, ())

    after = [tinylearn.train, tinylearn.Model.fit, tinylearn.Base.__dict__["fit"]]
    assert all(one is two for one, two in zip(before, after, strict=True))
    assert tinylearn.wrapper.train is tinylearn.engine.train is before[0]
    assert "fit" not in vars(tinylearn.Model)
    assert sys.meta_path == path
    tinylearn.train({}, 4)
    assert ends(monitor) == []


def test_a_name_in_main_from_before_reports_and_is_put_back(
    autolog, monitor, tinylearn, monkeypatch
):
    main = sys.modules["__main__"]
    original = tinylearn.train
    monkeypatch.setattr(main, "my_train", original, raising=False)
    autolog.configure(monitor, NAMES)
    main.my_train({}, 2)
    monkeypatch.setattr(main, "later", tinylearn.train, raising=False)
    autolog.configure(None, ())

    assert ends(monitor) == [("completed", "completed", 2, 2)]
    assert main.my_train is original
    assert main.later is original


def test_a_wrapper_of_somebody_else_stays_and_ours_passes_through(autolog, monitor, tinylearn):
    calls = []

    def wrap(function):
        def outer(*args, **options):
            calls.append("outer")
            return function(*args, **options)

        outer.__wrapped__ = function
        return outer

    autolog.configure(monitor, NAMES)
    theirs = tinylearn.train = wrap(tinylearn.train)
    tinylearn.train({}, 2)
    autolog.configure(None, ())
    assert tinylearn.train is theirs
    tinylearn.train({}, 2)
    assert len(ends(monitor)) == 1

    autolog.configure(monitor, NAMES)
    assert tinylearn.train is theirs
    tinylearn.train({}, 2)
    assert len(ends(monitor)) == 2
    assert calls == ["outer"] * 3


def test_somebody_else_s_wrapper_from_before_is_put_back(autolog, monitor, tinylearn):
    original = tinylearn.train

    @functools.wraps(original)
    def theirs(*args, **options):
        return original(*args, **options)

    tinylearn.train = theirs
    autolog.configure(monitor, NAMES)
    tinylearn.train({}, 2)
    autolog.configure(None, ())

    assert tinylearn.train is theirs
    assert [state for state, *_ in ends(monitor)] == ["completed"]


def test_a_wrapper_that_hides_the_parameters_is_called_as_it_was(autolog, monitor, tinylearn):
    original = tinylearn.train

    def theirs(*args, **options):
        return original(*args, **options)

    tinylearn.train = theirs
    autolog.configure(monitor, NAMES)

    assert tinylearn.train({}, 2) == ({}, 2)
    assert ends(monitor) == []


def test_a_framework_that_cannot_be_changed_is_a_warning(autolog, other, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinysearch", None)
    autolog.configure(other, NAMES)
    frozen = Framework(
        "frozen",
        "",
        (TrainingFunction(("builtins:dict.get",), ArgumentInserter()),),
        ("builtins",),
    )
    controller = AutologController((*FRAMEWORKS, frozen))
    with pytest.warns(IpyvitalsWarning, match="immutable type 'dict'"):
        controller.configure(other, ["frozen", "tinylearn"])
    import_module("tinylearn").train({}, 2)
    controller.configure(None, ())

    assert len(other.snapshot().runs) == 1


def test_a_reloaded_framework_reports_once_and_is_put_back(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    reload(tinylearn.engine)
    reload(tinylearn)
    tinylearn.train({}, 2)
    tinylearn.Model().fit(3)
    assert [total for *_, total in ends(monitor)] == [2, 3]

    autolog.configure(None, ())
    reload(tinylearn)
    assert not hasattr(tinylearn.train, "__wrapped__")
    assert not hasattr(tinylearn.Model.fit, "__wrapped__")


def test_only_the_chosen_frameworks_report(autolog, monitor, tinylearn, tinysearch):
    autolog.configure(monitor, ["tinysearch"])
    tinylearn.train({}, 2)
    assert ends(monitor) == []
    autolog.configure(monitor, ["tinylearn"])
    tinysearch.search(lambda: tinylearn.train({}, 2), 3)

    assert [total for *_, total in ends(monitor)] == [2, 2, 2]
    assert not hasattr(tinysearch.search, "__wrapped__")


def test_of_two_calls_the_second_holds(autolog, monitor, other, tinylearn):
    autolog.configure(other, NAMES)
    autolog.configure(monitor, NAMES)
    tinylearn.train({}, 2)

    assert ends(other) == []
    assert len(ends(monitor)) == 1


def test_without_a_monitor_or_with_a_closed_one_the_newest_open_one_is_taken(
    autolog, no_monitor, tinylearn, other, monitor
):
    autolog.configure(None, NAMES)
    tinylearn.train({}, 2)
    other.close()
    autolog.configure(other, NAMES)
    tinylearn.train({}, 2)

    assert len(ends(monitor)) == 2


# The call itself


def test_the_adapter_of_the_user_is_the_only_one(autolog, monitor, other, tinylearn):
    autolog.configure(other, NAMES)
    tinylearn.train({}, 2, callbacks=[VitalsCallback(monitor, total=7)])

    assert ends(other) == []
    assert [total for *_, total in ends(monitor)] == [7]


def test_callbacks_of_the_user_are_called_and_their_list_stays(autolog, monitor, tinylearn):
    class Counter(tinylearn.Callback):
        steps = 0

        def on_begin(self): ...

        def on_end(self): ...

        def on_step(self, step):
            self.steps += 1

    counter = Counter()
    for given in ([counter], (counter,), iter([counter])):
        autolog.configure(monitor, NAMES)
        tinylearn.train({}, 2, callbacks=given)
    callbacks = [counter]
    tinylearn.Model().fit(2, callbacks)

    assert counter.steps == 8
    assert callbacks == [counter]
    assert len(ends(monitor)) == 4


def test_the_outermost_call_reports(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    tinylearn.Model().fit(3, inside=lambda: tinylearn.train({}, 5))

    assert ends(monitor) == [("completed", "completed", 3, 3)]


def test_a_search_has_the_trainings_inside(autolog, monitor, tinylearn, tinysearch):
    autolog.configure(monitor, NAMES)
    tinysearch.search(lambda: tinylearn.Model().fit(5), 2)

    runs = {run.run_id: run for run in monitor.snapshot().runs}
    outer = [run for run in runs.values() if run.parent_id is None]
    inner = [run for run in runs.values() if run.parent_id is not None]
    assert [(run.current, run.total) for run in outer] == [(2, 2)]
    assert [(run.current, run.total, run.parent_id) for run in inner] == [
        (5, 5, outer[0].run_id)
    ] * 2


@pytest.mark.parametrize(
    ("error", "state", "end"),
    [
        (RuntimeError("diverged"), "failed", "failed"),
        (KeyboardInterrupt(), "stopped", "interrupted"),
        (SystemExit(1), "failed", "failed"),
    ],
)
def test_an_exception_ends_the_run_and_goes_through(autolog, monitor, tinylearn, error, state, end):
    autolog.configure(monitor, NAMES)
    with pytest.raises(type(error)) as caught:
        tinylearn.train({}, 4, error=error)

    assert caught.value is error
    assert error.__context__ is None
    assert error.__cause__ is None
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if f"{os.sep}ipyvitals{os.sep}" in frame.filename
    ]
    assert len(ours) == 1
    assert ends(monitor) == [(state, end, 1, 4)]


def test_the_adapter_of_the_user_ends_exactly_too(autolog, monitor, tinylearn):
    autolog.configure(None, NAMES)
    with pytest.raises(RuntimeError):
        tinylearn.train({}, callbacks=[VitalsCallback(monitor)], error=RuntimeError("diverged"))

    assert [state for state, *_ in ends(monitor)] == ["failed"]


def test_a_call_that_fails_before_the_first_hook_is_a_failed_run(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    with pytest.raises(ValueError, match="rounds"):
        tinylearn.train({}, -1)

    assert [(state, end) for state, end, *_ in ends(monitor)] == [("failed", "failed")]


def test_an_adapter_of_the_user_in_two_threads_ends_its_own_runs(autolog, monitor, tinylearn):
    autolog.configure(None, NAMES)
    seen = []

    class Several(VitalsCallback):
        """Hears several calls at once, as the user's own may."""

        def on_begin(self):
            self.open_run(None, model="Tiny", owner=None)

        def on_step(self, step): ...

        def on_end(self): ...

    adapter = Several(monitor)

    def other_thread():
        thread = threading.Thread(target=tinylearn.train, args=({}, 2), kwargs=options)
        thread.start()
        thread.join(20)
        seen.append([run.state for run in monitor.snapshot().runs])

    options = {"callbacks": [adapter]}
    tinylearn.train({}, 1, callbacks=[adapter], inside=other_thread)

    assert sorted(seen[0]) == ["completed", "running"]
    assert [state for state, *_ in ends(monitor)] == ["completed"] * 2


def test_a_training_inside_an_except_block_completes(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    try:
        raise ValueError("before")
    except ValueError:
        tinylearn.train({}, 2)

    assert [state for state, *_ in ends(monitor)] == ["completed"]


def test_a_failure_before_the_call_lets_it_go_on_once(autolog, other, tinylearn, monkeypatch):
    monkeypatch.setattr(VitalsCallback, "fails_in", "__init__")
    autolog.configure(other, NAMES)
    steps = []
    with pytest.warns(IpyvitalsWarning, match="broken"):
        result = tinylearn.train({}, 3, inside=lambda: steps.append(1))

    assert result == ({}, 3)
    assert len(steps) == 3
    assert [one.code for one in other.snapshot().notices] == ["integrations.failed"]


def test_a_failure_after_the_call_returns_its_result_and_raises_its_error(
    autolog, other, tinylearn, monkeypatch
):
    monkeypatch.setattr(VitalsCallback, "fails_in", "after_call")
    autolog.configure(other, NAMES)
    with pytest.warns(IpyvitalsWarning, match="broken"):
        assert tinylearn.train({}, 3) == ({}, 3)
    error = RuntimeError("diverged")
    with pytest.raises(RuntimeError) as caught:
        tinylearn.train({}, 3, error=error)

    assert caught.value is error
    assert error.__context__ is None


def test_a_call_with_wrong_arguments_says_so_itself(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    with pytest.raises(TypeError, match=r"train\(\) got an unexpected keyword argument 'roundz'"):
        tinylearn.train({}, roundz=3)
    with pytest.raises(TypeError, match="missing"):
        tinylearn.train()


# What others see of a wrapper


def test_a_wrapper_looks_like_the_function(autolog, monitor, tinylearn):
    original = tinylearn.train
    autolog.configure(monitor, NAMES)

    assert tinylearn.train.__name__ == "train"
    assert tinylearn.train.__module__ == "tinylearn.engine"
    assert tinylearn.train.__doc__ == "Train."
    assert inspect.signature(tinylearn.train) == inspect.signature(original)


def test_functions_methods_and_models_can_be_pickled(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    model = tinylearn.Model().fit(2)

    assert pickle.loads(pickle.dumps(tinylearn.train)) is tinylearn.train
    assert pickle.loads(pickle.dumps(tinylearn.Base.fit)) is tinylearn.Base.fit
    assert pickle.loads(pickle.dumps(model)).fitted == ({}, 2)
    bound = pickle.loads(pickle.dumps(model.fit))
    assert bound(3).fitted == ({}, 3)


def test_other_methods_are_left_alone(autolog, monitor, tinylearn):
    before = dict(vars(tinylearn.Base))
    autolog.configure(monitor, NAMES)

    assert {name for name, value in before.items() if vars(tinylearn.Base)[name] is not value} == {
        "fit"
    }


# Threads, tasks and forks


def test_trainings_in_two_threads_are_siblings(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    barrier = threading.Barrier(2, timeout=20)

    def train():
        tinylearn.train({}, 3, inside=barrier.wait)

    threads = [threading.Thread(target=train) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert ends(monitor) == [("completed", "completed", 3, 3)] * 2
    assert {run.parent_id for run in monitor.snapshot().runs} == {None}


def test_a_thread_that_a_training_starts_has_a_run_of_its_own(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)

    def in_thread():
        thread = threading.Thread(target=tinylearn.train, args=({}, 2))
        thread.start()
        thread.join(20)

    tinylearn.train({}, 1, inside=in_thread)

    assert sorted(total for *_, total in ends(monitor)) == [1, 2]
    assert {state for state, *_ in ends(monitor)} == {"completed"}


def test_a_context_that_outlives_the_call_reports_again(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    contexts = []
    tinylearn.train({}, 1, inside=lambda: contexts.append(contextvars.copy_context()))
    contexts[0].run(tinylearn.train, {}, 2)

    assert [total for *_, total in ends(monitor)] == [1, 2]


def test_tasks_of_asyncio_train_side_by_side(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)

    async def train(rounds):
        await asyncio.sleep(0)
        return tinylearn.train({}, rounds)

    async def both():
        return await asyncio.gather(train(2), train(3))

    assert asyncio.run(both()) == [({}, 2), ({}, 3)]
    assert sorted(total for *_, total in ends(monitor)) == [2, 3]


def test_switching_while_threads_train_loses_no_call(autolog, monitor, tinylearn):
    original = tinylearn.train
    done = threading.Event()
    results = []

    def train():
        while not done.is_set():
            results.append(tinylearn.train({}, 1))

    threads = [threading.Thread(target=train) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        autolog.configure(monitor, NAMES)
        autolog.configure(None, ())
    done.set()
    for thread in threads:
        thread.join(20)

    assert set(map(str, results)) == {"({}, 1)"}
    assert tinylearn.train is original
    assert {state for state, *_ in ends(monitor)} <= {"completed"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:RuntimeWarning")  # of JAX, in another test
def test_a_forked_child_reports_nothing_and_trains(autolog, monitor, tinylearn):
    autolog.configure(monitor, NAMES)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if tinylearn.train({}, 2) == ({}, 2) and not autolog.enabled else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert ends(monitor) == []


# The public call


@pytest.fixture
def off():
    yield
    ipyvitals.autolog(disable=True)


def test_unknown_frameworks_are_refused_with_the_list(off):
    with pytest.raises(
        ArgumentValueError,
        match=r"unknown 'kerras'; expected some of catboost, fastai, keras, .* xgboost",
    ):
        ipyvitals.autolog(frameworks=["kerras", "xgboost"])
    with pytest.raises(TypeError, match="expected a Monitor"):
        ipyvitals.autolog("churn")


def test_frameworks_are_turned_on_and_off_by_name(off):
    from ipyvitals.integrations.autolog.controller import controller

    ipyvitals.autolog(frameworks=["keras", "xgboost"])
    assert controller.enabled == {"keras", "xgboost"}
    ipyvitals.autolog(frameworks="optuna")
    assert controller.enabled == {"optuna"}
    ipyvitals.autolog()
    assert controller.enabled == set(controller.known)
    ipyvitals.autolog(frameworks=["optuna"], disable=True)
    assert controller.enabled == set(controller.known) - {"optuna"}
    ipyvitals.autolog(disable=True)
    assert controller.enabled == set()
