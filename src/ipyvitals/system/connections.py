"""Counts the clients of what this notebook serves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from ipyvitals.system.budget import ReadBudget, RotatingReader
from ipyvitals.system.source import Fields, Part, ProcessLister
from ipyvitals.utils.timers import IntervalTimer

__all__ = ["ConnectionReader", "jupyter_ports"]

ROOT_SHARE = 0.0003
SHARE = 0.0003
RESERVE_SECONDS = 0.01
SECONDS = 9.9
"""Every 10 s, for a schedule that runs a little early."""
CHANNEL_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class ConnectionReader:
    """Counts established TCP connections to ports that the tree listens on, less Jupyter's own.

    What the notebook itself connects to (a database, a download) is not counted; a client within
    the tree that connects to a server within the tree is, once. Jupyter's own are the channels
    of the kernel and the debugger, which listens in a process of its own. A connection counts
    once its server has accepted it. The root is looked up every 10 s, or as often as
    0.03 % of a core allows where a look is slow; so are its descendants, in rotation.

    Parameters
    ----------
    tree : ProcessLister
        Whose clients are counted.
    api : module or object
        Reads processes: `psutil`, or a fake of it.
    timer : callable
        Returns seconds of CPU; measures what a look costs.
    """

    def __init__(
        self,
        tree: ProcessLister,
        *,
        api: Any = psutil,
        timer: Callable[[], float] = time.thread_time,
    ) -> None:
        self._tree = tree
        self._api = api
        self._children = RotatingReader(
            self._child_table, ReadBudget(SHARE, timer, reserve=RESERVE_SECONDS)
        )
        self._root = ReadBudget(ROOT_SHARE, timer)
        self._count: int | None = None
        self._due = IntervalTimer(SECONDS, float("-inf"))

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"connections": self.connections}

    def connections(self, now: float, known: Fields) -> Fields:
        """Return how many clients are connected, as of the newest look."""
        if self._root.due(now) and self._due.poll(now):
            self._count = None
            self._count = self._clients(now)
        return {"active_connections": self._count}

    def _clients(self, now: float) -> int:
        root, *children = self._tree.pids
        with self._root.measure(now):
            own = self._table(root)
        tables = [own, *self._children.update(now, children).values()]
        found = [one for table in tables for one in table]
        listening = {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}
        served = listening - jupyter_ports()
        # A set: processes that inherited a socket each list it.
        return len(
            {
                (one.laddr, one.raddr)
                for one in found
                if one.status == psutil.CONN_ESTABLISHED and one.laddr.port in served
            }
        )

    def _table(self, pid: int) -> list[Any]:
        try:
            table: list[Any] = self._api.Process(pid).net_connections(kind="tcp")
        except psutil.NoSuchProcess:
            return []
        return table

    def _child_table(self, pid: int) -> list[Any]:
        table = self._table(pid)
        listens = any(one.status == psutil.CONN_LISTEN for one in table)
        return [] if listens and self._debugs(pid) else table

    def _debugs(self, pid: int) -> bool:
        try:
            return any("debugpy" in word for word in self._api.Process(pid).cmdline())
        except psutil.NoSuchProcess:
            return True


def jupyter_ports() -> frozenset[int]:
    """Return the ports of the channels between this kernel and its Jupyter server."""
    module = sys.modules.get("ipykernel.kernelapp")
    if module is None or not module.IPKernelApp.initialized():
        return frozenset()
    app = module.IPKernelApp.instance()
    return frozenset(port for name in CHANNEL_PORTS if (port := getattr(app, name, 0)))
