"""`monitor.history` returns the same from memory and from a file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, Monitor, open_store
from ipyvitals.storage.columns import COLUMNS
from tests.unit.storage.places import read_only


@pytest.fixture(params=["memory", "file"])
def anywhere(request, make, tmp_path):
    """Make monitors that store their history in memory, or in a file."""
    where = None if request.param == "memory" else tmp_path / "history.sqlite"
    return lambda *args, **kwargs: make(*args, **{"store": where, **kwargs})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.sqlite"


def times(frame, clock):
    """Seconds before now."""
    now = pd.Timestamp(clock.time(), unit="s", tz="UTC")
    return [round((now - at).total_seconds(), 3) for at in frame.index]


@pytest.mark.parametrize("section", COLUMNS)
def test_every_section_has_its_columns_before_anything_happened(anywhere, section):
    found = anywhere().history(section)

    assert list(found.columns) == [column.name for column in COLUMNS[section]]
    assert (len(found), found.index.name, str(found.index.dtype)) == (
        0, "time", "datetime64[us, UTC]",
    )  # fmt: skip


def test_a_row_is_stored_for_each_model_that_changed(anywhere, clock, serve):
    monitor = anywhere("champion")
    monitor.deploy("challenger")
    monitor.deploy("champion")
    for _ in range(3):
        clock.advance(1)
        serve(monitor, 1)
        monitor.tick()
    clock.advance(1)
    monitor.record(1, 1, model_id="challenger")
    monitor.tick()
    clock.advance(1)
    monitor.tick()

    found = monitor.history()
    champion = monitor.history(model_id="champion")
    assert champion["total_predictions"].to_list() == [1, 2, 3]
    assert times(champion, clock) == [4, 3, 2]
    assert found[found["model_id"] == "challenger"]["total_predictions"].to_list() == [0, 1]
    assert len(found) == 5

    # The figures of the last minute change without records, and that is stored too.
    clock.advance(60)
    monitor.tick()
    assert monitor.history(model_id="champion")["predictions_per_minute"].to_list() == [1, 2, 3, 0]


def test_figures_are_those_of_the_snapshot(anywhere, serve, clock):
    monitor = anywhere("churn", version="2.1")
    serve(monitor, 90, 40)
    monitor.record(1, 1, latency=0.004)
    metrics, model = monitor.snapshot().metrics.to_dict(), monitor.snapshot().model
    del metrics["segments"]

    (row,) = monitor.history().to_dict("records")

    assert (row.pop("model_id"), row.pop("status")) == (model.model_id, model.status)
    assert {name: None if pd.isna(one) else one for name, one in row.items()} == metrics


def test_readings_of_the_machine_are_stored(anywhere, clock):
    monitor = anywhere()
    monitor.tick()
    clock.advance(5)
    monitor.tick()

    found = monitor.history("system")
    assert times(found, clock) == [5, 0]
    assert found["memory_percent"].iloc[-1] == monitor.snapshot().system.memory_percent


def test_all_events_are_stored(anywhere, serve):
    monitor = anywhere("churn")
    monitor.deploy("churn", version="2.2")
    serve(monitor, 0, 60)
    with monitor.training(total=2) as run:
        run.update(1, loss=0.5)
    monitor.tick()
    events = monitor.events()
    assert len({event.type for event in events}) == 6

    found = monitor.history("events")

    assert found["seq"].to_list() == [event.seq for event in events]
    assert found["type"].to_list() == [event.type for event in events]
    common = {"type", "monitor", "seq", "at"}
    assert found["data"].to_list() == [
        {name: value for name, value in event.to_dict().items() if name not in common}
        for event in events
    ]


def test_each_deployment_is_a_row(anywhere, clock):
    monitor = anywhere()
    monitor.deploy("churn", version="2.1", trained_at=clock.time() - 60, baseline_accuracy=0.9)
    clock.advance(5)
    monitor.deploy("churn", version="2.2", model_id="rival")

    found = monitor.history("models")

    assert found["model_id"].to_list() == ["churn-2.1", "rival"]
    assert times(found, clock) == [5, 0]
    assert found["trained_at"].to_list() == [
        pd.Timestamp(clock.time() - 65, unit="s", tz="UTC"), pd.NaT,
    ]  # fmt: skip
    assert (found["deployed_at"] == found.index).all()
    assert found["baseline_accuracy"].to_list() == [0.9, pd.NA]


class TestTraining:
    def test_every_report_with_metrics_is_stored(self, anywhere, clock):
        monitor = anywhere()
        with monitor.training(total=50, stage="Fit") as run:
            for step in range(1, 51):
                clock.advance(0.01)
                run.update(step, loss=1.0 / step, accuracy=float("nan"))

        found = monitor.history("training")
        loss = found[found["metric"] == "loss"]
        assert loss["step"].to_list() == list(range(1, 51))
        assert loss["value"].to_list() == [1.0 / step for step in range(1, 51)]
        assert found[found["metric"] == "accuracy"]["value"].isna().all()
        assert set(found["stage"]) == {"Fit"}
        assert found["total"].to_list() == [50] * len(found)
        assert (found["state"].iloc[0], found["state"].iloc[-1]) == ("running", "completed")
        assert (found["run"].nunique(), set(found["monitor"])) == (1, {"default"})

    def test_a_loop_without_metrics_is_stored_once_a_second(self, anywhere, clock):
        monitor = anywhere()
        for _ in monitor.track(range(40)):
            clock.advance(0.25)
            monitor.tick()

        found = monitor.history("training")
        assert 10 <= len(found) <= 12
        assert found["metric"].isna().all()
        assert (found["step"].iloc[0], found["step"].iloc[-1]) == (0, 40)

    def test_runs_inside_a_run_have_a_history_of_their_own(self, anywhere):
        monitor = anywhere()
        with monitor.training(total=2, stage="Epochs") as epochs:
            for epoch in range(2):
                for step in (bar := monitor.track(range(3), stage="Batches")):
                    bar.log(loss=1.0 / (step + 1))
                epochs.update(epoch + 1, accuracy=0.9)

        found = monitor.history("training")
        assert found["run"].nunique() == 2
        loss, accuracy = (found[found["metric"] == name] for name in ("loss", "accuracy"))
        assert loss["step"].to_list() == [1, 2, 3, 4, 5, 6]
        assert accuracy["step"].to_list() == [1, 2]
        assert set(loss["run"]).isdisjoint(accuracy["run"])

    def test_what_a_run_was_and_what_it_took_is_stored(self, make, path):
        monitor = make(store=path)
        with monitor.training(name="wide", config={"lr": 0.1}, tags=["a"]) as run:
            run.log(loss=0.5)
            run.log(loss=0.25)
        row = monitor.snapshot().runs[0]
        monitor.close()

        with open_store(path) as store:
            (stored,) = store.runs()
        assert stored.info == row
        assert (row.name, row.config, row.best["loss"].value) == ("wide", {"lr": 0.1}, 0.25)
        assert row.cost.steps == row.steps

    def test_threads_have_a_history_of_their_own(self, anywhere):
        monitor = anywhere()

        def train(total):
            with monitor.training(total=total, stage=str(total)) as run:
                for step in range(1, total + 1):
                    run.update(step, loss=float(total))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(train, (4, 40, 50, 36)))
        found = monitor.history("training")
        for total in (4, 40, 50, 36):
            loss = found[(found["stage"] == str(total)) & (found["metric"] == "loss")]
            assert loss["step"].to_list() == list(range(1, total + 1))
            assert set(loss["value"]) == {float(total)}
        assert found["run"].nunique() == 4

    def test_runs_are_distinguished_and_listed(self, make, path):
        monitor = make(store=path)
        run = monitor.training(stage="One")
        run.update(3, loss=0.25)
        run.fail(ValueError("boom"))
        with monitor.training(total=2, stage="Two") as run:
            run.update(2)
        monitor.flush()

        with open_store(path) as store:
            first, second = store.runs()
        assert (first.stage, first.state, first.details) == ("One", "failed", "ValueError: boom")
        assert (first.step, first.metrics) == (3, {"loss": 0.25})
        assert (second.stage, second.state, second.step, second.total) == (
            "Two", "completed", 2, 2,
        )  # fmt: skip
        assert set(monitor.history("training")["run"]) == {first.run, second.run}


class TestPredictions:
    def test_they_are_stored_only_on_request(self, anywhere):
        monitor = anywhere("churn")
        monitor.record(1, 1)

        assert len(monitor.history("predictions")) == 0

    def test_everything_that_was_recorded_is_there(self, anywhere, clock):
        monitor = anywhere("churn", store_predictions=True)
        monitor.deploy("rival")
        monitor.deploy("churn")
        monitor.record("stays", "stays", latency=0.004, segment="EU")
        clock.advance(1)
        monitor.record(np.int64(3), id="a", model_id="rival")
        monitor.record_batch(np.array([0.5, 0.25]), np.array([0.5, 0.0]), ids=[7, 8], segment="US")
        late = np.array([1, 2])
        monitor.record_batch(late, ids=["b", "c"], latency=0.1)
        late[:] = 9
        monitor.label("a", 4)
        monitor.label_batch(["c", 7], [2, 9])

        found = monitor.history("predictions")

        assert found.drop(columns="segment").to_numpy().tolist() == [
            ["churn", None, "stays", "stays", True, 0.004],
            ["rival", "a", 3, 4, True, pd.NA],
            ["churn", 7, 0.5, 0.5, True, pd.NA],
            ["churn", 8, 0.25, 0.0, True, pd.NA],
            ["churn", "b", 1, None, False, 0.1],
            ["churn", "c", 2, 2, True, 0.1],
        ]
        assert found["segment"].to_list() == ["EU", None, "US", "US", None, None]
        assert times(found, clock) == [1, 0, 0, 0, 0, 0]

    def test_the_newer_of_two_under_an_id_is_labelled(self, anywhere):
        monitor = anywhere("churn", store_predictions=True)
        monitor.record(1, id="a")
        monitor.record(2, id="a")
        monitor.label("a", 2)

        assert monitor.history("predictions")["labelled"].to_list() == [False, True]


def test_freq_since_and_until_hold_for_memory_too(anywhere, clock, serve):
    monitor = anywhere("churn")
    clock.advance(-clock.time() % 60)
    begin = clock.time()
    for step in range(120):
        clock.advance(1 if step else 0)
        serve(monitor, 1)
        monitor.tick()

    found = monitor.history(freq="1min")
    assert found["total_predictions"].to_list() == [60, 120]
    assert found["predictions_per_minute"].to_list() == [30.5, 60.0]
    assert len(monitor.history(since=begin + 60)) == 60
    assert len(monitor.history(until=begin + 1)) == 1


def test_memory_is_bounded(make, clock):
    monitor = make("churn")
    for _ in range(4_000):
        monitor.record(1)
        clock.advance(1)
        monitor._engine.keep()

    assert len(monitor.history()) == 3_600


def test_a_closed_monitor_still_answers(anywhere, serve):
    monitor = anywhere("churn")
    serve(monitor, 3)
    monitor.close()

    found = monitor.history()
    assert found["status"].to_list()[-1] == "stopped"
    assert found["total_predictions"].to_list()[-1] == 3


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"section": "metric"}, "expected one of"), ({"freq": "month"}, "expected a fixed length")],
)
def test_bad_questions_are_refused(anywhere, asked, message):
    with pytest.raises(ArgumentValueError, match=message):
        anywhere().history(**asked)


class TestWhoseHistory:
    def test_that_of_former_kernels_is_there_too(self, make, path, clock, serve):
        first = make("churn", store=path)
        serve(first, 1)
        first.tick()
        clock.advance(1)
        first.close()
        clock.advance(60)
        second = make("churn", store=path)
        second.tick()
        clock.advance(1)
        serve(second, 1)

        found = second.history()
        assert found["total_predictions"].to_list() == [1, 1, 1, 2]
        assert found["status"].to_list() == ["active", "stopped", "active", "active"]
        assert len(second.history("system")) == 2
        assert second.history("events")["seq"].is_monotonic_increasing is False

    def test_that_of_other_names_is_not(self, make, path, serve):
        other = make("churn", name="other", store=path)
        serve(other, 1)
        other.tick()
        other.close()

        monitor = make("churn", store=path)
        assert monitor.history()["total_predictions"].to_list() == [0]
        with open_store(path) as store:
            assert set(store.history()["monitor"]) == {"other", "default"}

    def test_that_of_a_kernel_beside_it_is_not(self, make, path, serve, clock):
        code = f"""
            import os, sys, time
            from ipyvitals import Monitor
            monitor = Monitor("churn", store={str(path)!r}, interval=None)
            monitor.record_batch([1] * 7, [1] * 7)
            monitor.tick()
            print(monitor.flush(), flush=True)
            sys.stdin.read()
            monitor.record(1, 1)
            monitor.tick()
            print(monitor.history()["total_predictions"].max(), len(monitor.history("system")))
        """
        other = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert other.stdout.readline() == "True\n"
        monitor = make("churn", store=path, clock=None)
        serve(monitor, 3)
        monitor.tick()

        assert monitor.history()["total_predictions"].to_list() == [3]
        assert len(monitor.history("system")) == 1
        assert other.communicate("")[0] == "8 2\n"
        with open_store(path) as store:
            assert [(one.slot, one.total_predictions) for one in store.models()] == [(2, 3), (1, 8)]
            assert store.history()["session"].nunique() == 2


class TestWhere:
    def test_without_a_thread_the_default_is_memory(self, make, tmp_path, monkeypatch):
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
        make("churn").flush()

        assert list(tmp_path.iterdir()) == []

    def test_with_a_thread_it_is_in_jupyters_data_folder(self, make, tmp_path, monkeypatch):
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
        make("churn", interval=5.0, clock=None).flush()

        assert (tmp_path / "ipyvitals" / "history.sqlite").exists()
        with open_store() as store:
            assert [model.model_id for model in store.models()] == ["churn"]

    @pytest.mark.parametrize(("value", "exists"), [("none", False), ("{}/mine.sqlite", True)])
    def test_an_environment_variable_names_another(
        self, make, tmp_path, monkeypatch, value, exists
    ):
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
        monkeypatch.setenv("IPYVITALS_STORE", value.format(tmp_path))
        make("churn", interval=5.0, clock=None).flush()

        assert (tmp_path / "mine.sqlite").exists() is exists
        assert not (tmp_path / "data").exists()

    @pytest.mark.parametrize("store", [7, "", b"", 1.5])
    def test_what_is_no_path_is_refused(self, make, store):
        with pytest.raises(ArgumentTypeError, match="expected the path of a file"):
            make(store=store)
        with pytest.raises(ArgumentTypeError, match="expected True or False"):
            make(store_predictions="yes")


class TestADiskThatCannotBeWritten:
    def test_the_monitor_continues_and_shows_a_notice(self, make, path, serve, notice, clock):
        with read_only(path.parent):
            monitor = make("churn", store=path)
            serve(monitor, 3)
            assert not monitor.flush()
            assert notice(monitor, "store.unavailable") > 0
            assert "kept in memory" in repr(monitor)
            assert monitor.history()["total_predictions"].to_list() == [3]

        clock.advance(1)
        serve(monitor, 1)
        assert monitor.flush()
        assert monitor.history()["total_predictions"].to_list() == [3, 4]

    def test_what_is_in_the_file_and_what_waits_are_one_history(
        self, make, path, serve, clock, monkeypatch
    ):
        monkeypatch.setattr("ipyvitals.storage.files.BUSY_SECONDS", 0.1)
        monitor = make("churn", store=path)
        serve(monitor, 3)
        assert monitor.flush()
        clock.advance(1)
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            serve(monitor, 1)
            found = monitor.history()
            minutes = monitor.history(freq="1D")
            other.execute("COMMIT")
        other.close()

        assert found["total_predictions"].to_list() == [3, 4]
        assert minutes["total_predictions"].to_list() == [4]
        assert monitor.history()["total_predictions"].to_list() == [3, 4]


@pytest.mark.parametrize("seconds", [-86_400, -1])
def test_a_clock_that_was_set_back_hides_no_former_kernel(make, path, clock, serve, seconds):
    first = make(store=path)
    first.deploy("churn")
    serve(first, 1)
    with first.training(total=1) as run:
        run.update(1, loss=0.5)
    for _ in range(3):
        clock.advance(5)
        first.tick()
    first.close()
    clock.set_wall(clock.time() + seconds)
    second = make("churn", store=path)

    assert len(second.history("system")) == 3
    assert second.history("training")["value"].dropna().to_list() == [0.5]
    assert len(second.history("models")) == 1
    assert "training_completed" in second.history("events")["type"].to_list()


@pytest.mark.parametrize("seconds", [-86_400, 86_400])
def test_a_clock_that_jumps_loses_no_row(anywhere, clock, serve, seconds):
    monitor = anywhere("churn")
    for step in range(6):
        if step == 3:
            clock.set_wall(clock.time() + seconds)
        serve(monitor, 1)
        monitor.tick()
        clock.advance(1)

    assert sorted(monitor.history()["total_predictions"]) == [1, 2, 3, 4, 5, 6]
    assert len(monitor.history("system")) == 6


def test_the_last_records_are_stored_when_the_interpreter_exits(path):
    code = f"""
        from ipyvitals import Monitor
        monitor = Monitor("churn", store={str(path)!r})
        with monitor.training() as run:
            run.update(3, loss=0.5)
        monitor.record_batch([1] * 5, [1] * 5)
    """
    subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code)], check=True)

    with open_store(path) as store:
        (model,) = store.models()
        assert (model.total_predictions, model.status, model.live) == (5, "active", False)
        assert store.runs()[0].metrics == {"loss": 0.5}


def test_the_thread_stores_the_history(path):
    with Monitor("churn", store=path, interval=0.2, metrics_interval=0.1) as monitor:
        monitor.record(1, 1)
        end = time.monotonic() + 20
        while not (path.exists() and len(open_store(path).history())):
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.01)
