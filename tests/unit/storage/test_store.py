"""What can be read of a file of history."""

from __future__ import annotations

import gc
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pandas as pd
import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, StoreError, open_store
from ipyvitals.schema import (
    Gpu,
    MetricsSection,
    ModelStatusChange,
    Segment,
    SystemMetrics,
    SystemSection,
)
from ipyvitals.storage.columns import COLUMNS
from ipyvitals.storage.connections import TrackedConnection
from ipyvitals.storage.rows import (
    DeploymentRow,
    LabelRow,
    PredictionRow,
    ProgressRow,
    RunRow,
    SystemRow,
)
from tests.unit.storage.conftest import NOON

DTYPES = {
    "number": "Float64",
    "count": "Int64",
    "flag": "boolean",
    "text": "string",
    "timestamp": "datetime64[us, UTC]",
    "any": "object",
}


def status_change(seq):
    return ModelStatusChange(
        monitor="default", seq=seq, at=NOON, model_id="churn", old_status="active",
        new_status="degraded", reason="why", rule="accuracy", value=0.7, threshold=0.8, n=100,
    )  # fmt: skip


def every_section(write, figures):
    write(
        figures(0, total_predictions=1),
        SystemRow(NOON, SystemSection(cpu_percent=12.0, kernel_busy=True)),
        DeploymentRow(NOON, "churn", "churn", "2.1", NOON - 60, NOON, 0.9),
        ProgressRow(1, 1, NOON, "Fit", "running", 3, 10, {"loss": 0.5}),
        status_change(7),
        PredictionRow(1, NOON, "churn", "a", 1, None, False, 0.004, "EU"),
    )  # fmt: skip


@pytest.mark.parametrize("section", COLUMNS)
@pytest.mark.parametrize("since", [None, NOON + 1], ids=["with rows", "empty"])
def test_frames_are_indexed_by_utc_time_and_typed_by_the_contract(
    write, figures, history, section, since
):
    every_section(write, figures)

    found = history(section, since=since)

    assert len(found) == (since is None)
    assert (found.index.name, str(found.index.dtype)) == ("time", "datetime64[us, UTC]")
    columns = [one for one in COLUMNS[section] if one.name != "monitor"]
    assert list(found.columns) == ["monitor", "session", *(one.name for one in columns)]
    types = {name: str(kind) for name, kind in found.dtypes.items()}
    assert types == {
        "monitor": "string",
        "session": "string",
        **{one.name: DTYPES[one.kind] for one in columns},
    }


def test_metrics_and_system_have_every_field_that_is_one_value():
    def one_value(shape):
        plain = shape.to_dict()
        return {name for name, value in plain.items() if not isinstance(value, (list, dict))}

    metrics = {column.name for column in COLUMNS["metrics"]}
    assert metrics == {"model_id", "status"} | one_value(MetricsSection())
    assert {column.name for column in COLUMNS["system"]} == one_value(SystemSection())


def test_what_was_written_is_read(write, figures, history):
    metrics = {"current_accuracy": 0.94, "predictions_per_minute": 27, "warming": False}
    segments = [Segment(name="EU", total_labelled=1, window_labelled=1)]
    write(
        figures(0.25, **metrics, segments=segments),
        figures(1.25, status="degraded", mae=None, rmse=1e300),
        SystemRow(NOON, SystemSection(memory_used_bytes=1 << 50, gpus=[Gpu(index=0)])),
    )

    found = history("metrics")
    system = history("system")

    assert list(found.index) == [
        pd.Timestamp("2026-05-01T12:00:00.250000Z"),
        pd.Timestamp("2026-05-01T12:00:01.250000Z"),
    ]
    assert list(found["status"]) == ["active", "degraded"]
    assert found.iloc[0][list(metrics)].to_dict() == metrics
    assert found["mae"].isna().all()
    assert found["rmse"].iloc[1] == 1e300
    assert system["memory_used_bytes"].iloc[0] == 1 << 50
    assert system["active_connections"].isna().all()


