"""The kernel's own process and its descendants: CPU, memory, and who is connected."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from ipyvitals.system.source import MIN_GAP_SECONDS, Fields, Pace, Part

__all__ = ["ProcessTree", "children_of", "jupyter_ports"]

SCAN_SHARE = 0.001
CONNECTIONS_SHARE = 0.0025
CONNECTIONS_SECONDS = 9.5
"""A little under every second reading of the machine."""
CHANNEL_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class ProcessTree:
    """A process and everything it started, such as the workers of a data loader.

    Parameters
    ----------
    root : psutil.Process, optional
        Where the tree begins; this process by default.
    proc : path
        Where Linux mounts its process file system.
    """

    def __init__(self, root: Any = None, *, proc: str | Path = "/proc") -> None:
        self._root = psutil.Process() if root is None else root
        self._proc = Path(proc)
        self._processes: list[Any] = [self._root]
        self._scan_pace = Pace(SCAN_SHARE)
        self._cpu_seconds: dict[Any, float] = {}
        self._cpu_at: float | None = None
        self._cpu_percent: float | None = None
        self._connections: int | None = None
        self._connections_pace = Pace(
            CONNECTIONS_SHARE, time.thread_time, least=CONNECTIONS_SECONDS
        )

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {
            "process_cpu": self.cpu,
            "process_memory": self.memory,
            "connections": self.connections,
        }

    def processes(self, now: float) -> list[Any]:
        """Return the processes of the tree, the root first.

        Linux lists the children of each thread, which costs little. Elsewhere the whole process
        table must be walked, so that a new child may be seen some seconds late.
        """
        if self._scan_pace.due(now):
            with self._scan_pace.look(now):
                self._processes = self._scan()
        return self._processes

    def cpu(self, now: float, known: Fields) -> Fields:
        """Return the CPU of the tree since the previous call, in percent of the usable cores."""
        cores = known.get("cpu_limit_cores")
        if self._cpu_at is not None and now - self._cpu_at < MIN_GAP_SECONDS:
            return {"process_cpu_percent": self._cpu_percent}
        before, at = self._cpu_seconds, self._cpu_at
        after = dict(_alive(self.processes(now), _cpu_seconds))
        self._cpu_seconds, self._cpu_at = after, now
        self._cpu_percent = None
        if at is not None and cores:
            used = _cpu_used(before, after)
            self._cpu_percent = min(100.0, 100.0 * used / ((now - at) * cores))
        return {"process_cpu_percent": self._cpu_percent}

    def memory(self, now: float, known: Fields) -> Fields:
        """Return the resident memory of the tree; pages shared within it count in each process."""
        sizes = dict(_alive(self.processes(now), lambda process: process.memory_info().rss))
        return {"process_memory_bytes": sum(sizes.values())}

    def connections(self, now: float, known: Fields) -> Fields:
        """Return how many clients are connected to the ports that the tree listens on.

        That is established TCP connections at their serving end, less Jupyter's own channels.
        What the notebook itself connects to (a database, a download) is not counted; a client
        within the tree that connects to a server within the tree is, once.
        """
        if self._connections_pace.due(now):
            self._connections = None
            with self._connections_pace.look(now):
                tables = dict(_alive(self.processes(now), _tcp_connections))
                self._connections = _count_clients(tables, jupyter_ports())
        return {"active_connections": self._connections}

    def _scan(self) -> list[Any]:
        pids = _descendants(self._root.pid, self._proc)
        if pids is None:
            found = self._root.children(recursive=True)
        else:
            found = [process for _, process in _alive(pids, psutil.Process)]
        return [self._root, *found]


def children_of(pid: int, proc: Path) -> list[int] | None:
    """Return the children of a process from Linux's lists, or None where there are none."""
    children: list[int] = []
    try:
        threads = os.listdir(proc / str(pid) / "task")
    except FileNotFoundError:
        return None
    listed = False
    for thread in threads:
        try:
            text = (proc / str(pid) / "task" / thread / "children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        listed = True
        children.extend(int(child) for child in text.split())
    return children if listed else None


def jupyter_ports() -> frozenset[int]:
    """Return the ports of the channels between this kernel and its Jupyter server."""
    module = sys.modules.get("ipykernel.kernelapp")
    if module is None or not module.IPKernelApp.initialized():
        return frozenset()
    app = module.IPKernelApp.instance()
    return frozenset(port for name in CHANNEL_PORTS if (port := getattr(app, name, 0)))


def _descendants(pid: int, proc: Path) -> list[int] | None:
    found = children_of(pid, proc)
    if found is None:
        return None
    for child in found:  # the list grows under the loop: breadth first
        found.extend(children_of(child, proc) or [])
    return found


def _alive(items: Any, read: Any) -> Iterator[tuple[Any, Any]]:
    """Read each, leaving out what ended in the meantime."""
    for item in items:
        try:
            value = read(item)
        except psutil.NoSuchProcess:
            continue
        yield item, value


def _tcp_connections(process: Any) -> list[Any]:
    read = getattr(process, "net_connections", None) or process.connections
    connections: list[Any] = read(kind="tcp")
    return connections


def _count_clients(tables: Mapping[Any, list[Any]], own_ports: frozenset[int]) -> int:
    everything = [connection for table in tables.values() for connection in table]
    served = {c.laddr.port for c in everything if c.status == psutil.CONN_LISTEN} - own_ports
    # A set: processes that inherited a socket each list it.
    return len(
        {
            (c.laddr, c.raddr)
            for c in everything
            if c.status == psutil.CONN_ESTABLISHED and c.laddr.port in served
        }
    )


def _cpu_seconds(process: Any) -> float:
    times = process.cpu_times()
    reaped = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(times.user + times.system + reaped)


def _cpu_used(before: Mapping[Any, float], after: Mapping[Any, float]) -> float:
    """Return the CPU seconds between two readings, those of short-lived children included.

    Linux adds the seconds of a child that ended to its parent's, so the sum over the tree only
    grows. Elsewhere they vanish with the child, whose earlier seconds are left out here too.
    """
    earlier = before if psutil.LINUX else {p: s for p, s in before.items() if p in after}
    return max(0.0, sum(after.values()) - sum(earlier.values()))
