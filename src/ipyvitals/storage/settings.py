"""The settings that a file of history holds, for all kernels that write it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ipyvitals.errors import StoreError
from ipyvitals.storage.files import open_for_writing
from ipyvitals.storage.schema import transaction

__all__ = ["TRAINING_DAYS", "store_training_days", "training_days_of"]

TRAINING_DAYS = 90.0
"""Days for which the values of a training run stay after its end, unless the file says another."""
NAME = "training_days"


def training_days_of(connection: sqlite3.Connection, schema: str = "main") -> float | None:
    """Return for how many days values of training runs stay; ``None`` for ever."""
    found = connection.execute(f"SELECT value FROM {schema}.settings WHERE name = ?", (NAME,))
    row = found.fetchone()
    return TRAINING_DAYS if row is None else row[0]


def store_training_days(path: Path, days: float | None) -> None:
    """Store for how many days values of training runs stay; ``None`` for ever.

    Raises
    ------
    StoreError
        When the file cannot be written.
    """
    try:
        with closing(open_for_writing(path, durable=True)) as connection, transaction(connection):
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (NAME, days))
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: the setting cannot be stored now: {error}.") from error
