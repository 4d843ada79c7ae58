"""Composes a reading of the machine from sources that may each fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol

from ipyvitals.schema import SystemSection
from ipyvitals.stats.trend import TrendEstimator
from ipyvitals.system.connections import ConnectionReader
from ipyvitals.system.container import ContainerReader
from ipyvitals.system.disk import DiskReader
from ipyvitals.system.energy import EnergyReader
from ipyvitals.system.gpu.amd import AmdDriver
from ipyvitals.system.gpu.gpus import GpuReader
from ipyvitals.system.gpu.nvidia import NvidiaDriver
from ipyvitals.system.host import HostReader
from ipyvitals.system.network import NetworkReader
from ipyvitals.system.pressure import PressureReader
from ipyvitals.system.process.tree import ProcessTree
from ipyvitals.system.source import Part, SystemSource, UnreadError

__all__ = ["SystemSampler", "sources"]


class NoticeCounter(Protocol):
    """Counts failures."""

    def add(self, code: str, /, *, part: str, error: str) -> None:
        """Count a failure under `code`."""
        ...


class PeakTracker:
    """Tracks the highest of comparable readings.

    Examples
    --------
    >>> peak = PeakTracker()
    >>> peak.update("host", 5), peak.update("host", 3), peak.update("container", 2)
    (5, 5, 2)
    """

    def __init__(self) -> None:
        self.of: str | None = None
        """What the readings are about."""
        self._highest: int | None = None

    def update(self, of: str | None, value: int | None) -> int | None:
        """Add a reading and return the highest; a reading of something else starts anew."""
        if value is not None:
            same = of == self.of and self._highest is not None
            self.of, self._highest = of, max(self._highest or 0, value) if same else value
        return self._highest


class SystemSampler:
    """Reads the machine; a figure that cannot be read is unknown, never 0.

    Loads are differences between two samples, so one sampler must live as long as its monitor.
    Any thread may call it, one at a time.

    Parameters
    ----------
    disk_path : str, optional
        A path on the disk to watch; the working folder by default.
    notices : object with ``add(code, message)``, optional
        Counts failures as ``system.<part>``.
    wall : callable
        Returns Unix time in seconds.
    made_of : sequence of (name, callable), optional
        Makes each source, in the order in which they are read; those of this system by default.

    Examples
    --------
    >>> reading = SystemSampler().sample(now=0.0)
    >>> reading.cpu_percent is None, reading.memory_percent > 0
    (True, True)
    """

    def __init__(
        self,
        disk_path: str | None = None,
        notices: NoticeCounter | None = None,
        *,
        wall: Callable[[], float] = time.time,
        made_of: Sequence[tuple[str, Callable[[], SystemSource]]] | None = None,
    ) -> None:
        self._notices = notices
        self._wall = wall
        self._sources: list[SystemSource] = []
        self._parts: list[tuple[str, Part]] = []
        for name, make in sources(disk_path) if made_of is None else made_of:
            try:
                source = make()
            except Exception as error:
                self._fail(name, error)
                continue
            self._sources.append(source)
            self._parts += source.parts().items()
        self._memory = TrendEstimator()
        self._memory_limit: int | None = None
        self._peak, self._process_peak = PeakTracker(), PeakTracker()
        self._kills: tuple[object, int] | None = None
        self._kill_at: float | None = None

    def sample(self, now: float) -> SystemSection:
        """Return a reading without its health; never raises.

        Parameters
        ----------
        now : float
            Monotonic time in seconds. Two samples closer than 0.1 s share their loads.

        Returns
        -------
        SystemSection
            Fields whose source failed are None, and the failure is counted.
        """
        known: dict[str, Any] = {}
        for name, part in self._parts:
            try:
                known.update(part(now, known))
            except UnreadError as error:
                known.update(error.fields)
                self._fail(name, error.__cause__ or error)
            except Exception as error:
                self._fail(name, error)
        self._look_ahead(now, known)
        self._note_kills(known)
        self._note_peaks(known)
        return SystemSection(**known)

    def close(self) -> None:
        """Close the sources: drivers that were opened."""
        for source in self._sources:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    def _look_ahead(self, now: float, known: dict[str, Any]) -> None:
        used, limit = known.get("memory_used_bytes"), known.get("memory_limit_bytes")
        if used is None or limit is None:
            return
        if limit != self._memory_limit:
            self._memory_limit = limit
            self._memory.clear()
        self._memory.update(now, used)
        known["memory_full_seconds"] = self._memory.seconds_until(limit)

    def _note_kills(self, known: dict[str, Any]) -> None:
        kills, whose = known.get("oom_kills"), known.get("memory_scope")
        if kills is not None:
            if self._kills is not None and self._kills[0] == whose and kills > self._kills[1]:
                self._kill_at = self._wall()
            self._kills = whose, kills
        known["oom_kill_at"] = self._kill_at

    def _note_peaks(self, known: dict[str, Any]) -> None:
        known["memory_peak_bytes"] = self._peak.update(
            known.get("memory_scope"), known.get("memory_used_bytes")
        )
        kind, own = known.get("process_memory_kind"), known.get("process_memory_bytes")
        # A sum in which shared pages count several times is no peak of one in which they do not.
        comparable = kind == "pss" or self._process_peak.of != "pss"
        known["process_memory_peak_bytes"] = self._process_peak.update(
            kind if comparable else "pss", own if comparable else None
        )

    def _fail(self, part: str, error: BaseException) -> None:
        if self._notices is not None:
            reason = str(error) or "no reason given"
            self._notices.add(
                f"system.{part}", part=part, error=f"{type(error).__name__}: {reason}"
            )


def sources(disk_path: str | None = None) -> Iterator[tuple[str, Callable[[], SystemSource]]]:
    """Yield the sources of this system: a name, and the callable that makes the source.

    The order matters: a container corrects the machine, processes are measured in parts of it, and
    what the kernel waits for depends on what its processes use.
    """
    host = cache(HostReader)
    yield "host", host
    yield "disk", lambda: DiskReader(disk_path)
    yield "network", NetworkReader
    yield "container", ContainerReader
    tree = cache(ProcessTree)
    yield "process", tree
    yield "pressure", lambda: PressureReader(host())
    yield "connections", lambda: ConnectionReader(tree())
    yield "energy", EnergyReader
    yield "gpus", lambda: GpuReader((NvidiaDriver(), AmdDriver()), tree())
