"""Reads the GPUs that this process may use, of all vendors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

import msgspec

from ipyvitals.schema import Gpu, GpuReason
from ipyvitals.system.budget import ReadBudget
from ipyvitals.system.source import Fields, Part, ProcessLister, UnreadError
from ipyvitals.system.timeout import TimeoutCaller

__all__ = ["FieldReader", "GpuDevice", "GpuDriver", "GpuReader", "NoGpuError"]

T = TypeVar("T")

SHARE = 0.005
FIRST_PID_NAMESPACE = "pid:[4026531836]"
"""That of the machine itself, in every Linux."""
STARTING_SECONDS = 30.0
"""A driver that nobody uses takes some seconds to start."""


class NoGpuError(Exception):
    """Reports why there is no GPU to be read."""

    def __init__(self, reason: GpuReason, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason: GpuReason = reason


class GpuDevice(Protocol):
    """One GPU, or a part of one."""

    def read(self, pids: frozenset[int] | None) -> Gpu:
        """Return its figures; never raises. `pids` are those of the tree, if they are known."""
        ...


class GpuDriver(Protocol):
    """Opens a vendor's library and its devices."""

    def there(self) -> bool:
        """Return whether there is a driver, without calling it."""
        ...

    def open(self) -> Sequence[GpuDevice]:
        """Return the devices that this process may use, or raise `NoGpuError`."""
        ...

    def chosen_by(self) -> object:
        """Return the settings that choose the devices, to notice when they change."""
        ...

    def close(self) -> None:
        """Close the library, if it was opened."""
        ...


class GpuReader:
    """Reads all devices, each time on a thread of its own, since a lost device may hang.

    Parameters
    ----------
    drivers : sequence of GpuDriver
        One a vendor.
    tree : ProcessLister
        The processes whose share of the memory is read.
    caller : TimeoutCaller, optional
        Calls the drivers, which may hang.
    namespace : str, optional
        The namespace of process ids here.
    """

    def __init__(
        self,
        drivers: Sequence[GpuDriver],
        tree: ProcessLister,
        *,
        caller: TimeoutCaller | None = None,
        namespace: str | None = None,
    ) -> None:
        self._drivers = drivers
        self._tree = tree
        self._caller = TimeoutCaller("gpu") if caller is None else caller
        self._same_pids = (_pid_namespace() if namespace is None else namespace) in (
            FIRST_PID_NAMESPACE,
            "",
        )
        self._budget = ReadBudget(SHARE, time.perf_counter)
        self._devices: list[GpuDevice] | None = None
        self._reason: GpuReason | None = None
        self._chosen_by: object = None
        self._begun: float | None = None
        self._fields: Fields = {}

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"gpus": self.gpus}

    def gpus(self, now: float, known: Fields) -> Fields:
        """Return each device, and the highest load and memory use among them."""
        if self._begun is None:
            self._begun = now
            self._drivers = [driver for driver in self._drivers if driver.there()]
        if not self._drivers:
            return {"gpus_reason": "no_driver"}
        if self._budget.due(now):
            pids = frozenset(self._tree.pids) if self._same_pids else None
            try:
                self._fields, seconds = self._caller.ask(lambda: self._read(pids))
                self._budget.spend(now, seconds)
            except TimeoutError as error:
                self._fields = {"gpus_reason": "timeout"}
                if self._devices is not None or now - self._begun > STARTING_SECONDS:
                    raise UnreadError(self._fields) from error
            except Exception as error:
                self._fields = {"gpus_reason": "failed"}
                raise UnreadError(self._fields) from error
        return self._fields

    def close(self) -> None:
        """Close the libraries; one whose driver hangs stays open."""
        if self._devices is not None:
            with suppress(TimeoutError):
                self._caller.ask(self._close)

    def _read(self, pids: frozenset[int] | None) -> tuple[Fields, float]:
        """Return the fields, and how long it took to read them."""
        chosen_by = [driver.chosen_by() for driver in self._drivers]
        if self._devices is None or chosen_by != self._chosen_by:
            self._chosen_by = chosen_by
            self._open()
        begin = time.perf_counter()
        gpus = [
            msgspec.structs.replace(device.read(pids), index=index)
            for index, device in enumerate(self._devices or ())
        ]
        memory = [_percent(one.memory_used_bytes, one.memory_total_bytes) for one in gpus]
        fields = {
            "gpus": gpus,
            "gpus_reason": self._reason,
            "gpu_percent": _most(one.utilization_percent for one in gpus),
            "gpu_memory_percent": _most(memory),
        }
        return fields, time.perf_counter() - begin

    def _open(self) -> None:
        devices: list[GpuDevice] = []
        reasons: list[GpuReason] = []
        for driver in self._drivers:
            try:
                devices += driver.open()
            except NoGpuError as error:
                reasons.append(error.reason)
        self._devices = devices
        telling = (reason for reason in reasons if reason != "no_driver")
        self._reason = None if devices else next(telling, "no_driver")

    def _close(self) -> None:
        self._devices = None
        for driver in self._drivers:
            driver.close()


class FieldReader:
    """Reads one field after another, and records why one is unknown.

    Parameters
    ----------
    reason_of : callable
        Maps an exception of the vendor's library to a reason.

    Examples
    --------
    >>> tries = FieldReader(lambda error: "lost")
    >>> tries("power_watts", lambda: 1 / 0), tries("name", lambda: "GPU"), tries.reasons
    (None, 'GPU', {'power_watts': 'lost'})
    """

    def __init__(self, reason_of: Callable[[Exception], GpuReason]) -> None:
        self._reason_of = reason_of
        self.reasons: dict[str, GpuReason] = {}

    def __call__(self, field: str, read: Callable[[], T | None]) -> T | None:
        """Return what `read` returns; None where it raises."""
        try:
            value = read()
        except Exception as error:
            self.reasons[field] = self._reason_of(error)
            return None
        if value is None:
            self.reasons[field] = "not_supported"
        return value


def _percent(used: float | None, total: float | None) -> float | None:
    return None if used is None or not total else 100.0 * used / total


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        # Not Linux: process ids are the same everywhere.
        return ""
