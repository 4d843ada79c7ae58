"""Sends viewer counts to kernels, so that kernels without viewers send fewer messages."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ipyvitals.server.errors import KernelTimeoutError

__all__ = ["ViewerCountSender"]

RENEW_SECONDS = 60.0
"""Interval between repeated counts; a kernel discards a count after three times as long."""
RETRY_SECONDS = 5.0


@dataclass
class _SentCount:
    count: int
    at: float
    in_flight: bool = True


class ViewerCountSender:
    """Sends a kernel its viewer count when the count changes, and every 60 s.

    Parameters
    ----------
    count : callable
        Takes the id of a kernel and returns its number of viewers.
    send : callable
        Takes the id of a kernel and a count and sends it; raises `KernelTimeoutError` when the
        kernel does not reply.
    monotonic : callable
        Returns seconds.
    """

    def __init__(
        self,
        count: Callable[[str], int],
        send: Callable[[str, int], Awaitable[object]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._send = send
        self._monotonic = monotonic
        self._sent: dict[str, _SentCount] = {}

    def is_due(self, kernel_id: str) -> bool:
        """Return whether the kernel needs its count now."""
        sent = self._sent.get(kernel_id)
        if sent is None:
            return True
        expired = self._monotonic() - sent.at >= RENEW_SECONDS
        return not sent.in_flight and (expired or sent.count != self._count(kernel_id))

    async def send(self, kernel_id: str) -> None:
        """Send the kernel its current count."""
        sent = self._sent[kernel_id] = _SentCount(self._count(kernel_id), self._monotonic())
        try:
            await self._send(kernel_id, sent.count)
        except KernelTimeoutError:
            # The kernel may or may not have received the count: it is due again after a delay.
            sent.at = self._monotonic() - RENEW_SECONDS + RETRY_SECONDS
        finally:
            sent.in_flight = False

    def forget(self, kernel_id: str) -> None:
        """Forget a kernel that restarted or ended."""
        self._sent.pop(kernel_id, None)
