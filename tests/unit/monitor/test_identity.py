"""Copies and pickles of a monitor."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest
from sklearn.base import BaseEstimator, clone

from ipyvitals import ClosedMonitorWarning, Monitor


class Callback(BaseEstimator):
    def __init__(self, monitor=None):
        self.monitor = monitor


@pytest.fixture
def one():
    with Monitor("churn", name="one", interval=None) as monitor:
        yield monitor


def test_copies_in_the_same_process_are_the_monitor_itself(one):
    assert copy.copy(one) is one
    assert copy.deepcopy({"callbacks": [one]})["callbacks"][0] is one
    assert pickle.loads(pickle.dumps(one)) is one
    assert clone(one) is one
    assert clone(Callback(one)).monitor is one
    assert pickle.loads(pickle.dumps(Callback(one))).monitor is one


def test_a_copied_callback_reports_to_the_one_monitor(one):
    callback = copy.deepcopy(Callback(one))
    with callback.monitor.training(total=1) as run:
        run.update(1, loss=0.5)
    assert one.snapshot().runs[0].metrics == {"loss": 0.5}


def test_where_no_such_monitor_is_open_a_pickle_is_a_closed_one(one):
    data = pickle.dumps(one)
    one.close()
    other = pickle.loads(data)
    assert other is not one
    assert (other.name, other.closed) == ("one", True)
    with pytest.warns(ClosedMonitorWarning):
        other.record(1, 1)


def test_in_another_process_it_does_no_harm(one):
    code = (
        "import pickle, sys, warnings; monitor = pickle.load(sys.stdin.buffer);"
        "warnings.simplefilter('ignore');"
        "monitor.record(1, 1); print(sum(monitor.track(range(4)))); monitor.log(loss=1.0);"
        "print(monitor.name, monitor.closed, monitor.snapshot().metrics.total_predictions)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(one),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split() == ["6", "one", "True", "0"]
    assert done.stderr == b""