def test_since_is_included_and_until_is_not(write, figures, history):
    write(*(figures(second, total_predictions=second) for second in range(10)))
    noon = datetime.fromtimestamp(NOON, UTC)

    def totals(**asked):
        return list(history(**asked)["total_predictions"])

    assert totals(since=NOON + 8) == [8, 9]
    assert totals(until=noon + timedelta(seconds=2)) == [0, 1]
    assert totals(since="2026-05-01T12:00:03+00:00", until=NOON + 5) == [3, 4]
    assert totals(since=noon + timedelta(seconds=60)) == []


def test_monitors_and_models_are_told_apart(write, figures, history):
    write(figures(0), figures(0, model_id="rival"), monitor="one")
    write(figures(1), monitor="two")

    assert list(history()["monitor"]) == ["one", "one", "two"]
    assert list(history(monitor="one")["model_id"]) == ["churn", "rival"]
    assert list(history(model_id="churn")["monitor"]) == ["one", "two"]
    assert list(history(monitor="none of them")["model_id"]) == []


def test_figures_are_averaged_and_totals_are_the_last(write, figures, history):
    write(
        figures(10, current_accuracy=0.9, predictions_per_minute=10, total_predictions=5),
        figures(20, current_accuracy=None, predictions_per_minute=20, total_predictions=6),
        figures(50, current_accuracy=0.7, predictions_per_minute=25, total_predictions=9,
                status="degraded", window_labelled=3, accuracy_threshold=0.8),
        figures(70, current_accuracy=0.5, predictions_per_minute=1, total_predictions=11),
        figures(15, model_id="rival", predictions_per_minute=1),
        SystemRow(NOON + 1, SystemSection(cpu_percent=10.0, disk_path="/a")),
        SystemRow(NOON + 2, SystemSection(cpu_percent=30.0, disk_path="/b")),
    )  # fmt: skip

    found = history(model_id="churn", freq="1min")
    wanted = ["current_accuracy", "predictions_per_minute", "total_predictions", "status"]

    assert list(found.index) == [pd.Timestamp(NOON, unit="s", tz="UTC") + pd.Timedelta(minutes=n)
                                 for n in (0, 1)]  # fmt: skip
    assert found.iloc[0][wanted].to_list() == [pytest.approx(0.8), 55 / 3, 9, "degraded"]
    assert found.iloc[1][wanted].to_list() == [0.5, 1.0, 11, "active"]
    assert (found["window_labelled"].iloc[0], found["accuracy_threshold"].iloc[0]) == (3, 0.8)
    assert str(found["predictions_per_minute"].dtype) == "Float64"
    assert len(history(freq="1min")) == 3
    assert history("system", freq="h")[["cpu_percent", "disk_path"]].to_numpy().tolist() == [
        [20.0, "/b"]
    ]
    for second in (timedelta(seconds=1), np.timedelta64(1, "s"), pd.offsets.Second(), "00:00:01"):
        assert len(history("system", freq=second)) == 2


def test_training_is_long_and_averaged_by_metric(write, history):
    write(
        *(
            ProgressRow(1, n, NOON + 20 * n, "Fit", "running", n, 9, {"loss": 1.0 / n, "acc": None})
            for n in (1, 2, 3)
        ),
        ProgressRow(2, 1, NOON + 100, "Eval", "completed", 1, None, {}),
    )

    found = history("training")
    minutes = history("training", freq="1min")

    assert list(found["metric"].fillna("-")) == ["loss", "acc"] * 3 + ["-"]
    assert list(found["step"]) == [1, 1, 2, 2, 3, 3, 1]
    assert found["run"].nunique() == 2
    assert list(minutes["metric"].fillna("-")) == ["loss", "acc", "loss", "acc", "-"]
    assert minutes["value"].iloc[0] == 0.75
    assert list(minutes["step"]) == [2, 2, 3, 3, 1]
    assert str(minutes["step"].dtype) == "Int64"


