"""Where the file is, and how it is opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from ipyvitals.errors import ArgumentTypeError, StoreError

__all__ = ["VARIABLE", "attach", "default_path", "store_path"]

VARIABLE = "IPYVITALS_STORE"
"""Environment variable that names another default file, or ``none``."""


def default_path() -> Path | None:
    """Return the file that is used where none is named; ``None`` when that is turned off."""
    told = os.environ.get(VARIABLE, "")
    if told:
        return None if told.lower() == "none" else Path(told).expanduser()
    # Takes 30 ms to import where no kernel has done so.
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "ipyvitals" / "history.sqlite"


def store_path(store: Any) -> Path | None:
    """Return the file that ``store=`` means.

    Raises
    ------
    ArgumentTypeError
        When it is no path.
    """
    if store is True:
        return default_path()
    if store is None or store is False:
        return None
    if isinstance(store, (str, os.PathLike)) and os.fspath(store):
        return Path(os.fsdecode(store)).expanduser()
    raise ArgumentTypeError(
        f"store={store!r}: expected the path of a file, True for the default one, or None for none."
    )


def attach(connection: sqlite3.Connection, path: Path, name: str) -> None:
    """Let a connection, made with ``uri=True``, read a file under a name.

    Raises
    ------
    StoreError
        When there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise StoreError(f"{path}: expected a file of history, and there is none.")
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        _attach(connection, address, name)
    except sqlite3.OperationalError as error:
        try:
            # In a folder that takes no files, SQLite finds no place for what readers share.
            _attach(connection, f"{address}&immutable=1", name)
        except sqlite3.Error:
            raise unreadable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise unreadable(path, error) from error


def _attach(connection: sqlite3.Connection, address: str, name: str) -> None:
    connection.execute(f"ATTACH ? AS {name}", (address,))
    try:
        connection.execute(f"SELECT 1 FROM {name}.sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.execute(f"DETACH {name}")
        raise


def unreadable(path: Path, error: BaseException) -> StoreError:
    """Return the error that says so."""
    return StoreError(f"{path}: cannot be read as a history of ipyvitals: {error}.")
