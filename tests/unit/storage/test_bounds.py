"""Every bound that docs/history.md gives for rows holds in the file and in memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ipyvitals import FakeClock, Monitor
from ipyvitals.schema import CurveChunk, MetricsSection, ModelDeployed, SystemSection
from ipyvitals.storage import retention, writer
from ipyvitals.storage.buffer import IN_MEMORY, WAITING, WriteBuffer
from ipyvitals.storage.files import BUSY_SECONDS
from ipyvitals.storage.rows import (
    CurveRow,
    DeploymentRow,
    LabelRow,
    MetricsRow,
    PredictionRow,
    ProgressRow,
    RunRow,
    SystemRow,
)
from ipyvitals.storage.schema import columns_of
from ipyvitals.storage.session_queue import HEARTBEAT_SECONDS
from ipyvitals.utils.storable import MAX_TEXT_CHARS
from tests.unit.storage.conftest import NOON

DOCS = Path(__file__).parents[3] / "docs"
HISTORY = " ".join((DOCS / "history.md").read_text(encoding="utf-8").split())
LONG = "x" * 5_000
BINARY = {("models", "head"), ("models", "body"), ("models", "reference")}
"""Checkpoints; the windows in them are bounded by the arguments of `Monitor`."""
NESTED = {
    ("events", "data"),
    ("runs", "metrics"),
    ("runs", "info"),
    ("curves", "curve"),
    ("progress", "metrics"),
}
"""JSON, each text of which is bounded."""


@pytest.fixture
def filled(tmp_path):
    """Return a connection to a file to which the longest of everything was recorded."""
    path, clock = tmp_path / "history.sqlite", FakeClock()
    monitor = Monitor(
        LONG, name=LONG, version=LONG, interval=None, store=path, clock=clock,
        store_predictions=True, disk_path=str(tmp_path),
    )  # fmt: skip
    monitor.deploy(LONG, version=LONG)
    for value in (LONG, LONG.encode(), (LONG, LONG), np.zeros(5_000), [LONG] * 9, 10**3_000):
        segment = value if value.__hash__ is not None else None
        monitor.record(value, value, segment=segment)
    monitor.record(LONG, id=LONG)
    monitor.label(LONG, LONG)
    monitor.record_error(ValueError(LONG))
    with monitor.training(total=1, stage=LONG, details=LONG) as run:
        run.update(1, **{LONG: 1.0})
    monitor.tick()
    assert monitor.flush()
    monitor.close()
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def tables(connection):
    return [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not name.startswith("sqlite_")
    ]


def test_every_text_of_every_table_is_at_most_1000_characters(filled):
    """A text of more than 1,000 characters: its first 1,000."""
    assert "a text of more than 1,000 characters | its first 1,000" in HISTORY
    assert MAX_TEXT_CHARS == 1_000
    longest = {}
    for table in tables(filled):
        for column in columns_of(filled, "main", table):
            if (table, column) not in BINARY | NESTED:
                (chars,) = filled.execute(
                    f"SELECT max(length({column})) FROM {table} "
                    f"WHERE typeof({column}) IN ('text', 'blob')"
                ).fetchone()
                longest[table, column] = chars or 0

    assert max(longest.values()) == 1_000
    for place in [("sessions", "monitor"), ("models", "model_id"), ("models", "version"),
                  ("predictions", "prediction"), ("predictions", "key"), ("runs", "stage"),
                  ("predictions", "segment"), ("deployments", "model_id")]:  # fmt: skip
        assert longest[place] == 1_000, place


def test_every_text_in_json_is_at_most_1000_characters(filled):
    for table, column in NESTED:
        for (text,) in filled.execute(f"SELECT {column} FROM {table}"):
            assert "x" * 1_001 not in text


def test_names_that_differ_beyond_the_cut_stay_two_models(tmp_path):
    """A name of a monitor or model of more than 1,000 gets a digest at its end."""
    path = tmp_path / "history.sqlite"
    for name, rows in (("a", 2), ("b", 3)):
        with Monitor(LONG + name, name=LONG + name, interval=None, store=path) as monitor:
            monitor.record_batch([1] * rows)
    for name, rows in (("a", 2), ("b", 3)):
        with Monitor(LONG + name, name=LONG + name, interval=None, store=path) as monitor:
            assert monitor.snapshot().metrics.total_predictions == rows
            assert set(monitor.history()["total_predictions"]) == {rows}


CURVE = CurveChunk(run_id="1", metric="loss", start=0, step=[1.0], seconds=[1.0], mean=[0.5])
ROWS = {
    MetricsRow: lambda n: MetricsRow(NOON + n, "churn", "active", MetricsSection()),
    SystemRow: lambda n: SystemRow(NOON + n, SystemSection()),
    DeploymentRow: lambda n: DeploymentRow(NOON + n, "churn", None, None, None, None, None),
    RunRow: lambda n: RunRow(n, NOON, None, "Fit", "running", 1, None, "", {}),
    ProgressRow: lambda n: ProgressRow(1, n, NOON, "Fit", "running", n, None, {}),
    CurveRow: lambda n: CurveRow(n, "loss", CURVE),
    PredictionRow: lambda n: PredictionRow(n, NOON, "churn", n, 1, None, False, None, None),
    LabelRow: lambda n: LabelRow(-n, 1),
    object: lambda n: ModelDeployed(
        monitor="m", seq=n, at=NOON, model_id="m", model_name=None, model_version=None,
        deployment_timestamp=NOON,
    ),
}  # fmt: skip


@pytest.mark.parametrize("limits", [IN_MEMORY, WAITING], ids=["memory", "waiting"])
@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
def test_rows_of_each_kind_are_bounded(kind, limits):
    """It buffers up to 20,000 rows of each kind in memory, of predictions and labels 100,000."""
    assert "buffers up to 20,000 rows of each kind in memory" in HISTORY
    assert "100,000 predictions and as many labels" in HISTORY
    assert set(ROWS) == set(limits)
    buffer = WriteBuffer(limits)
    bound = limits[kind]
    for n in range(1, bound + 3):
        buffer.put(ROWS[kind](n))

    assert bound <= (100_000 if kind in (PredictionRow, LabelRow) else 20_000)
    assert (len(buffer), buffer.take_dropped()) == (bound, 2)


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("Rows are retained for 7 days", retention.RAW_SECONDS == 7 * 86_400),
        ("as means of minutes until they are 90 days old",
         retention.MINUTES_SECONDS == 90 * 86_400),
        ("waits for an hour when the clock jumps forward", retention.DOUBT_SECONDS == 3_600),
        ("retries after 1 s, then 2 s, up to every 30 s",
         (writer.FIRST_RETRY_SECONDS, writer.LAST_RETRY_SECONDS) == (1, 30)),
        ("An attempt waits up to 5 s for other processes", BUSY_SECONDS == 5.0),
        ("the last 10,000 predictions stay in memory", IN_MEMORY[PredictionRow] == 10_000),
        ("3,600 of metrics", IN_MEMORY[MetricsRow] == 3_600),
        ("1,000 readings, events and deployments each",
         {IN_MEMORY[kind] for kind in (SystemRow, object, DeploymentRow)} == {1_000}),
        ("10,000 reports of training and 10,000 predictions", IN_MEMORY[ProgressRow] == 10_000),
        ("when its last heartbeat is 30 s old", HEARTBEAT_SECONDS * 6 == 30),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_sentence_stands_and_holds(sentence, holds):
    assert sentence in HISTORY
    assert holds
