"""Files of history, written without a thread."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ipyvitals import open_store
from ipyvitals.schema import MetricsSection
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.rows import MetricsRow
from ipyvitals.storage.schema import prepare, transaction

NOON = 1_777_636_800.0
"""2026-05-01T12:00:00+00:00"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.sqlite"


@pytest.fixture
def write(path):
    """Write rows of one session, a new one unless it is told; return the session."""

    def write_rows(*rows, monitor="default", session=None, at=NOON, ended=None):
        session = session or Session.here(monitor, at)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            prepare(connection)
            with transaction(connection):
                repository = SessionRepository(connection, session, at)
                repository.write(rows, at)
                if ended is not None:
                    repository.end(ended)
        return session

    return write_rows


@pytest.fixture
def history(path):
    """Return a section of what is in the file."""

    def read(*args, **kwargs):
        with open_store(path) as store:
            return store.history(*args, **kwargs)

    return read


@pytest.fixture
def figures():
    """Make a row of figures, so many seconds after noon."""

    def row(seconds, *, model_id="churn", status="active", **fields):
        return MetricsRow(NOON + seconds, model_id, status, MetricsSection(**fields))

    return row
