"""The wires to all kernels of a server."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ipyvitals.schema.protocol import Reply, Request, Update
from ipyvitals.server.errors import KernelDeclinedError, KernelSilentError
from ipyvitals.server.kernel_connection import KernelConnection
from ipyvitals.server.kernel_manager import Kernels

__all__ = ["KernelConnections"]


class KernelConnections:
    """One link a kernel; where it cannot be opened, the reason.

    Parameters
    ----------
    kernels : Kernels
    take : callable
        Takes the id of a kernel and an update of it.
    drop : callable
        Takes the id of a kernel and the reason for which a message was dropped.
    max_bytes : int
        A larger update is dropped.
    log : logging.Logger
    """

    def __init__(
        self,
        kernels: Kernels,
        *,
        take: Callable[[str, Update], None],
        drop: Callable[[str, str], None],
        max_bytes: int,
        log: logging.Logger,
    ) -> None:
        self._kernels = kernels
        self._take = take
        self._drop = drop
        self._max_bytes = max_bytes
        self._log = log
        self._open: dict[str, KernelConnection] = {}
        self._reasons: dict[str, str] = {}

    def open(self, kernel_id: str) -> None:
        """Listen to a kernel, in place of a link to one that had its id before."""
        self.close(kernel_id)
        reason = self._kernels.why_unavailable()
        if reason is None:
            try:
                self._open[kernel_id] = KernelConnection(
                    self._kernels.get(kernel_id),
                    on_update=lambda update: self._take(kernel_id, update),
                    on_drop=lambda why: self._drop(kernel_id, why),
                    max_bytes=self._max_bytes,
                )
                return
            # Kernels are run by whatever their provisioner is: none may harm the others.
            except Exception as error:
                self._log.warning("ipyvitals: cannot listen to kernel %s", kernel_id, exc_info=True)
                reason = f"its wires cannot be opened: {type(error).__name__}: {error}"
        self._reasons[kernel_id] = reason

    def close(self, kernel_id: str) -> None:
        """Let go of a kernel."""
        self._reasons.pop(kernel_id, None)
        link = self._open.pop(kernel_id, None)
        if link is not None:
            link.close()

    def is_open(self, kernel_id: str) -> bool:
        """Return whether the server listens to a kernel."""
        return kernel_id in self._open

    def why_not(self, kernel_id: str) -> str | None:
        """Return why the server cannot listen to a kernel."""
        return self._reasons.get(kernel_id)

    async def ask(self, kernel_id: str, request: Request, patience: float) -> Reply:
        """Return a kernel's answer.

        Raises
        ------
        KernelSilentError, KernelDeclinedError
        """
        link = self._open.get(kernel_id)
        if link is None:
            raise KernelSilentError(self.why_not(kernel_id) or "the kernel is not connected")
        reply = await link.ask(request, patience)
        if reply.status == "error":
            raise KernelDeclinedError(reply.message)
        return reply
