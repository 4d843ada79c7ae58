"""A folder of reports: each process writes a file of its own, beside it, and renames it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ipyvitals.remote.report import MAX_REPORT_BYTES

__all__ = ["ForeignFolderError", "ReportFile", "ReportFolder"]

SUFFIX = ".vitals"


class ForeignFolderError(OSError):
    """Another user owns a folder, or may write into it."""


class ReportFile(NamedTuple):
    """The newest report of a process, as bytes."""

    token: str
    data: bytes
    written_at: float
    """Unix seconds."""


class ReportFolder:
    """Reads and writes the reports of one monitor.

    Parameters
    ----------
    path : Path
        The first writer makes the folder, which only its user can read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, tuple[int, int, int]] = {}
        """Time, size and inode of each file that was read."""

    def write(self, token: str, data: bytes) -> None:
        """Replace the report of a process.

        Raises
        ------
        OSError
            When the folder cannot be written, or another user may write into it.
        """
        target = self.path / f"{token}{SUFFIX}"
        beside = self.path / f"{token}.tmp"
        try:
            _write(beside, data)
        except FileNotFoundError:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check()
            _write(beside, data)
        beside.replace(target)

    def new_reports(self) -> Iterator[ReportFile]:
        """Yield the reports that changed since the last call.

        Raises
        ------
        OSError
            When the folder cannot be read, or another user may write into it.
        """
        try:
            entries = list(os.scandir(self.path))
        except FileNotFoundError:
            return
        if entries and not self._known:
            self._check()
        present = set()
        for entry in entries:
            token = entry.name.removesuffix(SUFFIX)
            if token == entry.name:
                continue
            present.add(token)
            # A worker may end, and a file be replaced, meanwhile.
            with suppress(FileNotFoundError):
                found = self._read(entry, token)
                if found is not None:
                    yield found
        self._known = {token: mark for token, mark in self._known.items() if token in present}

    def remove(self, token: str) -> None:
        """Remove the report of a process that has ended, and the folder after the last one."""
        for name in (f"{token}{SUFFIX}", f"{token}.tmp"):
            (self.path / name).unlink(missing_ok=True)
        self._known.pop(token, None)
        with suppress(OSError):
            self.path.rmdir()

    def _read(self, entry: os.DirEntry[str], token: str) -> ReportFile | None:
        status = entry.stat(follow_symlinks=False)
        mark = status.st_mtime_ns, status.st_size, status.st_ino
        if self._known.get(token) == mark or not stat.S_ISREG(status.st_mode):
            return None
        if hasattr(os, "getuid") and status.st_uid != os.getuid():
            return None
        with Path(entry.path).open("rb") as file:
            data = file.read(MAX_REPORT_BYTES + 1)
        self._known[token] = mark
        return ReportFile(token, data, status.st_mtime_ns / 1e9)

    def _check(self) -> None:
        status = self.path.stat()
        if not hasattr(os, "getuid"):
            return
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ForeignFolderError(
                f"expected a folder that only its user can write, got {self.path}; make another "
                "one, or chmod go-w"
            )


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with open(path, "wb", opener=lambda name, _: os.open(name, flags, 0o600)) as file:
        file.write(data)
