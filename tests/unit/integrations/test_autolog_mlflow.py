"""Autolog beside MLflow's, which patches the same functions, in either order."""

from __future__ import annotations

import functools
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

from ipyvitals.integrations.autolog.controller import AutologController
from tests.unit.integrations import tiny_framework
from tests.unit.integrations.tiny_framework import FRAMEWORKS


class SafePatch:
    """Patches a function as MLflow does: one session, a callback, one call of the original."""

    def __init__(self, owner, name, callback):
        self.owner, self.name = owner, name
        self.original = original = getattr(owner, name)
        self.sessions = []
        session = []

        def patched(*args, **options):
            if session:
                return original(*args, **options)
            session.append(1)
            state = {}

            def call_original(*args, **options):
                state["result"] = original(*args, **options)
                return state["result"]

            try:
                options["callbacks"] = [*options.get("callbacks", ()), callback()]
                result = call_original(*args, **options)
            except BaseException:
                self.sessions.append("FAILED")
                raise
            else:
                self.sessions.append("FINISHED")
                return result
            finally:
                session.clear()

        # It copies the attributes of the original, those of a wrapper included.
        setattr(owner, name, functools.update_wrapper(patched, original))

    def revert(self):
        setattr(self.owner, self.name, self.original)


@pytest.fixture
def autolog(tmp_path, monkeypatch):
    tiny_framework.write(tmp_path)
    tiny_framework.forget()
    monkeypatch.syspath_prepend(tmp_path)
    controller = AutologController(FRAMEWORKS)
    yield controller
    controller.configure(None, ())
    tiny_framework.forget()


@pytest.mark.parametrize("ours_first", [True, False])
def test_both_report_each_training_once(autolog, monitor, ours_first):
    tinylearn = import_module("tinylearn")
    seen = []

    class Theirs(tinylearn.Callback):
        def on_begin(self): ...

        def on_step(self, step):
            seen.append(step)

        def on_end(self): ...

    if ours_first:
        autolog.configure(monitor, ["tinylearn"])
    patch = SafePatch(tinylearn, "train", Theirs)
    if not ours_first:
        autolog.configure(monitor, ["tinylearn"])
    assert tinylearn.train({}, 3) == ({}, 3)
    error, around = RuntimeError("diverged"), sys.exc_info()[1]
    with pytest.raises(RuntimeError) as caught:
        tinylearn.train({}, 3, error=error)

    assert caught.value is error
    assert error.__context__ is around
    assert seen == [0, 1, 2, 0]
    assert patch.sessions == ["FINISHED", "FAILED"]
    runs = monitor.snapshot().runs
    assert sorted((run.state, run.current, run.total) for run in runs) == [
        ("completed", 3, 3),
        ("failed", 1, 3),
    ]


# Where ours began later, MLflow puts the original over it as it ends.
@pytest.mark.parametrize(
    ("ours_first", "ours_ends_first"), [(True, True), (True, False), (False, True)]
)
def test_each_ends_for_itself(autolog, monitor, ours_first, ours_ends_first):
    tinylearn = import_module("tinylearn")
    original = tinylearn.train

    class Theirs(tinylearn.Callback):
        def on_begin(self): ...

        def on_step(self, step): ...

        def on_end(self): ...

    if ours_first:
        autolog.configure(monitor, ["tinylearn"])
    patch = SafePatch(tinylearn, "train", Theirs)
    if not ours_first:
        autolog.configure(monitor, ["tinylearn"])

    if ours_ends_first:
        autolog.configure(None, ())
        tinylearn.train({}, 2)
        assert patch.sessions == ["FINISHED"]
        assert monitor.snapshot().runs == []
    patch.revert()
    if not ours_ends_first:
        tinylearn.train({}, 2)
        assert patch.sessions == []
        assert len(monitor.snapshot().runs) == 1
    autolog.configure(None, ())
    assert tinylearn.train is original


SCRIPT = """
import os, sys
os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///" + os.path.join({folder!r}, "runs.db")
import warnings
warnings.simplefilter("ignore")
import mlflow, numpy
import ipyvitals
from ipyvitals import Monitor

monitor = Monitor(name="both", interval=None, store=None, terminal=False, git=False)

def ours():
    ipyvitals.autolog(monitor)

def theirs():
    mlflow.lightgbm.autolog(log_models=False)

for turn_on in ({order}):
    turn_on()
import lightgbm
rows = numpy.arange(800.0).reshape(400, 2)
params = {{"verbose": -1, "objective": "binary"}}

def train(labels):
    data = lightgbm.Dataset(rows, labels)
    return lightgbm.train(params, data, 3, valid_sets=[data], valid_names=["train"])

booster = train([0] * 200 + [1] * 200)
try:
    train([0, 1, 0])
except lightgbm.basic.LightGBMError:
    pass
found = sorted((run.state, run.current, run.total) for run in monitor.snapshot().runs)
assert found == [("completed", 3, 3), ("failed", 0, None)], found
logged = mlflow.search_runs(output_format="list")
assert sorted(run.info.status for run in logged) == ["FAILED", "FINISHED"], logged
done = next(run for run in logged if run.info.status == "FINISHED")
(metric,) = done.data.metrics
history = mlflow.MlflowClient().get_metric_history(done.info.run_id, metric)
assert len(history) == booster.num_trees() == 3, history
ipyvitals.autolog(disable=True)
train([0] * 200 + [1] * 200)
assert len(monitor.snapshot().runs) == 2
assert len(mlflow.search_runs(output_format="list")) == 3
"""


@pytest.mark.skipif(find_spec("mlflow") is None, reason="MLflow is not installed")
@pytest.mark.parametrize("order", ["ours, theirs", "theirs, ours"])
def test_mlflow_itself(order, tmp_path):
    pytest.importorskip("lightgbm")
    script = SCRIPT.format(order=order, folder=str(tmp_path))
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=110, check=False, cwd=tmp_path
    )

    assert done.returncode == 0, done.stderr
