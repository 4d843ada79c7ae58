"""Makes one history of a file and of buffered rows, some of which may be in the file already.

Rows are buffered until the writer has confirmed them, so a row that is being written can be in both
places. Each row is shown once. `main` is the schema of buffered rows, `file` that of the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ipyvitals.storage.repository import PREDICTION_COLUMNS, SessionRepository
from ipyvitals.storage.rows import LabelRow, Row
from ipyvitals.storage.schema import columns_of

__all__ = ["HIDDEN_PREDICTIONS", "remove_written_rows", "write_rows"]

OF_SESSION = "x.session = (SELECT id FROM file.sessions WHERE token = :token)"
KEYS = {
    "system": ("at",),
    "events": ("at", "seq"),
    "deployments": ("at", "model_id"),
    "progress": ("run", "n"),
}
"""What identifies a row of a session, by table."""
WRITTEN_METRICS = f"""
DELETE FROM main.metrics AS y WHERE EXISTS (
  SELECT 1 FROM main.models AS m
  JOIN file.models AS f ON f.monitor = m.monitor AND f.model_id = m.model_id
  JOIN file.metrics AS x ON x.model = f.id
  WHERE m.id = y.model AND x.at = y.at AND {OF_SESSION}
)"""
HIDDEN_PREDICTIONS = (
    " AND NOT EXISTS (SELECT 1 FROM main.predictions AS y JOIN main.sessions AS t "
    "ON t.id = y.session WHERE t.token = s.token AND y.n = x.n)"
)
"""Hides predictions of the file that are buffered, too, since their label may be newer."""


def write_rows(
    repository: SessionRepository,
    connection: sqlite3.Connection,
    rows: Iterable[Row],
    now: float,
    *,
    token: str | None,
) -> None:
    """Write buffered rows into memory.

    Parameters
    ----------
    repository : SessionRepository
        Writes into `main`.
    connection : sqlite3.Connection
    rows : iterable of Row
    now : float
        Unix seconds.
    token : str, optional
        The session of the rows in a file that is attached; ``None`` without a file.
    """
    labels = [row for row in rows if isinstance(row, LabelRow)]
    repository.write([row for row in rows if not isinstance(row, LabelRow)], now)
    if labels and token is not None and "n" in columns_of(connection, "file", "predictions"):
        shared = ", ".join(PREDICTION_COLUMNS[1:])
        connection.executemany(
            f"INSERT INTO main.predictions (session, {shared}) "
            f"SELECT (SELECT id FROM main.sessions WHERE token = :token), {shared} "
            f"FROM file.predictions AS x WHERE {OF_SESSION} AND n = :n "
            "AND NOT EXISTS (SELECT 1 FROM main.predictions AS y WHERE y.n = x.n)",
            [{"token": token, "n": label.n} for label in labels],
        )
    repository.write(labels, now)


def remove_written_rows(connection: sqlite3.Connection, token: str) -> None:
    """Remove the buffered rows of a session from memory that the file has, too."""
    for table, keys in KEYS.items():
        if columns_of(connection, "file", table):
            same = " AND ".join(f"x.{key} = y.{key}" for key in keys)
            connection.execute(
                f"DELETE FROM main.{table} AS y WHERE EXISTS "
                f"(SELECT 1 FROM file.{table} AS x WHERE {OF_SESSION} AND {same})",
                {"token": token},
            )
    connection.execute(WRITTEN_METRICS, {"token": token})
