"""Deletes a training run from a file of history."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError, StoreError
from ipyvitals.storage.files import open_for_writing
from ipyvitals.storage.schema import transaction
from ipyvitals.storage.summaries import StoredRun

__all__ = ["delete_stored_run", "find_run"]

OF_RUN = "run = :run AND session = (SELECT id FROM sessions WHERE token = :token)"
EVENTS = (
    "DELETE FROM events WHERE session = (SELECT id FROM sessions WHERE token = :token) "
    "AND type LIKE 'training%' AND json_extract(data, '$.run_id') = :run_id"
)


def find_run(runs: list[StoredRun], run_id: str) -> StoredRun:
    """Return the run of an id, which can be deleted.

    Raises
    ------
    ArgumentTypeError, ArgumentValueError
        When `run_id` is no text, or no run that has ended has this id.
    """
    if not isinstance(run_id, str):
        raise ArgumentTypeError(
            f"delete_run({run_id!r:.80}): expected the id of a run, got {type(run_id).__name__}."
        )
    found = next((one for one in runs if one.has_id(run_id)), None)
    if found is None:
        raise ArgumentValueError(f"delete_run({run_id!r}): no run has this id; see runs().")
    if found.state == "running":
        raise ArgumentValueError(
            f"delete_run({run_id!r}): expected a run that has ended, and it runs; stop it first."
        )
    return found


def delete_stored_run(path: Path, run: StoredRun) -> None:
    """Delete a run with its reports, curves and events.

    Raises
    ------
    StoreError
        When the file cannot be written.
    """
    token, _, number = run.run.rpartition("-")
    values = {"token": token, "run": int(number), "run_id": run.info and run.info.run_id}
    try:
        with closing(open_for_writing(path, durable=True)) as connection, transaction(connection):
            for table in ("progress", "curves", "runs"):
                connection.execute(f"DELETE FROM {table} WHERE {OF_RUN}", values)
            connection.execute(EVENTS, values)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: the run cannot be deleted now: {error}.") from error
