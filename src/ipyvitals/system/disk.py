"""Reads how full the watched disk is, its traffic, and how full the shared memory is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import psutil

from ipyvitals.system.linux.files import Meter, read_file, unescaped
from ipyvitals.system.source import Fields, Part
from ipyvitals.system.timeout import TimeoutCaller
from ipyvitals.utils.storable import without_surrogates

__all__ = ["DiskReader"]

SECTOR_BYTES = 512
"""In ``/proc/diskstats``, whatever the disk itself has."""
SHARED_MEMORY = "/dev/shm"
LOCAL = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "tmpfs", "squashfs")
)
"""File systems that answer at once, whatever the state of the network."""


class DiskReader:
    """The file system under a path, and the device under that.

    Parameters
    ----------
    path : str, optional
        The path to watch; the working folder by default.
    api : module or object
        Reads the disk: `psutil`, or a fake of it.
    proc, shared_memory : str
        Folders of the process file system and of the memory that processes share, on Linux.
    caller : TimeoutCaller, optional
        Calls the file system, which may hang.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        api: Any = psutil,
        proc: str = "/proc",
        shared_memory: str = SHARED_MEMORY,
        caller: TimeoutCaller | None = None,
    ) -> None:
        self._api = api
        self._path = _working_folder() if path is None else os.fspath(path)
        self._proc = proc
        # A path that a user gives may lead anywhere: links are not followed here.
        self._may_hang = path is not None or not api.LINUX or not self._is_local()
        self._shared_memory = shared_memory
        self._caller = TimeoutCaller("disk") if caller is None else caller
        self._device: tuple[int, int] | None = None
        self._read, self._written = Meter(), Meter()

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"disk": self.space, "disk_io": self.io, "shared_memory": self.shared_memory}

    def space(self, now: float, known: Fields) -> Fields:
        """Return how full the disk is for this user: blocks kept for root are not free."""
        if self._path is None:
            raise FileNotFoundError("the working folder was gone before it could be watched")
        usage = self._caller.ask(self._ask) if self._may_hang else self._ask()
        usable = usage.used + usage.free
        return {
            "disk_percent": 100.0 * usage.used / usable if usable else None,
            "disk_free_bytes": usage.free,
            "disk_path": without_surrogates(self._path),
        }

    def io(self, now: float, known: Fields) -> Fields:
        """Return the bytes that all programs read from and wrote to the device, if there is one."""
        counts = self._device_bytes() if self._api.LINUX else self._all_bytes()
        if counts is None:
            return {}
        read, written = self._read.update(now, counts[0]), self._written.update(now, counts[1])
        return {
            "disk_io_scope": "host",
            "disk_read_bytes_per_second": read.per_second,
            "disk_written_bytes_per_second": written.per_second,
            "disk_read_bytes": read.total,
            "disk_written_bytes": written.total,
        }

    def shared_memory(self, now: float, known: Fields) -> Fields:
        """Return how full the memory is through which processes pass arrays."""
        try:
            stat = os.statvfs(self._shared_memory)
        except (AttributeError, FileNotFoundError):
            return {}
        size, free = stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize
        return {
            "shared_memory_limit_bytes": size or None,
            "shared_memory_free_bytes": free if size else None,
            "shared_memory_percent": 100.0 * (size - free) / size if size else None,
        }

    def _is_local(self) -> bool:
        """Return whether the working folder is on a disk of this machine, without touching it."""
        kind, longest = "", -1
        for line in read_file(f"{self._proc}/self/mountinfo").decode().splitlines():
            places, _, what = line.partition(" - ")
            point = unescaped(places.split(" ")[4]).rstrip("/")
            if len(point) > longest and f"{self._path}/".startswith(point + "/"):
                kind, longest = what.split(" ")[0], len(point)
        return kind in LOCAL

    def _ask(self) -> Any:
        if self._device is None and self._api.LINUX:
            self._device = _device_under(self._path or "/", self._proc)
        return self._api.disk_usage(self._path)

    def _device_bytes(self) -> tuple[int, int] | None:
        if self._device is None:
            return None
        begin = b"%d %d " % self._device
        for line in read_file(f"{self._proc}/diskstats").split(b"\n"):
            words = line.split(None, 10)
            if b" ".join(words[:2]) + b" " == begin:
                return SECTOR_BYTES * int(words[5]), SECTOR_BYTES * int(words[9])
        return None

    def _all_bytes(self) -> tuple[int, int] | None:
        counts = self._api.disk_io_counters()
        return None if counts is None else (counts.read_bytes, counts.write_bytes)


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _device_under(path: str, proc: str) -> tuple[int, int]:
    """Return major and minor number of the device that has a path; major 0 is none."""
    number = os.stat(path).st_dev
    if os.major(number) == 0:
        # Some file systems (btrfs) have numbers of their own, and name their device here.
        here = f"{os.major(number)}:{os.minor(number)}"
        for line in read_file(f"{proc}/self/mountinfo").decode().splitlines():
            places, _, kind = line.partition(" - ")
            source = kind.split(" ")[1]
            if places.split(" ")[2] == here and source.startswith("/dev/"):
                number = os.stat(source).st_rdev
                break
    return os.major(number), os.minor(number)
