"""Adapts the kernel and session managers of one Jupyter server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from jupyter_core.utils import ensure_async
from jupyter_server.gateway.managers import GatewayMappingKernelManager
from traitlets import TraitError

from ipyvitals.schema.protocol import REPLY, REQUEST

__all__ = ["KernelManagerAdapter", "LifecycleChange"]

ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
LifecycleChange: TypeAlias = Literal["added", "died", "restarted", "dead", "removed"]
"""``"died"``: the process ended by itself, and is restarted automatically."""
LifecycleCallback: TypeAlias = Callable[[str, LifecycleChange], None]
_CHANGE_OF_ACTION: dict[str, LifecycleChange] = {
    "start": "added",
    "restart": "restarted",
    "shutdown": "removed",
}


class KernelManagerAdapter:
    """Lists and describes the kernels of one Jupyter server, and reports lifecycle changes.

    Parameters
    ----------
    manager : jupyter_server.services.kernels.kernelmanager.MappingKernelManager
    sessions : jupyter_server.services.sessions.sessionmanager.SessionManager
    event_logger : jupyter_events.EventLogger
        Emits the server's kernel actions: start, restart, shutdown.
    """

    def __init__(self, manager: Any, sessions: Any, event_logger: Any) -> None:
        self._manager = manager
        self._sessions = sessions
        self._event_logger = event_logger
        self._notebooks: dict[str, tuple[str | None, str | None]] = {}
        self._on_change: LifecycleCallback | None = None

    def untrack_requests(self) -> None:
        """Exclude requests to kernels, and their replies, from activity tracking.

        Otherwise a kernel that receives requests could never be culled, and a page would show it
        as idle after each reply. JupyterLab reads the list once, when it is loaded itself.
        """
        untracked = getattr(self._manager, "untracked_message_types", None)
        if untracked is not None:
            new = [one for one in (REQUEST, REPLY) if one not in untracked]
            self._manager.untracked_message_types = [*untracked, *new]

    def subscribe(self, on_change: LifecycleCallback) -> None:
        """Call `on_change` with the kernel id and the change at each lifecycle change."""
        self._on_change = on_change
        self._event_logger.add_listener(schema_id=ACTIONS, listener=self._on_action)

    def unsubscribe(self) -> None:
        """End the subscription."""
        self._on_change = None
        self._event_logger.remove_listener(schema_id=ACTIONS, listener=self._on_action)

    def ids(self) -> list[str]:
        """Return the ids of all kernels."""
        return list(self._manager.list_kernel_ids())

    def get(self, kernel_id: str) -> Any:
        """Return the `jupyter_client.KernelManager` of one kernel."""
        return self._manager.get_kernel(kernel_id)

    def is_starting(self, kernel_id: str) -> bool:
        """Return whether the kernel has no address yet, as a pending kernel."""
        if kernel_id not in self._manager:
            return True
        return self.unavailable_reason() is None and not getattr(
            self.get(kernel_id), "iopub_port", None
        )

    def unavailable_reason(self) -> str | None:
        """Return why this server cannot connect to its kernels; ``None`` where it can."""
        if isinstance(self._manager, GatewayMappingKernelManager):
            return (
                "runs behind a gateway, whose kernels this server cannot listen to; "
                "enable ipyvitals on the server behind it"
            )
        return None

    def watch_restarts(self, kernel_id: str) -> None:
        """Report automatic restarts of a kernel, and its death when restarting fails."""
        add = getattr(self.get(kernel_id), "add_restart_callback", None)
        if add is not None:
            add(lambda: self._report(kernel_id, "died"), "restart")
            add(lambda: self._report(kernel_id, "dead"), "dead")

    def exit_code(self, kernel_id: str) -> int | None:
        """Return the exit status of a kernel's process that ended; ``None`` if it is not known.

        A signal is its number below zero. The status is known until the kernel is restarted, which
        follows the callback at once: a provisioner that has to wait for the status is not asked.
        """
        if kernel_id not in self._manager:
            return None
        provisioner = getattr(self.get(kernel_id), "provisioner", None)
        # Without a process, a provisioner answers 0.
        if provisioner is None or not provisioner.has_process:
            return None
        polling = provisioner.poll()
        status = None
        try:
            polling.send(None)
        except StopIteration as answer:
            status = answer.value
        finally:
            polling.close()
        return status if isinstance(status, int) else None

    def connections(self, kernel_id: str) -> int:
        """Return how many frontends are connected to a kernel."""
        if kernel_id not in self._manager:
            return 0
        try:
            count: int = self._manager.kernel_model(kernel_id)["connections"]
        # A kernel that is still starting has no `last_activity` yet, which its model includes.
        except (AttributeError, TraitError):
            return 0
        return count

    def path_of(self, kernel_id: str) -> str | None:
        """Return the path of a kernel's notebook."""
        return self._notebooks.get(kernel_id, (None, None))[0]

    def describe(self, kernel_id: str) -> dict[str, Any]:
        """Return name, notebook, session, execution state and connections of a kernel."""
        path, name = self._notebooks.get(kernel_id, (None, None))
        kernel = self.get(kernel_id) if kernel_id in self._manager else None
        return {
            "kernel_name": getattr(kernel, "kernel_name", None),
            "path": path,
            "session_name": name,
            "execution_state": getattr(kernel, "execution_state", None),
            "connections": self.connections(kernel_id),
        }

    async def update_sessions(self) -> set[str]:
        """List the sessions; return the kernels whose notebook was opened, renamed or closed."""
        found = {}
        for session in await ensure_async(self._sessions.list_sessions()):
            if (kernel := session.get("kernel")) is not None:
                found[kernel["id"]] = (session.get("path") or None, session.get("name") or None)
        before, self._notebooks = self._notebooks, found
        return {
            kernel_id
            for kernel_id in before.keys() | found.keys()
            if before.get(kernel_id) != found.get(kernel_id)
        }

    async def _on_action(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        change = _CHANGE_OF_ACTION.get(data.get("action", ""))
        if change is not None and data.get("status", "success") == "success":
            self._report(data["kernel_id"], change)

    def _report(self, kernel_id: str, change: LifecycleChange) -> None:
        if self._on_change is not None:
            self._on_change(kernel_id, change)
