"""Seconds become minutes, and what is old goes, in small steps."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyvitals import ArgumentTypeError, ArgumentValueError, StoreError, open_store
from ipyvitals.schema import (
    CurveChunk,
    MetricsSection,
    ModelMetricsUpdate,
    ModelStatusChange,
    SystemSection,
)
from ipyvitals.storage import retention
from ipyvitals.storage.files import open_for_writing
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.reader import Reader
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.retention import DAY, MINUTES_SECONDS, RAW_SECONDS, Retention
from ipyvitals.storage.rows import (
    CurveRow,
    DeploymentRow,
    MetricsRow,
    PredictionRow,
    ProgressRow,
    RunRow,
    SystemRow,
)
from ipyvitals.storage.schema import transaction
from ipyvitals.utils.clock import FakeClock
from tests.unit.storage.conftest import NOON

CURVE = CurveChunk(run_id="1", metric="loss", start=0, step=[1.0], seconds=[1.0], mean=[1.0])


class Keeper:
    """Keeps a file short, by a clock that moves when told to."""

    def __init__(self, path):
        self.clock = FakeClock(time=NOON)
        self.connection = open_for_writing(path)
        self.retention = Retention()
        self.step()

    def step(self):
        return self.retention.step(self.connection, self.clock.time(), self.clock.monotonic())

    def sleep(self, seconds):
        """Let time pass as it does for a kernel that looks now and then."""
        while seconds > 0:
            self.clock.advance(min(seconds, DAY / 4))
            seconds -= DAY / 4
            self.step()

    def update_status(self):
        """Step until there is nothing more to do."""
        for steps in range(1, 10_000):
            if self.step() > retention.PAUSE_SECONDS:
                return steps
            self.clock.advance(retention.PAUSE_SECONDS)
        raise AssertionError("it never rests")


@pytest.fixture
def keeper(path):
    made = Keeper(path)
    yield made
    made.connection.close()


def metrics_update(seq, at):
    return ModelMetricsUpdate(
        monitor="default", seq=seq, at=at, model_id="churn", current_accuracy=None,
        predictions_per_minute=1, total_predictions=1, model_health="unknown",
    )  # fmt: skip


def status_change(seq, at):
    return ModelStatusChange(
        monitor="default", seq=seq, at=at, model_id="churn", old_status="active",
        new_status="idle", reason=None,
    )  # fmt: skip


def test_after_a_week_seconds_become_minutes(write, figures, history, keeper):
    rows = [
        figures(second, predictions_per_minute=second, total_predictions=second,
                current_accuracy=0.5 if second % 2 else None)
        for second in range(150)
    ]  # fmt: skip
    write(*rows, *(SystemRow(NOON + at, SystemSection(cpu_percent=at)) for at in range(0, 150, 5)))
    before = history(freq="1min"), history("system", freq="1min")

    keeper.sleep(RAW_SECONDS - DAY / 2)
    keeper.update_status()
    assert len(history()) == 150
    keeper.sleep(DAY)
    keeper.update_status()

    after = history()
    assert list(after.index) == list(before[0].index)
    assert after["predictions_per_minute"].to_list() == [30, 90, 135]  # of 29.5, 89.5 and 134.5
    assert after["total_predictions"].to_list() == [59, 119, 149]
    pd.testing.assert_frame_equal(history(freq="1min"), before[0])
    pd.testing.assert_frame_equal(history("system", freq="1min"), before[1])
    assert history(freq="5min")["predictions_per_minute"].to_list() == [pytest.approx(74.5)]


def test_rows_that_come_late_for_a_minute_count_in_it(write, figures, history, keeper):
    session = write(*(figures(second, predictions_per_minute=10) for second in range(3)))
    keeper.sleep(RAW_SECONDS + DAY)
    keeper.update_status()
    write(figures(30, predictions_per_minute=50, total_predictions=9), session=session)
    keeper.sleep(DAY)
    keeper.update_status()

    found = history(freq="1min")
    assert (found["predictions_per_minute"].to_list(), found["total_predictions"].to_list()) == (
        [20.0],
        [9],
    )


def test_after_90_days_only_training_runs_are_left(write, figures, path, keeper):
    write(
        figures(0), SystemRow(NOON, SystemSection()), metrics_update(1, NOON),
        status_change(2, NOON), DeploymentRow(NOON, "churn", "churn", None, None, NOON, None),
        RunRow(1, NOON, NOON + 1, "Fit", "completed", 1, 1, "", {}),
        ProgressRow(1, 1, NOON, "Fit", "running", 1, 1, {"loss": 1.0}),
        CurveRow(1, "loss", CURVE),
        PredictionRow(1, NOON, "churn", "a", 1, 1, True, None, None), ended=NOON + 2,
    )  # fmt: skip

    def counts():
        with closing(sqlite3.connect(path)) as connection, connection:
            tables = [row[0] for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )]  # fmt: skip
            found = {
                table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in tables
            }
        return {table: count for table, count in found.items() if count}

    keeper.sleep(RAW_SECONDS + DAY)
    keeper.update_status()
    assert counts() == {
        "sessions": 1,
        "models": 1,
        "metrics_minutes": 1,
        "system_minutes": 1,
        "events": 1,
        "deployments": 1,
        "runs": 1,
        "progress": 1,
        "curves": 1,
    }
    keeper.sleep(MINUTES_SECONDS - RAW_SECONDS)
    keeper.update_status()
    # Runs stay until they are deleted, and with them the session that names their monitor.
    assert counts() == {"sessions": 1, "runs": 1, "curves": 1}
    with open_store(path) as store:
        (run,) = store.runs()
        assert (run.monitor, run.stage, store.curves()["value"].to_list()) == (
            "default", "Fit", [1.0],
        )  # fmt: skip
        store.delete_run(run.run)
        assert (store.runs(), len(store.curves())) == ([], 0)
    keeper.sleep(DAY)
    keeper.update_status()
    assert counts() == {}


@pytest.mark.parametrize(("days", "stays"), [(None, 1_000), (200, 200), (90, 90), (10, 10)])
def test_values_of_runs_stay_as_long_as_the_file_says(write, path, keeper, days, stays):
    write(
        RunRow(1, NOON, NOON + 1, "Fit", "completed", 1, 1, "", {"loss": 1.0}),
        ProgressRow(1, 1, NOON, "Fit", "running", 1, 1, {"loss": 1.0}),
        CurveRow(1, "loss", CURVE), ended=NOON + 2,
    )  # fmt: skip
    with open_store(path) as store:
        assert store.training_days == 90
        if days != 90:
            store.set_training_days(days)
        assert store.training_days == days

        def values():
            return len(store.history("training")), len(store.curves()), len(store.runs())

        keeper.sleep(min(stays, 300) * DAY - DAY / 2)
        keeper.update_status()
        assert values() == (1, 1, 1)
        keeper.sleep(DAY)
        keeper.update_status()
        assert values() == (int(days is None), 1, 1)


@pytest.mark.parametrize("days", [-1, float("nan"), float("inf"), "90", True])
def test_days_are_a_number(write, path, days):
    write(SystemRow(NOON, SystemSection()))
    with open_store(path) as store:
        with pytest.raises((ArgumentTypeError, ArgumentValueError), match="days="):
            store.set_training_days(days)
        assert store.training_days == 90
    with pytest.raises(StoreError):
        store.set_training_days(10)


def test_what_goes_on_stays(write, figures, history, keeper, path):
    session = write(figures(0), RunRow(1, NOON, None, "Fit", "running", 1, 1, "", {}))
    keeper.clock.advance(MINUTES_SECONDS + DAY)
    write(figures(0), session=session)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sessions SET heartbeat_at = ?", (keeper.clock.time(),))
    keeper.update_status()

    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("SELECT count(*) FROM models").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_steps_are_small_and_leave_time_to_others(write, figures, keeper):
    write(*(figures(second) for second in range(4 * 3_600)))
    write(*(metrics_update(seq, NOON) for seq in range(5_000)))
    keeper.clock.advance(RAW_SECONDS + DAY / 2)

    def most_changed():
        before = keeper.connection.total_changes
        keeper.step()
        return keeper.connection.total_changes - before

    changed = []
    for _ in range(15):
        changed.append(most_changed())
        assert most_changed() == 0, "the next step is not due yet"
        keeper.clock.advance(retention.PAUSE_SECONDS)
    assert 0 < max(changed) <= retention.STEP_ROWS
    assert sum(changed) >= 5_000 + 4 * 3_600


def test_it_rests_while_there_is_nothing_to_do(write, figures, keeper):
    write(figures(0))
    keeper.sleep(60)

    assert keeper.update_status() == 1
    assert keeper.step() == pytest.approx(retention.REST_SECONDS, abs=60)


def test_a_clock_that_jumps_forward_is_not_believed_at_once(write, figures, history, keeper):
    write(figures(0))
    keeper.sleep(60)
    keeper.clock.set_wall(NOON + 10 * 365 * DAY)
    keeper.clock.advance(retention.REST_SECONDS)
    keeper.update_status()
    assert len(history()) == 1

    keeper.clock.set_wall(NOON + 600)
    keeper.clock.advance(2 * retention.DOUBT_SECONDS)
    keeper.update_status()
    assert len(history()) == 1


def test_a_clock_that_stays_ahead_is_believed_after_an_hour(write, figures, history, keeper):
    write(figures(0))
    keeper.sleep(60)
    keeper.clock.set_wall(NOON + 100 * DAY)
    for _ in range(30):
        keeper.clock.advance(retention.REST_SECONDS)
        keeper.update_status()

    assert len(history()) == 0


def test_unused_pages_go_back_to_the_disk(write, figures, path, keeper):
    write(*(metrics_update(seq, NOON) for seq in range(60_000)))
    keeper.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    large = path.stat().st_size
    keeper.sleep(RAW_SECONDS + DAY / 2)
    keeper.update_status()
    keeper.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert path.stat().st_size < large / 2


@given(
    values=st.lists(
        st.tuples(
            st.integers(0, 7_199),
            st.none() | st.floats(0, 1),
            st.none() | st.floats(0, 10),
            st.integers(0, 1_000),
        ),
        min_size=1,
        max_size=60,
        unique_by=lambda row: row[0],
    )
)
@settings(max_examples=20)
def test_means_are_the_same_before_and_after_whatever_was_unknown(values):
    """Rows are retained for 7 days, then as means of minutes: the same means, to rounding."""
    rows = [
        MetricsRow(
            NOON + at, "churn", "active",
            MetricsSection(current_accuracy=accuracy, latency_p95_seconds=p95,
                           predictions_per_minute=rate, total_predictions=at),
        )
        for at, accuracy, p95, rate in sorted(values)
    ]  # fmt: skip
    averaged = ["current_accuracy", "latency_p95_seconds", "predictions_per_minute"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        session = Session.here("default", NOON)
        with closing(open_for_writing(path)) as connection:
            with transaction(connection):
                SessionRepository(connection, session, NOON).write(rows, NOON)
            before = {freq: Reader(path).history("metrics", freq=freq) for freq in ("1min", "1h")}
            minutes(connection, NOON + RAW_SECONDS + DAY)
        after = {freq: Reader(path).history("metrics", freq=freq) for freq in ("1min", "1h")}

    for freq, expected in before.items():
        assert list(after[freq].index) == list(expected.index)
        assert after[freq]["total_predictions"].equals(expected["total_predictions"])
        for name in averaged:
            pd.testing.assert_series_equal(after[freq][name], expected[name], rtol=1e-12)


def minutes(connection, at):
    """Step until all seconds are minutes."""
    steps, now = Retention(), 0.0
    steps.step(connection, at, now)
    while True:
        now += steps.wait(now)
        if steps.step(connection, at, now) > retention.PAUSE_SECONDS:
            return


def test_an_hour_with_unknown_accuracies_keeps_its_mean(write, figures, history, keeper):
    rows = [figures(at, current_accuracy=0.9) for at in range(30)]
    rows += [figures(60 + at, current_accuracy=None) for at in range(59)]
    rows += [figures(119, current_accuracy=0.1)]
    write(*rows)
    before = history(freq="1h")["current_accuracy"].to_list()

    keeper.sleep(RAW_SECONDS + DAY)
    keeper.update_status()

    assert before == [pytest.approx((30 * 0.9 + 0.1) / 31)]
    assert history(freq="1h")["current_accuracy"].to_list() == pytest.approx(before)


def test_rows_that_join_a_minute_without_known_values_keep_their_mean(
    write, figures, history, keeper
):
    session = write(*(figures(at, current_accuracy=None) for at in range(10)))
    keeper.sleep(RAW_SECONDS + DAY)
    keeper.update_status()
    write(figures(30, current_accuracy=0.4), figures(31, current_accuracy=None), session=session)
    keeper.sleep(DAY)
    keeper.update_status()

    assert history(freq="1h")["current_accuracy"].to_list() == [pytest.approx(0.4)]


def test_minutes_of_an_older_kernel_weigh_all_of_their_rows(write, figures, history, keeper):
    rows = [figures(at, current_accuracy=0.5) for at in range(30)]
    write(*rows, *(figures(60 + at, current_accuracy=0.8) for at in range(10)))
    keeper.sleep(RAW_SECONDS + DAY)
    keeper.update_status()
    keeper.connection.execute("UPDATE metrics_minutes SET n_current_accuracy = NULL")

    assert history(freq="1h")["current_accuracy"].to_list() == [pytest.approx(0.575)]
