"""How a file is opened, and set aside."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path

from ipyvitals.errors import StoreError
from ipyvitals.storage.connections import Connection, connect, has_inherited
from ipyvitals.storage.schema import check_ours, prepare

__all__ = [
    "attach",
    "error_code",
    "identity",
    "is_local",
    "open_for_writing",
    "set_aside",
    "unreadable",
]

BUSY_SECONDS = 2.0
MOUNTS = Path("/proc/self/mounts")
REMOTE = ("9p", "afs", "beegfs", "ceph", "cifs", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs")
REMOTE_BEGINS = ("fuse.", "nfs", "smb", "virtiofs", "vboxsf")
"""Kinds of file systems whose locks and shared memory are not to be trusted: those of networks,
and of programs, which mostly stand for a network."""
COMPANIONS = ("-wal", "-shm", "-journal")


def open_for_writing(path: Path) -> Connection:
    """Open a file, made if there is none, with its tables.

    Raises
    ------
    StoreError
        When it is no history, a folder, or of a newer version; and in a forked child, whose
        parent had a file open.
    OSError, sqlite3.Error
        When it cannot be opened.
    """
    if has_inherited():
        raise StoreError("a forked process keeps its history in memory, since its parent writes.")
    if path.is_dir():
        raise StoreError(
            f"{path}: expected a file, got a folder; name a file in it by Monitor(store=…)."
        )
    # What it makes is private: a history tells what somebody works on.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = connect(path, timeout=BUSY_SECONDS)
    try:
        check_ours(connection)
        local = is_local(path)
        for pragma in (
            "auto_vacuum = INCREMENTAL",
            # A write-ahead log needs memory that all writers share: those of one machine.
            f"journal_mode = {'WAL' if local else 'DELETE'}",
            f"synchronous = {'NORMAL' if local else 'FULL'}",
            "journal_size_limit = 16000000",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def is_local(path: Path) -> bool:
    """Return whether a file lies on a disk of this machine, as far as can be told."""
    if sys.platform == "win32":
        import ctypes

        remote = 4
        return ctypes.windll.kernel32.GetDriveTypeW(path.resolve().anchor) != remote
    if sys.platform == "darwin":
        return path.resolve().parts[:2] not in (("/", "Volumes"), ("/", "Network"))
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return True
    folders = {str(folder) for folder in path.resolve().parents}
    found = ("", "")
    for line in lines:
        _, where, kind, *_ = line.split(" ")
        # Of several on one folder the last one is in front.
        where = where.replace("\\040", " ")
        if where in folders and len(where) >= len(found[0]):
            found = (where, kind)
    return found[1] not in REMOTE and not found[1].startswith(REMOTE_BEGINS)


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one under its name; ``None`` when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def set_aside(path: Path) -> Path:
    """Give a file, and what belongs to it, another name; return that.

    Raises
    ------
    OSError
        When that is not possible.
    """
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = path.with_name(f"{path.name}.broken-{moment}-{os.getpid()}")
    path.rename(target)
    for ending in COMPANIONS:
        companion = path.with_name(path.name + ending)
        if companion.exists():
            companion.rename(target.with_name(target.name + ending))
    return target


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
    except sqlite3.DatabaseError as error:
        if error_code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise unreadable(path, error) from error
        try:
            # In a folder that takes no files, SQLite finds no place for what readers share.
            _attach(connection, f"{address}&immutable=1", name)
        except sqlite3.Error:
            raise unreadable(path, error) from error


def _attach(connection: sqlite3.Connection, address: str, name: str) -> None:
    connection.execute(f"ATTACH ? AS {name}", (address,))
    try:
        connection.execute(f"SELECT 1 FROM {name}.sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.execute(f"DETACH {name}")
        raise


def error_code(error: BaseException) -> int:
    """Return SQLite's code of what went wrong, without its details; 0 when it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def unreadable(path: Path, error: BaseException) -> StoreError:
    """Return the error that says so."""
    return StoreError(f"{path}: cannot be read as a history of ipyvitals: {error}.")
