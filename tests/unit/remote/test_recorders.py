"""Recorders: one process may count for several homes, and by a route of a cluster."""

from __future__ import annotations

import msgspec
import pytest

from ipyvitals.monitor.identity import monitor_named
from ipyvitals.remote.address import VARIABLE, Place
from ipyvitals.remote.report import decode_report
from ipyvitals.remote.routes import set_route
from ipyvitals.storage.ownership import Session

SETTINGS = {
    "accuracy_window": 100,
    "task": "classification",
    "tolerance": None,
    "pending_limit": 10_000,
    "label_ttl": 86_400.0,
    "interval": 60.0,
}


@pytest.fixture(autouse=True)
def no_home(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def address(tmp_path):
    """Return the address of a home in another process, here or on another machine."""
    made = []

    def make(token, *, pid=1, elsewhere=False, version="1"):
        here = Session.here("m", 0.0)
        place = Place(
            folder=str(tmp_path / token), token=token, pid=pid, process_start="1",
            host_id="another machine" if elsewhere else here.host_id,
        )  # fmt: skip
        made.append(place.folder)
        return {
            "place": msgspec.to_builtins(place),
            "settings": SETTINGS,
            "functions": {},
            "model": {"model_id": f"churn-{version}", "name": "churn", "version": version},
        }

    yield make
    for folder in made:
        set_route(folder, None)


def reported(folder):
    (file,) = folder.glob("*.vitals")
    return {one.model_id: one.predictions for one in decode_report(file.read_bytes()).models}


def test_homes_of_one_name_are_counted_apart(address, tmp_path):
    one, two = (monitor_named("m", address(token, pid=n)) for n, token in enumerate("ab", 2))
    assert monitor_named("m", address("a", pid=2)) is one
    assert monitor_named("m", address("b", pid=3)) is two
    one.record_batch([1] * 3)
    two.record_batch([1] * 5)
    one.close()
    two.close()
    assert reported(tmp_path / "a") == {"churn-1": 3}
    assert reported(tmp_path / "b") == {"churn-1": 5}


def test_a_monitor_that_was_made_anew_replaces_the_recorder_of_the_former_one(address):
    former = monitor_named("m", address("a"))
    with monitor_named("m", address("b")):
        assert former.closed


def test_a_later_pickle_brings_the_model_of_home_and_an_own_one_stays(address, tmp_path):
    with monitor_named("m", address("a")) as recorder:
        recorder.record(1)
        assert monitor_named("m", address("a", version="2")) is recorder
        recorder.record(1)
        recorder.deploy("own")
        assert monitor_named("m", address("a", version="2")) is recorder
        recorder.record(1)
    assert reported(tmp_path / "a") == {"churn-1": 1, "churn-2": 1, "own": 1}


def test_a_home_of_another_machine_is_reached_by_a_route_alone(address, tmp_path):
    assert monitor_named("m", address("a", elsewhere=True)).closed
    sent = []
    set_route(str(tmp_path / "b"), lambda token, data: sent.append(decode_report(data)))
    with monitor_named("m", address("b", elsewhere=True)) as recorder:
        recorder.record(1)
        recorder.flush()
        assert sent[-1].models[0].predictions == 1
        recorder._engine.sender.report(final=True)
        count = len(sent)
        recorder.record(1)
        recorder.flush()
        assert (len(sent), sent[-1].final) == (count, True)
        # A cluster is attached again: the same writer goes on.
        recorder._engine.resume_reports()
        recorder.flush()
        assert (sent[-1].models[0].predictions, sent[-1].n) == (2, count + 1)
    assert not (tmp_path / "b").exists()
