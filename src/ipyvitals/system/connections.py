"""Who is connected to what this notebook serves."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import psutil

from ipyvitals.system.linux import procfs
from ipyvitals.system.linux.netlink import ESTABLISHED, LISTEN, Socket, sockets
from ipyvitals.system.round_robin import RoundRobin
from ipyvitals.system.source import Fields, Pace, Part

__all__ = ["Connections", "jupyter_ports"]

SHARE = 0.0025
SECONDS = 9.9
"""Every 10 s, for one whose clock is a little early."""
LOOKED_INTO = 64
CHANNEL_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
FAMILIES = (socket.AF_INET, socket.AF_INET6)
ADDRESS_BYTES = {socket.AF_INET: 4, socket.AF_INET6: 16}


class Tree(Protocol):
    """The processes that may serve."""

    @property
    def pids(self) -> list[int]:
        """Return their ids, the root first."""
        ...


class Connections:
    """Established TCP connections to ports that the tree listens on, less Jupyter's own.

    What the notebook itself connects to (a database, a download) is not counted; a client within
    the tree that connects to a server within the tree is, once. Jupyter's own are the channels
    of the kernel and the debugger, which listens in a process of its own.

    Parameters
    ----------
    tree : Tree
        Whose clients are counted.
    proc : str
        Where Linux mounts its process file system.
    listed : callable
        Returns the sockets of a family in a state, as Linux lists them.
    api : module or object
        Where other systems are asked: `psutil`, or a fake of it.
    """

    def __init__(
        self,
        tree: Tree,
        *,
        proc: str = "/proc",
        listed: Callable[[int, int], Iterable[Socket]] = sockets,
        api: Any = psutil,
    ) -> None:
        self._tree = tree
        self._proc = proc
        self._listed = listed
        self._api = api
        self._turns: RoundRobin[int] = RoundRobin()
        self._inodes: dict[int, frozenset[int]] = {}
        self._lists = True
        self._count: int | None = None
        self._pace = Pace(SHARE, time.thread_time, least=SECONDS)

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"connections": self.connections}

    def connections(self, now: float, known: Fields) -> Fields:
        """Return how many clients are connected, looked up every 10 s."""
        if self._pace.due(now):
            self._count = None
            with self._pace.look(now):
                self._count = self._clients()
        return {"active_connections": self._count}

    def _clients(self) -> int:
        if self._api.LINUX and self._lists:
            own = self._own_inodes()
            try:
                return self._linux(own)
            except OSError:
                # A sandbox that knows no netlink has the table that psutil reads, as a rule.
                self._lists = False
        return self._others()

    def _linux(self, own: set[int]) -> int:
        """Ask for listening sockets first: there are few, and most notebooks have none."""
        jupyter = jupyter_ports()
        clients = 0
        for family in FAMILIES:
            size = ADDRESS_BYTES[family]
            served = {
                (one.port, one.address[:size])
                for one in self._listed(family, LISTEN)
                if one.inode in own and one.port not in jupyter
            }
            if served:
                any_address = bytes(size)
                clients += sum(
                    (one.port, one.address[:size]) in served or (one.port, any_address) in served
                    for one in self._listed(family, ESTABLISHED)
                )
        return clients

    def _own_inodes(self) -> set[int]:
        """Return the sockets of the tree; of hundreds of processes, some are looked into."""
        pids = self._tree.pids
        looked = {pid: self._look_into(pid) for pid in self._turns.next(pids, LOOKED_INTO)}
        kept = {pid: self._inodes[pid] for pid in pids if pid in self._inodes}
        self._inodes = kept | looked
        return set().union(*self._inodes.values())

    def _look_into(self, pid: int) -> frozenset[int]:
        folder = f"{self._proc}/{pid}/fd"
        found = set()
        try:
            for name in procfs.names(folder):
                try:
                    file = procfs.link(f"{folder}/{name}")
                except FileNotFoundError:
                    continue
                if file.startswith("socket:["):
                    found.add(int(file[8:-1]))
            if found and pid != self._tree.pids[0] and self._debugs(pid):
                return frozenset()
        except (FileNotFoundError, ProcessLookupError):
            return frozenset()
        return frozenset(found)

    def _debugs(self, pid: int) -> bool:
        with open(f"{self._proc}/{pid}/cmdline", "rb") as file:
            return b"debugpy" in file.read()

    def _others(self) -> int:
        tables: list[Any] = []
        for pid in self._tree.pids:
            try:
                tables += self._api.Process(pid).net_connections(kind="tcp")
            except psutil.NoSuchProcess:
                continue
        listening = {c.laddr.port for c in tables if c.status == psutil.CONN_LISTEN}
        served = listening - jupyter_ports()
        # A set: processes that inherited a socket each list it.
        return len(
            {
                (c.laddr, c.raddr)
                for c in tables
                if c.status == psutil.CONN_ESTABLISHED and c.laddr.port in served
            }
        )


def jupyter_ports() -> frozenset[int]:
    """Return the ports of the channels between this kernel and its Jupyter server."""
    module = sys.modules.get("ipykernel.kernelapp")
    if module is None or not module.IPKernelApp.initialized():
        return frozenset()
    app = module.IPKernelApp.instance()
    return frozenset(port for name in CHANNEL_PORTS if (port := getattr(app, name, 0)))
