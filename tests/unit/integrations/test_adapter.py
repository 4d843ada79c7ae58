"""What all adapters share, with a framework that is five lines long."""

from __future__ import annotations

import copy
import pickle
import sys
from types import ModuleType

import pytest

from ipyvitals import IpyvitalsWarning, MissingFrameworkError, Monitor
from ipyvitals.integrations.adapter import Adapter, import_framework, never_raises
from ipyvitals.monitor.names import monitor_names

SOURCE = """
class Callback:
    pass

def fit(callback, steps=3, error_at=None, inside=None):
    callback.on_begin(steps)
    for step in range(steps):
        if step == error_at:
            raise RuntimeError("diverged")
        if inside is not None:
            inside()
        callback.on_step(step)
    callback.on_end()

def fit_with_finally(callback, error):
    callback.on_begin(3)
    try:
        if error is not None:
            raise error
    finally:
        callback.on_end()
"""


@pytest.fixture(autouse=True)
def framework(monkeypatch):
    module = ModuleType("tiny_framework")
    exec(compile(SOURCE, "tiny_framework.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "tiny_framework", module)
    return module


class VitalsCallback(Adapter):
    framework = "tiny_framework"
    requires = "tiny-framework>=1"
    trains = ("fit",)

    @classmethod
    def framework_classes(cls):
        return (import_framework("tiny_framework", cls.requires).Callback,)

    @never_raises(None)
    def on_begin(self, steps):
        self.run = self.open_run(steps, model="Tiny")

    @never_raises(None)
    def on_step(self, step):
        self.run.update(step + 1)

    @never_raises(None)
    def on_end(self):
        self.end_run(self.run)


def ends(monitor):
    """Return how each run ended, oldest first."""
    return [(run.state, run.end, run.current) for run in reversed(monitor.snapshot().runs)]


def test_an_adapter_is_an_instance_of_the_framework_s_class_and_of_its_own(monitor, framework):
    callback = VitalsCallback(monitor)

    assert isinstance(callback, framework.Callback)
    assert isinstance(callback, VitalsCallback)
    assert type(callback).__name__ == "VitalsCallback"


def test_a_training_that_is_done_is_completed(monitor, framework):
    framework.fit(VitalsCallback(monitor, name="first", tags=["t"], config={"lr": 0.1}))

    (run,) = monitor.snapshot().runs
    assert (run.state, run.current, run.total) == ("completed", 3, 3)
    assert (run.name, run.tags, run.config) == ("first", ["t"], {"lr": 0.1})


def test_a_copy_and_a_pickle_have_the_arguments_and_no_run(monitor, framework):
    callback = VitalsCallback(monitor, name="first")
    callback.on_begin(3)
    for other in (
        copy.copy(callback),
        copy.deepcopy(callback),
        pickle.loads(pickle.dumps(callback)),
    ):
        assert type(other) is type(callback)
        assert not hasattr(other, "run")
        framework.fit(other)
    callback.on_end()

    assert [run.name for run in monitor.snapshot().runs] == ["first"] * 4


def test_the_newest_open_monitor_is_taken(no_monitor, monitor, framework):
    older = Monitor(name="older", interval=None, store=None, terminal=False)
    newer = Monitor(name="newer", interval=None, store=None, terminal=False)
    framework.fit(VitalsCallback())
    assert len(newer.snapshot().runs) == 1
    newer.close()
    framework.fit(VitalsCallback())

    assert len(older.snapshot().runs) == 1


def test_where_there_is_no_monitor_one_is_made_and_named_after_the_model(no_monitor, framework):
    framework.fit(VitalsCallback())

    made = monitor_names.newest()
    assert made.name == "Tiny"
    assert made.snapshot().runs[0].state == "completed"
    made.close()


def test_an_exception_inside_a_hook_is_a_notice_and_one_warning(monitor, framework):
    class Broken(VitalsCallback):
        @never_raises(None)
        def on_step(self, step):
            raise ValueError("broken")

    other = Monitor(name="other", interval=None, store=None, terminal=False)
    with pytest.warns(IpyvitalsWarning, match="broken") as warned:
        framework.fit(Broken(other))

    assert len(warned) == 1
    (notice,) = [one for one in other.snapshot().notices if one.code == "integrations.failed"]
    assert notice.count == 3
    assert "Broken of tiny_framework" in notice.message
    other.close()


def test_where_warnings_are_errors_the_training_goes_on(monitor, framework):
    class Broken(VitalsCallback):
        @never_raises(None)
        def on_step(self, step):
            raise ValueError("broken")

    other = Monitor(name="other", interval=None, store=None, terminal=False)
    framework.fit(Broken(other))

    assert ends(other) == [("completed", "completed", 0)]
    other.close()


def test_the_run_of_a_call_that_raised_ends_as_the_next_run_begins(monitor, framework):
    kept = VitalsCallback(monitor)
    with pytest.raises(RuntimeError):
        framework.fit(kept, error_at=2)
    with monitor.training(total=1, stage="Next") as run:
        run.update(1)

    assert ends(monitor) == [("stopped", "returned", 2), ("completed", "completed", 1)]
    assert run.parent is None


def test_each_call_in_a_loop_over_one_line_ends_the_run_of_the_one_before(monitor, framework):
    kept = [VitalsCallback(monitor) for _ in range(3)]
    for callback in kept:
        with pytest.raises(RuntimeError):
            framework.fit(callback, error_at=2)
    framework.fit(kept[0])

    assert [state for state, _, _ in ends(monitor)] == ["stopped"] * 3 + ["completed"]


def test_a_run_that_begins_inside_a_call_is_inside_its_run(monitor, framework):
    def validate():
        with monitor.training(stage="Validate"):
            pass

    framework.fit(VitalsCallback(monitor), inside=validate)

    runs = {run.stage: run for run in monitor.snapshot().runs}
    assert runs["Validate"].parent_id == runs["Training"].run_id
    assert runs["Training"].state == "completed"


def test_a_hook_in_a_finally_tells_the_exception_on_its_way(monitor, framework):
    framework.fit_with_finally(VitalsCallback(monitor), None)
    for error in (RuntimeError("diverged"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            framework.fit_with_finally(VitalsCallback(monitor), error)

    assert [(state, end) for state, end, _ in ends(monitor)] == [
        ("completed", "completed"),
        ("failed", "failed"),
        ("stopped", "interrupted"),
    ]


def test_an_exception_that_is_handled_around_the_training_is_not_its_own(monitor, framework):
    try:
        raise ValueError("before")
    except ValueError:
        framework.fit(VitalsCallback(monitor))

    assert ends(monitor)[0][0] == "completed"


def test_a_missing_framework_says_what_to_install(monitor):
    class Missing(VitalsCallback):
        @classmethod
        def framework_classes(cls):
            return (import_framework("no_such_framework", "no-such-framework>=2").Callback,)

    with pytest.raises(MissingFrameworkError, match="pip install 'no-such-framework>=2'"):
        Missing(monitor)


def test_what_is_no_monitor_is_refused(framework):
    with pytest.raises(TypeError, match="expected a Monitor"):
        VitalsCallback("churn")


def test_a_resumed_training_counts_its_rate_from_there():
    from ipyvitals import FakeClock

    clock = FakeClock()
    monitor = Monitor(name="resumed", interval=None, store=None, clock=clock, terminal=False)
    with monitor.training(total=1_000, initial=400) as run:
        assert monitor.snapshot().runs[0].progress == 40.0
        for step in range(401, 411):
            clock.advance(0.5)
            run.update(step)
        info = monitor.snapshot().runs[0]
        assert info.rate_per_second == pytest.approx(2.0)
        assert info.eta_seconds == pytest.approx(590 / 2.0)
    ended = monitor.snapshot().runs[0]
    assert (ended.current, ended.rate_per_second) == (410, pytest.approx(2.0))
    monitor.close()
