"""Odd values in a training: absurd counts, objects that raise, parents of another monitor."""

from __future__ import annotations

import copy
import json
import pickle

import msgspec
import numpy as np
import pandas as pd
import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError
from ipyvitals.utils.storable import MAX_INTEGER

ABSURD = [MAX_INTEGER + 1, 10**30, 10**400, 1e300, float("inf")]
pytestmark = pytest.mark.filterwarnings("ignore::ipyvitals.MetricWarning")


class Textless:
    """An object without a text, that is no number."""

    def __repr__(self):
        raise RuntimeError

    __str__ = __int__ = __repr__


@pytest.fixture
def monitor(make):
    return make(name="odd", git=False, terminal=False)


def only_run(monitor):
    snapshot = monitor.snapshot()
    json.dumps(snapshot.to_dict(), allow_nan=False)
    msgspec.msgpack.encode(snapshot)
    (run,) = snapshot.runs
    return run


@pytest.mark.parametrize("count", ABSURD)
def test_a_count_of_more_than_64_bits_is_left_out_with_a_notice(monitor, notice, count):
    with monitor.training(total=5) as run:
        run.update(2, loss=0.5)
        run.update(count)
        run.update(advance=count)
        run.log({"loss": 0.25}, step=count)
        assert run.current == only_run(monitor).current == 2
    assert notice(monitor, "training.value") == 3
    assert only_run(monitor).metrics == {"loss": 0.25}


def test_counts_that_add_up_to_more_than_64_bits_end_there(monitor):
    with monitor.training() as run:
        for _ in range(3):
            run.update(advance=MAX_INTEGER)
        assert only_run(monitor).current == MAX_INTEGER
    with monitor.training(stage="Steps") as run:
        run.log(loss=1.0, step=0)
        run.log(loss=1.0, step=MAX_INTEGER)
        assert run.current == MAX_INTEGER


@pytest.mark.parametrize("count", [*ABSURD, Textless(), np.ma.masked, pd.NA, -1, 1.5, "3"])
@pytest.mark.parametrize("name", ["total", "initial"])
def test_what_is_no_count_is_refused_before_the_run_begins(monitor, name, count):
    with pytest.raises(ArgumentValueError, match=f"{name}=.*expected a whole number of steps"):
        monitor.training(**{name: count})
    assert monitor.snapshot().runs == []


@pytest.mark.parametrize("name", ["config", "tags", "goals", "parent", "stop"])
@pytest.mark.parametrize("value", [Textless(), 5, pd.NA, object()])
def test_what_is_no_argument_is_refused_whatever_it_is(monitor, name, value):
    with pytest.raises((ArgumentTypeError, ArgumentValueError), match=f"{name}="):
        monitor.training(**{name: value})


def test_names_of_hyperparameters_without_a_text_are_taken(monitor):
    with monitor.training() as run:
        run.config[Textless()] = 1
    assert only_run(monitor).config == {"<Textless>": 1}


def test_a_parent_of_another_monitor_is_no_parent(monitor, make):
    other = make(name="other", git=False, terminal=False)
    theirs = other.training(total=2, stage="Theirs")
    with monitor.training(total=4, stage="Ours", parent=theirs) as ours:
        ours.update(1)
        theirs.complete()
        ours.update(2)
        assert (ours.state, ours.parent) == ("running", None)
    assert only_run(other).stage == "Theirs"
    run = only_run(monitor)
    assert (run.stage, run.parent_id, run.state, run.current) == ("Ours", None, "completed", 2)
    assert monitor._engine.training.open_runs == []


def test_a_copy_of_a_run_is_the_run_and_a_pickle_takes_nothing(monitor):
    with monitor.training(total=3, stage="Fit") as run:
        assert copy.copy(run) is copy.deepcopy(run) is run
        assert copy.deepcopy({"run": run})["run"] is run
        loaded = pickle.loads(pickle.dumps(run))
        loaded.update(2, loss=0.5)
        loaded.complete()
        with monitor.training(stage="Beside", parent=loaded) as beside:
            assert beside.parent is None
        assert (run.state, run.current) == ("running", 0)