def test_events_have_their_own_fields_as_data(write, history):
    change = ModelStatusChange(
        monitor="default", seq=7, at=NOON, model_id="churn", old_status="active",
        new_status="degraded", reason="Accuracy dropped below threshold", rule="accuracy",
        value=0.79, threshold=0.8, n=100,
    )  # fmt: skip
    reading = SystemMetrics(
        monitor="default", seq=8, at=NOON + 1, cpu_percent=None, memory_percent=1.0,
        disk_percent=2.0, active_connections=3, system_health="healthy",
    )  # fmt: skip
    write(change, reading)

    found = history("events")

    assert list(found["type"]) == ["model_status_change", "system_metrics"]
    assert list(found["seq"]) == [7, 8]
    assert found["model_id"].to_list() == ["churn", pd.NA]
    common = {"type", "monitor", "seq", "at"}
    assert [set(data) for data in found["data"]] == [
        set(event.to_dict()) - common for event in (change, reading)
    ]
    assert found["data"].iloc[0]["value"] == 0.79
    assert found["data"].iloc[0]["model_id"] == "churn"


def test_predictions_get_their_label_when_it_comes(write, history):
    session = write(
        PredictionRow(1, NOON, "churn", "a", "stays", None, False, 0.004, None),
        PredictionRow(2, NOON + 1, "churn", None, 0.5, 1, True, None, ("EU", 3)),
        LabelRow(1, "leaves"),
    )
    write(LabelRow(1, "too late"), session=session)

    found = history("predictions")

    assert found[["id", "prediction", "actual"]].to_numpy().tolist() == [
        ["a", "stays", "leaves"],
        [None, 0.5, 1],
    ]
    assert found["labelled"].all()
    assert found["segment"].iloc[1] == "('EU', 3)"


def test_monitors_models_and_runs_are_listed(write, figures, path):
    run = (NOON, None, "Fit", "running", 3, 10, "", {"loss": 0.5})
    session = write(figures(0), RunRow(1, *run), monitor="one")
    write(RunRow(1, NOON + 9, NOON + 10, *run[2:]), monitor="gone", at=NOON, ended=NOON + 20)

    with open_store(path) as store:
        monitors, models = store.monitors(), store.models()
        runs = store.runs()

        assert [(one.name, one.sessions, one.live) for one in monitors] == [
            ("one", 1, True),
            ("gone", 1, False),
        ]
        assert [(one.monitor, one.model_id, one.live) for one in models] == [("one", "churn", True)]
        assert (runs[0].run, runs[0].metrics) == (f"{session.token}-1", {"loss": 0.5})
        assert [run.state for run in runs] == ["running", "stopped"]
        assert (store.models("two"), len(store.runs("gone"))) == ([], 1)
        assert monitors[0].to_dict()["name"] == "one"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"section": "metric"}, "expected one of 'metrics', 'system'"),
        ({"section": "events", "freq": "1min"}, "expected no freq"),
        ({"section": "system", "model_id": "churn"}, "expected no model_id"),
        ({"freq": "1ME"}, "expected a fixed length of time"),
        ({"freq": "0s"}, "expected a fixed length of time"),
        ({"freq": 60}, "expected a fixed length of time"),
        ({"freq": "60"}, "expected a fixed length of time"),
        ({"since": "yesterday"}, "expected a date such as"),
    ],
)
def test_bad_questions_are_refused(write, figures, history, asked, message):
    write(figures(0))

    with pytest.raises(ArgumentValueError, match=message):
        history(**asked)


def test_a_read_that_fails_blocks_no_other_one_while_its_traceback_lives(write, figures, path):
    write(figures(0), *(status_change(seq) for seq in range(3)))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE events SET data = '{' WHERE seq = 1")

    with open_store(path) as store:
        with pytest.raises(msgspec.DecodeError) as failure:
            store.history("events")
        found = []
        thread = threading.Thread(target=lambda: found.append(len(store.history())), daemon=True)
        thread.start()
        thread.join(20)
        assert found == [1]
        assert failure.value.__traceback__ is not None
    # Nobody is left inside the file either.
    with closing(sqlite3.connect(path, timeout=0.1)) as connection, connection:
        connection.execute("PRAGMA journal_mode = DELETE")


