"""Finds out how a kernel ended: for lack of memory, by a signal, or restarted by a user.

The exit status comes from the kernel's provisioner, the count of out-of-memory kills from the
control group of the server, which usually is that of its kernels, and the memory from the kernel's
last reading.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from ipyvitals.render.formatting import bytes_of
from ipyvitals.schema import RunInfo, SystemSection, TrainingCompleted, TrainingSection
from ipyvitals.schema.protocol import Update
from ipyvitals.server.kernel_state import KernelStateTracker
from ipyvitals.server.schema import EndReason, KernelEnd

__all__ = ["OutOfMemoryWatcher", "kernel_end", "lost_runs"]

FULL_PERCENT = 97.0
"""Memory in use at the last reading from which SIGKILL is taken for the system's."""
RECENT_SECONDS = 10.0
SHELL_SIGNAL = 128
"""A shell adds it to the number of the signal that ended its program."""


class OutOfMemoryWatcher:
    """Notices when a process of this server's machine or container is killed for lack of memory.

    Parameters
    ----------
    root : Path
        The folder of ``proc`` and ``sys``; not ``/`` for tests alone.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._count: int | None = None
        self._grew_at = float("-inf")

    def look(self, now: float) -> None:
        """Read the count at the monotonic time `now`."""
        count = self._read()
        if count is not None and self._count is not None and count > self._count:
            self._grew_at = now
        self._count = count

    def recently(self, now: float) -> bool:
        """Return whether the count grew within the last 10 s."""
        self.look(now)
        return now - self._grew_at <= RECENT_SECONDS

    def _read(self) -> int | None:
        for path in self._files():
            try:
                words = path.read_text().split()
            except OSError:
                continue
            if "oom_kill" in words[:-1]:
                return int(words[words.index("oom_kill") + 1])
        return None

    def _files(self) -> Iterator[Path]:
        """Yield the files that may have the count: those of the groups, then of the machine."""
        groups = self._root / "sys/fs/cgroup"
        try:
            lines = (self._root / "proc/self/cgroup").read_text().splitlines()
        except OSError:
            lines = []
        for line in lines:
            _, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                mount, name = groups / "memory", "memory.oom_control"
            elif not controllers:
                mount, name = groups, "memory.events"
            else:
                continue
            # A container sees its own group at the mount point, and the machine's path of it.
            yield mount / path.lstrip("/") / name
            yield mount / name
        yield self._root / "proc/vmstat"


def kernel_end(
    kernel: KernelStateTracker,
    at: float,
    *,
    died: bool,
    exit_code: int | None,
    killed_for_memory: bool,
) -> KernelEnd:
    """Return how a kernel ended, noticed at the Unix time `at`.

    Parameters
    ----------
    kernel : KernelStateTracker
        With the last state of its monitors.
    at : float
    died : bool
        Whether the kernel ended by itself; else a user restarted it.
    exit_code : int, optional
        Exit status of its process; minus the number of a signal.
    killed_for_memory : bool
        Whether a process was killed for lack of memory a moment ago.
    """
    number = _signal(exit_code)
    system = _last_reading(kernel)
    used, limit = system.memory_used_bytes, system.memory_limit_bytes
    reason: EndReason | None = None
    if not died:
        reason = "restarted"
    elif number in (None, signal.SIGKILL) and killed_for_memory:
        reason = "out_of_memory"
        # The kill says that the container's memory was used up, whatever the last reading was.
        used = limit if system.memory_scope == "container" and limit is not None else used
    elif number == signal.SIGKILL and (system.memory_percent or 0.0) >= FULL_PERCENT:
        reason = "out_of_memory"
    elif number is not None:
        reason = "signal"
    elif exit_code is not None:
        reason = "exited"
    end = KernelEnd(
        at=at,
        last_seen=kernel.last_seen,
        reason=reason,
        exit_code=exit_code,
        signal=None if number is None else number.name,
        memory_used_bytes=used,
        memory_limit_bytes=limit,
    )
    for update in _running(kernel):
        if update.training is not UNSET:
            run = update.training
            end = replace(end, stage=run.stage, current=run.current, total=run.total)
    return replace(end, text=end_text(end))


def end_text(end: KernelEnd) -> str:
    """Return why a kernel ended: ``out of memory: 7.9 of 8.0 GiB``."""
    if end.reason == "out_of_memory":
        size = bytes_of(end.memory_used_bytes, end.memory_limit_bytes)
        return f"out of memory: {size}" if size else "out of memory"
    if end.reason == "signal":
        return f"killed by {end.signal}"
    if end.reason == "exited":
        return f"exited with status {end.exit_code}"
    return "the kernel was restarted" if end.reason == "restarted" else "the kernel died"


def lost_runs(kernel: KernelStateTracker, end: KernelEnd) -> Iterator[TrainingCompleted]:
    """Yield the event of each training run that ended with its kernel, but of those inside one."""
    for update in _running(kernel):
        for number, run in enumerate(_open_runs(update), start=1):
            yield TrainingCompleted(
                monitor=update.monitor,
                seq=update.seq + number,
                at=end.at,
                state="lost",
                stage=run.stage,
                progress=run.progress,
                details=end.text,
                current=run.current,
                total=run.total,
                elapsed_seconds=run.elapsed_seconds,
                metrics=run.metrics,
                run_id=run.run_id,
            )


def _open_runs(update: Update) -> Iterator[TrainingSection | RunInfo]:
    """Yield the run in front, then the open runs beside it."""
    front = update.training
    if front is not UNSET:
        yield front
        for run in update.runs or []:
            top = run.parent_id is None and run.worker is None
            if run.state == "running" and top and run.run_id != front.run_id:
                yield run


def _running(kernel: KernelStateTracker) -> Iterator[Update]:
    for monitor in kernel.monitors.values():
        update = monitor.latest
        if update is None or update.closed or update.training is UNSET:
            continue
        # The run of a worker does not end with the kernel.
        workers = {run.run_id for run in update.runs or [] if run.worker is not None}
        if update.training.state == "running" and update.training.run_id not in workers:
            yield update


def _last_reading(kernel: KernelStateTracker) -> SystemSection:
    """Return the newest reading of the machine of all monitors."""
    updates = [one.latest for one in kernel.monitors.values() if one.latest is not None]
    for update in sorted(updates, key=lambda one: one.at, reverse=True):
        if update.system is not UNSET:
            return update.system
    return SystemSection()


def _signal(code: int | None) -> signal.Signals | None:
    """Return the signal that ended a process."""
    if code is None:
        return None
    try:
        return signal.Signals(-code if code < 0 else code - SHELL_SIGNAL)
    except ValueError:
        return None
