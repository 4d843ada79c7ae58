"""The server's kernels and sessions, as its managers tell of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from jupyter_core.utils import ensure_async
from jupyter_server.gateway.managers import GatewayMappingKernelManager

from ipyvitals.schema.protocol import REPLY, REQUEST

__all__ = ["Change", "Kernels"]

ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
Change: TypeAlias = Literal["added", "restarted", "dead", "removed"]
OnChange: TypeAlias = Callable[[str, Change], None]
_CHANGES: dict[str, Change] = {"start": "added", "restart": "restarted", "shutdown": "removed"}


class Kernels:
    """Asks and listens to the managers of one Jupyter server.

    Parameters
    ----------
    manager : jupyter_server.services.kernels.kernelmanager.MappingKernelManager
    sessions : jupyter_server.services.sessions.sessionmanager.SessionManager
    event_logger : jupyter_events.EventLogger
        Tells what is done to kernels.
    """

    def __init__(self, manager: Any, sessions: Any, event_logger: Any) -> None:
        self._manager = manager
        self._sessions = sessions
        self._event_logger = event_logger
        self._notebooks: dict[str, tuple[str | None, str | None]] = {}
        self._on_change: OnChange | None = None

    def untrack_questions(self) -> None:
        """Let questions about kernels be no use of them.

        Otherwise a kernel that is asked could never be culled, and a page would show it as idle
        after each answer. JupyterLab reads the list once, when it is loaded itself.
        """
        untracked = getattr(self._manager, "untracked_message_types", None)
        if untracked is not None:
            new = [one for one in (REQUEST, REPLY) if one not in untracked]
            self._manager.untracked_message_types = [*untracked, *new]

    def listen(self, on_change: OnChange) -> None:
        """Tell what happens to kernels from here on."""
        self._on_change = on_change
        self._event_logger.add_listener(schema_id=ACTIONS, listener=self._on_action)

    def unlisten(self) -> None:
        """Tell nothing more."""
        self._on_change = None
        self._event_logger.remove_listener(schema_id=ACTIONS, listener=self._on_action)

    def ids(self) -> list[str]:
        """Return the ids of all kernels."""
        return list(self._manager.list_kernel_ids())

    def get(self, kernel_id: str) -> Any:
        """Return the manager of one kernel."""
        return self._manager.get_kernel(kernel_id)

    def is_starting(self, kernel_id: str) -> bool:
        """Return whether the kernel has no address yet, as where kernels may be pending."""
        if kernel_id not in self._manager:
            return True
        return self.why_unavailable() is None and not getattr(
            self.get(kernel_id), "iopub_port", None
        )

    def why_unavailable(self) -> str | None:
        """Return why no kernel of this server can be listened to; ``None`` where they can."""
        if isinstance(self._manager, GatewayMappingKernelManager):
            return (
                "runs behind a gateway, whose kernels this server cannot listen to; "
                "enable ipyvitals on the server behind it"
            )
        return None

    def watch_restarts(self, kernel_id: str) -> None:
        """Tell of restarts that nobody asked for, and of a kernel that is given up."""
        add = getattr(self.get(kernel_id), "add_restart_callback", None)
        if add is not None:
            add(lambda: self._tell(kernel_id, "restarted"), "restart")
            add(lambda: self._tell(kernel_id, "dead"), "dead")

    def connections(self, kernel_id: str) -> int:
        """Return how many frontends are connected to a kernel."""
        if kernel_id not in self._manager:
            return 0
        count: int = self._manager.kernel_model(kernel_id)["connections"]
        return count

    def path_of(self, kernel_id: str) -> str | None:
        """Return the path of a kernel's notebook."""
        return self._notebooks.get(kernel_id, (None, None))[0]

    def describe(self, kernel_id: str) -> dict[str, Any]:
        """Return what a person knows a kernel by, and how it is."""
        path, name = self._notebooks.get(kernel_id, (None, None))
        kernel = self.get(kernel_id) if kernel_id in self._manager else None
        return {
            "kernel_name": getattr(kernel, "kernel_name", None),
            "path": path,
            "session_name": name,
            "execution_state": getattr(kernel, "execution_state", None),
            "connections": self.connections(kernel_id),
        }

    async def compare_sessions(self) -> set[str]:
        """Look for notebooks that were opened, renamed or closed; return their kernels."""
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
        change = _CHANGES.get(data.get("action", ""))
        if change is not None and data.get("status", "success") == "success":
            self._tell(data["kernel_id"], change)

    def _tell(self, kernel_id: str, change: Change) -> None:
        if self._on_change is not None:
            self._on_change(kernel_id, change)
