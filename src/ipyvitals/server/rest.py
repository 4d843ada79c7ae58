"""REST: models, one monitor's moment, kernels, and what operators may do."""

from __future__ import annotations

from typing import Any

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from ipyvitals.server.errors import (
    KernelDeclinedError,
    KernelSilentError,
    UnknownKernelError,
)
from ipyvitals.server.hub import Hub
from ipyvitals.server.kernel_state import KernelRecord, MonitorRecord
from ipyvitals.server.schema import (
    ActionAnswer,
    ActionRequest,
    ErrorAnswer,
    EventsAnswer,
    KernelsAnswer,
    ModelsAnswer,
    SystemAnswer,
    model_row,
)

__all__ = [
    "RESOURCE",
    "ActionHandler",
    "KernelEventsHandler",
    "KernelsHandler",
    "ModelsHandler",
    "SystemHandler",
]

RESOURCE = "ipyvitals"
"""What an authorizer is asked about, with the action ``read`` or ``write``."""


class _Handler(APIHandler):
    auth_resource = RESOURCE
    # Whoever looks at figures does not use the server: it may end when it is idle.
    _track_activity = False

    def initialize(self, hub: Hub) -> None:
        self._hub = hub

    def answer(self, answer: msgspec.Struct | dict[str, Any], status: int = 200) -> None:
        """Send JSON."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(msgspec.json.encode(answer))

    def refuse(self, status: int, message: str) -> None:
        """Send what went wrong."""
        self.answer(ErrorAnswer(message=message), status)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send what went wrong before or beside the handlers' own work."""
        error = kwargs.get("exc_info", (None, None))[1]
        said = getattr(error, "log_message", None) or getattr(error, "reason", None)
        self.refuse(status_code, str(said or self._reason))


class ModelsHandler(_Handler):
    """``GET models``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Send the models of all kernels."""
        await self._hub.refresh(list(self._hub.records))
        self.answer(
            ModelsAnswer(
                models=[
                    model_row(info, kernel_id=record.kernel_id, monitor=name)
                    for record in self._hub.records.values()
                    for name, monitor in record.monitors.items()
                    for info in monitor.snapshot().models
                ]
            )
        )


class SystemHandler(_Handler):
    """``GET monitoring/system[?kernel_id=][&monitor=]``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Send one monitor's moment: of the one asked for, else of the most recently active."""
        kernel_id = self.get_query_argument("kernel_id", None)
        name = self.get_query_argument("monitor", None)
        if kernel_id is not None and kernel_id not in self._hub.records:
            self.refuse(404, f"no kernel {kernel_id!r} on this server")
            return
        if kernel_id is not None:
            await self._hub.refresh([kernel_id])
        elif (newest := self._newest(None, name)) is not None:
            await self._hub.refresh([newest[0].kernel_id])
        chosen = self._newest(kernel_id, name)
        if chosen is None:
            what = "no monitor" if name is None else f"no monitor {name!r}"
            where = "on this server" if kernel_id is None else f"in kernel {kernel_id!r}"
            self.refuse(404, f"{what} {where}")
            return
        record, monitor = chosen
        plain = {**monitor.snapshot().to_dict(), "kernel_id": record.kernel_id}
        self.answer(msgspec.convert(plain, SystemAnswer))

    def _newest(
        self, kernel_id: str | None, name: str | None
    ) -> tuple[KernelRecord, MonitorRecord] | None:
        found = [
            (record, monitor)
            for record in self._hub.records.values()
            for monitor in record.monitors.values()
            if kernel_id in (None, record.kernel_id)
            and monitor.latest is not None
            and name in (None, monitor.latest.monitor)
        ]
        return max(found, key=lambda one: _recency(one[1]), default=None)


class KernelsHandler(_Handler):
    """``GET kernels``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Send all kernels with all that is known of them."""
        await self._hub.compare_sessions()
        await self._hub.refresh(list(self._hub.records))
        self.answer(KernelsAnswer(kernels=self._hub.states()))


class KernelEventsHandler(_Handler):
    """``GET kernels/{id}/events``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, kernel_id: str) -> None:
        """Send the last events of a kernel."""
        record = self._hub.records.get(kernel_id)
        if record is None:
            self.refuse(404, f"no kernel {kernel_id!r} on this server")
            return
        self.answer(EventsAnswer(events=list(record.events)))


class ActionHandler(_Handler):
    """``POST kernels/{id}/{stop_training,acknowledge,reset}``."""

    _track_activity = True

    @web.authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, kernel_id: str, action: Any) -> None:
        """Ask the kernel, and send what it did."""
        try:
            asked = msgspec.json.decode(self.request.body or b"{}", type=ActionRequest)
        except msgspec.MsgspecError as error:
            self.refuse(400, f'expected {{"monitor": name}} or nothing: {error}')
            return
        try:
            reply = await self._hub.ask(kernel_id, action, monitor=asked.monitor)
        except UnknownKernelError as error:
            self.refuse(404, str(error))
        except KernelSilentError as error:
            self.refuse(504, str(error))
        except KernelDeclinedError as error:
            self.refuse(404 if str(error).startswith("no monitor") else 409, str(error))
        else:
            self.answer(ActionAnswer(done=reply.done))


def _recency(monitor: MonitorRecord) -> tuple[bool, float]:
    latest = monitor.latest
    return (not latest.closed, latest.at) if latest is not None else (False, 0.0)
