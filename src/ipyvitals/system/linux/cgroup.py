"""Finds the files of this process's control groups, and the limits that they set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ipyvitals.system.linux.files import figures, read_file, unescaped

__all__ = ["CpuQuota", "Hierarchy", "MemoryLimit", "cpu_quota", "find", "memory_limit"]

UNLIMITED = 1 << 60
"""Version 1 writes "no limit" as the largest number that it can count pages to."""


class Hierarchy(NamedTuple):
    """Locates the groups of one controller that this process is in, as far as they are mounted."""

    version: int
    mount: str
    path: str
    """From the mount point to the group of this process: ``"/pod/container"``, or ``""``."""

    @property
    def folders(self) -> list[str]:
        """The folder of this process's group, and of each that it is nested in."""
        found = [self.mount + self.path]
        while len(found[-1]) > len(self.mount):
            found.append(found[-1].rpartition("/")[0])
        return found

    def beside(self, folder: str, other: Hierarchy) -> str:
        """Return the folder in this hierarchy of the group that has `folder` in `other`."""
        same = self.mount + folder[len(other.mount) :]
        return same if os.path.isdir(same) else self.mount + self.path


class MemoryLimit(NamedTuple):
    """The group whose limit on memory binds."""

    folder: str
    limit: int


class CpuQuota(NamedTuple):
    """The group whose limit on CPU binds."""

    folder: str
    cores: float


def find(controller: str, root: str = "/") -> Hierarchy | None:
    """Return where a controller's files are, or None where it does not run.

    Each controller is in a hierarchy of version 1, or else in that of version 2. In a
    container the paths of ``/proc/self/cgroup`` and the mount points may each begin anywhere;
    where they do not fit together, what is mounted is taken for the container's own.

    Parameters
    ----------
    controller : str
        Such as ``"memory"``.
    root : str
        The folder of ``proc`` and all mount points; other than ``/`` only in tests.
    """
    base = root.rstrip("/")
    try:
        groups = _groups(read_file(f"{base}/proc/self/cgroup").decode())
        mounts = list(_mounts(read_file(f"{base}/proc/self/mountinfo").decode()))
    except FileNotFoundError:
        return None
    version = 1 if controller in groups else 2
    path = groups.get(controller, groups.get(""))
    if path is None or path.startswith("/.."):
        # Outside of what this namespace shows.
        return None
    fitting = [
        Hierarchy(version, base + mount.point.rstrip("/"), within)
        for mount in mounts
        if mount.version == version and (version == 2 or controller in mount.controllers)
        if (within := _within(path, mount.root)) is not None
    ]
    for found in fitting:
        if os.path.isdir(found.mount + found.path):
            return found
    for mount in mounts:
        if mount.version == version and (version == 2 or controller in mount.controllers):
            return Hierarchy(version, base + mount.point.rstrip("/"), "")
    return None


def memory_limit(hierarchy: Hierarchy, total: int | None) -> MemoryLimit | None:
    """Return the smallest limit that is below `total`, all memory there is; None without one."""
    found: MemoryLimit | None = None
    name = "memory.max" if hierarchy.version == 2 else "memory.limit_in_bytes"
    for folder in hierarchy.folders:
        limit = _number(folder, name)
        # Of equal limits the outermost, which has the most charged to it.
        if limit is not None and (found is None or limit <= found.limit):
            found = MemoryLimit(folder, limit)
    if hierarchy.version == 1:
        found = _hidden_limit(hierarchy, found)
    if found is None or found.limit >= (UNLIMITED if total is None else total):
        return None
    return found


def cpu_quota(hierarchy: Hierarchy) -> CpuQuota | None:
    """Return the smallest quota, in processors, which may be a fraction; None without one."""
    found: CpuQuota | None = None
    for folder in hierarchy.folders:
        cores = _cores(folder, hierarchy.version)
        if cores is not None and (found is None or cores <= found.cores):
            found = CpuQuota(folder, cores)
    return found


class MountPoint(NamedTuple):
    version: int
    root: str
    point: str
    controllers: Sequence[str]


def _groups(text: str) -> dict[str, str]:
    """Return the path of each controller; under ``""`` that of version 2."""
    groups = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(","), path))
    return groups


def _mounts(text: str) -> Iterator[MountPoint]:
    for line in text.splitlines():
        # The fields before the dash are a few more or less.
        places, _, kind = line.partition(" - ")
        where, what = places.split(" "), kind.split(" ")
        if what[0] in ("cgroup", "cgroup2"):
            version = 2 if what[0] == "cgroup2" else 1
            yield MountPoint(version, unescaped(where[3]), unescaped(where[4]), what[-1].split(","))


def _within(path: str, root: str) -> str | None:
    """Return where a group is below the one that is mounted; None when it is not."""
    path, root = path.rstrip("/"), root.rstrip("/")
    if path == root or path.startswith(root + "/"):
        return path[len(root) :]
    return None


def _number(folder: str, name: str) -> int | None:
    """Return a limit; None where there is none, or no such file, as in the root of all groups."""
    try:
        text = read_file(f"{folder}/{name}").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if text == b"max" else int(text)


def _cores(folder: str, version: int) -> float | None:
    if version == 2:
        try:
            quota, period = read_file(f"{folder}/cpu.max").split()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return None if quota == b"max" else int(quota) / int(period)
    micros = _number(folder, "cpu.cfs_quota_us")
    of = _number(folder, "cpu.cfs_period_us")
    return None if micros is None or micros <= 0 or not of else micros / of


def _hidden_limit(hierarchy: Hierarchy, found: MemoryLimit | None) -> MemoryLimit | None:
    """Return the limit of a group further out, which version 1 reports though it is not mounted."""
    own = hierarchy.folders[0]
    try:
        (limit,) = figures(read_file(f"{own}/memory.stat"), b"hierarchical_memory_limit")
    except FileNotFoundError:
        return found
    if limit is None or (found is not None and found.limit <= limit):
        return found
    return MemoryLimit(hierarchy.mount, limit)
