"""Older files become current ones, and lose nothing by it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ipyvitals import StoreError, open_store
from ipyvitals.schema import SystemSection
from ipyvitals.storage.connections import connect
from ipyvitals.storage.files import open_for_writing
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.rows import SystemRow
from ipyvitals.storage.schema import SAMPLE_TABLES, VERSION, columns_of, prepare, transaction
from tests.unit.storage.conftest import NOON

LATER = NOON + 60
"""When what wrote the old file counts as gone."""


@pytest.fixture
def old(path, figures):
    """A file of the version before, with rows of every kind that it knew."""

    def make(**dropped):
        connection = connect(path)
        prepare(connection, until=VERSION - 1)
        for table, column in dropped.items():
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        with transaction(connection):
            connection.execute(
                "INSERT INTO sessions (token, monitor, started_at, heartbeat_at, host, pid) "
                "VALUES ('abc', 'default', ?1, ?1, 'here', 1)",
                (NOON,),
            )
            connection.execute(
                "INSERT INTO models (monitor, model_id, slot, holder, first_at, saved_at, head) "
                "VALUES ('default', 'churn', 1, 1, ?1, ?1, x'80')",
                (NOON,),
            )
            connection.execute(
                "INSERT INTO metrics (model, at, session, status, total_predictions) "
                "VALUES (1, ?, 1, 'active', 7)",
                (NOON,),
            )
            connection.execute("INSERT INTO system (session, at, memory_percent) VALUES (1, ?, 9)",
                               (NOON,))  # fmt: skip
        connection.close()

    return make


def version_of(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_a_file_of_the_version_before_is_brought_up_to_date(old, path, history):
    old()
    assert version_of(path) == VERSION - 1

    connection = open_for_writing(path)
    with transaction(connection):
        repository = SessionRepository(connection, Session.here("default", LATER), LATER)
        assert repository.claim("churn", LATER).head == b"\x80"
        repository.write([SystemRow(LATER, SystemSection(memory_percent=10.0))], LATER)
    connection.close()

    assert version_of(path) == VERSION
    assert history()["total_predictions"].to_list() == [7]
    assert history("system")["memory_percent"].to_list() == [9.0, 10.0]
    assert len(history("predictions")) == 0


def test_a_file_of_the_version_before_is_read_as_it_is(old, path, history):
    old()

    assert history()["total_predictions"].to_list() == [7]
    assert history(freq="1min")["total_predictions"].to_list() == [7]
    assert (len(history("training")), len(history("predictions"))) == (0, 0)
    assert version_of(path) == VERSION - 1


def test_fields_that_are_new_in_the_contract_become_columns(old, path, history):
    old(metrics="rmse", system="kernel_busy")
    assert history()["rmse"].isna().all()
    assert history("system")["kernel_busy"].isna().all()

    open_for_writing(path).close()

    with closing(sqlite3.connect(path)) as connection, connection:
        for table, columns in SAMPLE_TABLES.items():
            assert {column.name for column in columns} <= columns_of(connection, "main", table)
    assert history()["total_predictions"].to_list() == [7]


def test_columns_of_a_newer_version_do_no_harm(write, figures, path, history):
    write(figures(0))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE metrics ADD COLUMN mood TEXT")
    write(figures(1))

    assert len(history()) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (f"PRAGMA user_version = {VERSION + 1}", "of a newer ipyvitals"),
        ("PRAGMA application_id = 7", "of another program"),
    ],
)
def test_a_file_that_is_not_ours_to_write_is_left_alone(write, figures, path, change, message):
    write(figures(0))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(change)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=message):
        open_for_writing(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_left_alone(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE mine (id)")
    before = path.read_bytes()

    with pytest.raises(StoreError, match="of another program"):
        open_for_writing(path)
    assert path.read_bytes() == before


def test_a_newer_file_is_still_read(write, figures, path):
    write(figures(0))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")

    with open_store(path) as store:
        assert len(store.history()) == 1