class TestFilesThatAreNone:
    def test_there_is_no_file(self, path):
        with pytest.raises(StoreError, match=r"history\.sqlite: expected a file of history"):
            open_store(path)

    @pytest.mark.parametrize("content", [b"SQLite format 3\0 and then nonsense" * 99, b"x" * 5000])
    def test_it_is_broken(self, path, content):
        path.write_bytes(content)

        with pytest.raises(StoreError, match="cannot be read as a history"):
            open_store(path)
        assert path.read_bytes() == content

    def test_it_belongs_to_another_program(self, path):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE sessions (id)")

        with pytest.raises(StoreError, match="a database of something else"):
            open_store(path)

    def test_it_is_no_path(self):
        with pytest.raises(ArgumentTypeError, match="expected the path of a file"):
            open_store(7)

    def test_the_store_is_closed(self, write, figures, path):
        write(figures(0))
        store = open_store(path)
        store.close()
        store.close()

        with pytest.raises(StoreError, match="got a closed one"):
            store.history()
        assert "closed" in repr(store)


def test_a_folder_that_takes_no_files_can_be_read(write, figures, history, path):
    write(figures(0))
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    path.parent.chmod(0o500)
    try:
        assert len(history()) == 1
    finally:
        path.parent.chmod(0o700)


class TestTimes:
    """The time that is shown is the time that is compared, however many digits are stored."""

    @pytest.fixture
    def random_times(self, write):
        """Readings at 300 moments that are no whole microseconds."""
        moments = NOON + np.sort(np.random.default_rng(7).uniform(0, 2, 300))
        write(*(SystemRow(float(at), SystemSection()) for at in moments))

    def test_since_an_index_begins_with_its_row(self, random_times, history):
        shown = history("system").index

        for place in range(0, len(shown), 7):
            assert list(history("system", since=shown[place]).index) == list(shown[place:])
            assert list(history("system", until=shown[place]).index) == list(shown[:place])

    @pytest.mark.parametrize("freq", ["1ms", "333ms", "7us", "1min", timedelta(milliseconds=3)])
    def test_a_row_is_in_the_interval_of_its_shown_time(self, random_times, history, freq):
        shown = history("system").index

        found = history("system", freq=freq).index

        assert list(found) == list(shown.floor(pd.Timedelta(freq)).unique())

    @pytest.mark.parametrize("freq", ["1ns", "1500ns", "0.1us"])
    def test_an_interval_is_of_whole_microseconds(self, random_times, history, freq):
        with pytest.raises(ArgumentValueError, match="in whole microseconds"):
            history("system", freq=freq)

    def test_a_time_that_no_calendar_has_is_unknown(self, write, history):
        write(DeploymentRow(NOON, "churn", "churn", None, 1e300, -1e300, None))

        assert history("models")[["trained_at", "deployed_at"]].isna().all(axis=None)


def connections():
    return [one for one in gc.get_objects() if isinstance(one, TrackedConnection)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_read_that_is_interrupted_blocks_no_other_one(write, figures, path, monkeypatch, error):
    write(*(figures(second) for second in range(50)))
    monkeypatch.setattr("ipyvitals.storage.database.CHUNK_ROWS", 10)
    caught = []
    others = connections()

    def interrupt(*_):
        raise error

    with open_store(path) as store:
        with monkeypatch.context() as patch:
            patch.setattr("ipyvitals.storage.dataframes._typed", interrupt)
            try:
                store.history()
            except error as one:
                # The traceback keeps the rows that were not read yet alive.
                caught.append(one)
        assert len(store.history()) == 50
        write(figures(60))
        assert len(store.history()) == 51
    for connection in connections():
        # Monitors of other tests may write on their own threads.
        if all(connection is not other for other in others):
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                connection.execute("SELECT 1")
