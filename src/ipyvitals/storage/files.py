"""Opens files of history for writing and reading, and renames broken ones."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import suppress
from pathlib import Path

from ipyvitals.errors import StoreError
from ipyvitals.storage.connections import TrackedConnection, connect
from ipyvitals.storage.schema import check_ours, prepare

__all__ = [
    "WriteConnections",
    "error_code",
    "identity",
    "is_local",
    "open_for_writing",
    "set_aside",
]

BUSY_SECONDS = 5.0
"""How long a write waits for other processes, each of which may wait for a slow disk."""
CACHE_KIB = 512
"""Memory of one connection for pages; by default it is 2 MB, and more with what malloc retains."""
PRIVATE = 0o600
LOG_BYTES = 500_000
"""Size of a write-ahead log from which closing copies it into the file."""
MOUNTS = Path("/proc/self/mounts")
REMOTE = ("9p", "afs", "beegfs", "ceph", "cifs", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs")
REMOTE_BEGINS = ("fuse.", "nfs", "smb", "virtiofs", "vboxsf")
"""File systems whose locks and shared memory may not work: of networks, and those in user space,
which mostly stand for a network."""
COMPANIONS = ("-wal", "-shm", "-journal")


def open_for_writing(path: Path, *, durable: bool = False) -> TrackedConnection:
    """Open a file for writing; create the file and its tables where they are missing.

    Parameters
    ----------
    path : Path
        The file.
    durable : bool
        Whether a commit waits until the rows are on the disk.

    Raises
    ------
    StoreError
        When it is no history, a folder, or of a newer version.
    OSError, sqlite3.Error
        When it cannot be opened.
    """
    if path.is_dir():
        raise StoreError(
            f"{path}: expected a file, got a folder; name a file in it by Monitor(store=…)."
        )
    # New folders are private: a history shows what a person works on.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _create_private(path)
    connection = connect(path, timeout=BUSY_SECONDS)
    try:
        check_ours(connection)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        # A write-ahead log needs memory that all writers share: those of one machine.
        mode = "WAL" if is_local(path) else "DELETE"
        connection.execute(f"PRAGMA journal_mode = {mode}").fetchall()
        prepare(connection)
        _set_up(connection, durable=durable)
    except BaseException:
        connection.close()
        raise
    return connection


def _create_private(path: Path) -> None:
    """Create a file that only its owner may read; SQLite gives its log the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))


class WriteConnections:
    """Opens one file for each turn of its writer, and checks it only when it is another file.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._checked = False

    @property
    def replaced(self) -> bool:
        """True when the file was removed or replaced since it was opened."""
        return identity(self._path) != self._identity

    def reset(self) -> None:
        """Check the file and its tables again when it is opened next."""
        self._checked = False

    def open(self, *, durable: bool) -> TrackedConnection:
        """Return a connection for one turn.

        Parameters
        ----------
        durable : bool
            Whether a commit waits until the rows are on the disk.
        """
        if not self._checked or self.replaced:
            self._checked, self._identity = False, identity(self._path)
            connection = open_for_writing(self._path, durable=durable)
            self._checked, self._identity = True, identity(self._path)
            return connection
        connection = connect(self._path, timeout=BUSY_SECONDS)
        try:
            _set_up(connection, durable=durable)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self, connection: TrackedConnection, *, last: bool) -> None:
        """Close a connection; before the `last` one SQLite leaves a short write-ahead log alone.

        Otherwise SQLite would copy the log into the file, and wait for the disk, at each close.
        """
        with suppress(sqlite3.Error):
            if sys.version_info >= (3, 12) and not last and self._log_bytes() < LOG_BYTES:
                connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        with suppress(sqlite3.Error):
            connection.close()

    def _log_bytes(self) -> int:
        try:
            return self._path.with_name(f"{self._path.name}-wal").stat().st_size
        except OSError:
            return 0


def _set_up(connection: sqlite3.Connection, *, durable: bool) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    # With a log, a power failure costs the newest rows; without one, it could break the file.
    synchronous = "NORMAL" if mode == "wal" and not durable else "FULL"
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    # A turn writes a few hundred pages, which the cache of the system has too.
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def is_local(path: Path) -> bool:
    """Return whether a file is on a disk of this machine, as far as the system tells."""
    if sys.platform == "win32":
        # The drive of a network resolves to the share that its letter stands for.
        return not path.resolve().drive.startswith("\\\\")
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
        # Of several mounts on one folder the last one counts.
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
    """Rename a file, its log and its shared memory; return the new path.

    Raises
    ------
    OSError
        When the system refuses it.
    """
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = path.with_name(f"{path.name}.broken-{moment}-{os.getpid()}")
    path.rename(target)
    for ending in COMPANIONS:
        companion = path.with_name(path.name + ending)
        if companion.exists():
            companion.rename(target.with_name(target.name + ending))
    return target


def error_code(error: BaseException) -> int:
    """Return SQLite's primary code of an error; 0 when it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
