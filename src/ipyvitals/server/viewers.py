"""Tells kernels how many are watching, so that those nobody watches can be quiet."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ipyvitals.server.errors import KernelSilentError

__all__ = ["Viewers"]

RENEW_SECONDS = 60.0
"""A kernel believes what it was told for three times as long."""
RETRY_SECONDS = 5.0


@dataclass
class _Told:
    count: int
    at: float
    busy: bool = True


class Viewers:
    """Remembers what each kernel was told, and tells it when that is no longer so.

    Parameters
    ----------
    count : callable
        Returns how many watch a kernel.
    tell : callable
        Tells a kernel; raises `KernelSilentError` when it does not answer.
    monotonic : callable
        Returns seconds.
    """

    def __init__(
        self,
        count: Callable[[str], int],
        tell: Callable[[str, int], Awaitable[object]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._tell = tell
        self._monotonic = monotonic
        self._told: dict[str, _Told] = {}

    def is_due(self, kernel_id: str) -> bool:
        """Return whether the kernel must be told."""
        told = self._told.get(kernel_id)
        if told is None:
            return True
        old = self._monotonic() - told.at >= RENEW_SECONDS
        return not told.busy and (old or told.count != self._count(kernel_id))

    async def tell(self, kernel_id: str) -> None:
        """Tell the kernel."""
        told = self._told[kernel_id] = _Told(self._count(kernel_id), self._monotonic())
        try:
            await self._tell(kernel_id, told.count)
        except KernelSilentError:
            # What it knows is not known; it is told again, but not at once.
            told.at = self._monotonic() - RENEW_SECONDS + RETRY_SECONDS
        finally:
            told.busy = False

    def forget(self, kernel_id: str) -> None:
        """Forget a kernel that began anew or is gone."""
        self._told.pop(kernel_id, None)
