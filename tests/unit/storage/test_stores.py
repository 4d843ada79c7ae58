"""Histories that earlier versions wrote are opened, continued and written by this one."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ipyvitals import FakeClock, Monitor, open_store
from ipyvitals.storage.columns import COLUMNS
from ipyvitals.storage.connections import connect
from ipyvitals.storage.retention import Retention
from ipyvitals.storage.schema import ADDED_COLUMNS, VERSION, columns_of
from tests.unit.storage.conftest import NOON

STORES = sorted((Path(__file__).parent / "stores").glob("*.sqlite"))
DAY = 86_400.0


@pytest.fixture(params=STORES, ids=lambda path: path.stem)
def store(request, path):
    """A copy of a store."""
    shutil.copy(request.param, path)
    return path


@pytest.fixture
def has_predictions(store):
    with closing(sqlite3.connect(store)) as connection:
        return bool(columns_of(connection, "main", "predictions"))


def open_monitor(path, hours):
    return Monitor(
        "churn", version="2.1", interval=None, store=path, name="shop",
        clock=FakeClock(5.0, NOON + hours * 3_600), store_predictions=True, drift=True,
    )  # fmt: skip


def test_every_version_of_the_schema_has_a_store():
    assert {int(path.stem[1]) for path in STORES} == set(range(1, VERSION + 1))


def test_it_is_read_as_it_is(store, has_predictions):
    before = store.read_bytes()
    with open_store(store) as opened:
        found = {section: opened.history(section) for section in COLUMNS}
        hours = opened.history(freq="1h")
        (model,), (run,) = opened.models(), opened.runs()

    assert found["metrics"]["total_predictions"].to_list()[-1] == 51
    assert hours["total_predictions"].to_list() == [51]
    assert found["training"]["value"].dropna().to_list() == [1.0, 0.5]
    assert found["models"]["baseline_accuracy"].to_list() == [0.9]
    assert len(found["predictions"]) == (51 if has_predictions else 0)
    assert (model.total_predictions, run.state) == (51, "completed")
    assert store.read_bytes() == before


def test_a_model_goes_on_and_the_history_is_written_on(store, has_predictions):
    monitor = open_monitor(store, hours=1)
    snapshot = monitor.snapshot()
    monitor.record_batch(np.ones(49), ids=list(range(49)), segment="EU")
    monitor.tick()
    assert monitor.flush()
    monitor.label_batch(range(49), np.ones(49))
    monitor.tick()
    monitor.close()
    again = open_monitor(store, hours=2)

    assert [one.code for one in monitor.snapshot().notices if one.code.startswith("store")] == []
    metrics = snapshot.metrics
    labels = 51 if has_predictions else 50
    assert (metrics.total_predictions, metrics.total_errors) == (51, 1)
    assert metrics.current_accuracy == pytest.approx((labels - 5) / labels)
    assert {one.name: one.total_labelled for one in metrics.segments} == {"EU": 25, "US": 25}
    assert again.snapshot().metrics.total_labelled == labels + 49
    assert again.history()["total_predictions"].max() == 100
    predictions = again.history("predictions")
    assert len(predictions) == 49 + (51 if has_predictions else 0)
    assert predictions["labelled"].all()
    again.close()
    with closing(sqlite3.connect(store)) as connection:
        for table, columns in ADDED_COLUMNS.items():
            assert {column.name for column in columns} <= columns_of(connection, "main", table)


def test_its_seconds_become_minutes(store):
    monitor = open_monitor(store, hours=1)
    assert monitor.flush()
    monitor.close()
    with open_store(store) as opened:
        before = opened.history(freq="1h")
    retention = Retention()
    with closing(connect(store)) as connection:
        now = 0.0
        for _ in range(20):
            now += 1 + retention.step(connection, NOON + 8 * DAY, now)
    with open_store(store) as opened:
        after = opened.history(freq="1h")

    assert after["total_predictions"].to_list() == before["total_predictions"].to_list()
    assert after["current_accuracy"].to_list() == pytest.approx(
        before["current_accuracy"].to_list()
    )
