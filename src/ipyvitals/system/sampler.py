"""One reading of the machine, put together from sources that may each fail."""

from __future__ import annotations

from typing import Any, Protocol

from ipyvitals.snapshot import SystemSection
from ipyvitals.system.host import Host
from ipyvitals.system.process_tree import ProcessTree
from ipyvitals.system.source import Source

__all__ = ["SystemSampler"]


class NoticeBoard(Protocol):
    """Where failures are counted."""

    def add(self, code: str, message: str) -> None:
        """Count a failure under `code`."""
        ...


class SystemSampler:
    """Reads the machine; what cannot be read is unknown, never 0.

    Loads are differences between two samples, so one sampler must live as long as its monitor.
    It may be called from any thread, though from one at a time.

    Parameters
    ----------
    disk_path : str, optional
        A path on the disk to watch; the working folder by default.
    notices : object with ``add(code, message)``, optional
        Counts failures as ``system.<part>``.
    host, process : Source, optional
        Replace the machine and the process tree, for tests.

    Examples
    --------
    >>> reading = SystemSampler().sample(now=0.0)
    >>> reading.cpu_percent is None, reading.memory_percent > 0
    (True, True)
    """

    def __init__(
        self,
        disk_path: str | None = None,
        notices: NoticeBoard | None = None,
        *,
        host: Source | None = None,
        process: Source | None = None,
    ) -> None:
        self._notices = notices
        self._sources: list[Source] = []
        for name, given, make in (
            ("host", host, lambda: Host(disk_path)),
            ("process", process, ProcessTree),
        ):
            try:
                self._sources.append(make() if given is None else given)
            except Exception as error:
                self._fail(name, error)

    def sample(self, now: float) -> SystemSection:
        """Return a reading whose health is still to be judged; never raises.

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
        for source in self._sources:
            for name, part in source.parts().items():
                try:
                    known.update(part(now, known))
                except Exception as error:
                    self._fail(name, error)
        return SystemSection(**known)

    def _fail(self, part: str, error: Exception) -> None:
        if self._notices is not None:
            said = str(error) or "no reason given"
            self._notices.add(
                f"system.{part}", f"cannot read {part}: {type(error).__name__}: {said}"
            )
