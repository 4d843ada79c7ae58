"""REST handlers: list models, kernels and events, show one monitor, and run operator actions."""

from __future__ import annotations

from math import isfinite
from typing import Any

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from ipyvitals.server.auth import RESOURCE
from ipyvitals.server.errors import (
    KernelReplyError,
    KernelTimeoutError,
    UnknownKernelError,
)
from ipyvitals.server.hub import Hub
from ipyvitals.server.kernel_state import KernelStateTracker, MonitorStateTracker
from ipyvitals.server.schema import (
    ActionAnswer,
    ActionRequest,
    CurvesAnswer,
    ErrorAnswer,
    EventsAnswer,
    KernelsAnswer,
    ModelsAnswer,
    SystemAnswer,
    model_row,
)

__all__ = [
    "ActionHandler",
    "KernelCurvesHandler",
    "KernelEventsHandler",
    "KernelsHandler",
    "ModelsHandler",
    "SystemHandler",
]

MAX_BODY_BYTES = 16 * 1024


REQUEST_ERRORS = (UnknownKernelError, KernelTimeoutError, KernelReplyError)


class _RestHandler(APIHandler):
    auth_resource = RESOURCE
    # Reading figures is no activity: the server may still be culled when it is idle.
    _track_activity = False

    def initialize(self, hub: Hub) -> None:
        self._hub = hub

    def send(self, answer: msgspec.Struct | dict[str, Any], status: int = 200) -> None:
        """Send an answer as JSON that no cache may store."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(msgspec.json.encode(answer))

    def refuse(self, status: int, message: str) -> None:
        """Send an `ErrorAnswer` with an HTTP status."""
        self.send(ErrorAnswer(message=message), status)

    def refuse_request(self, error: Exception) -> None:
        """Send why a kernel did not do what it was asked."""
        if isinstance(error, KernelTimeoutError):
            self.refuse(504, str(error))
        elif isinstance(error, UnknownKernelError) or str(error).startswith("no monitor"):
            self.refuse(404, str(error))
        else:
            self.refuse(409, str(error))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send errors that are raised outside the handler methods in the same shape."""
        error = kwargs.get("exc_info", (None, None))[1]
        message = getattr(error, "log_message", None) or getattr(error, "reason", None)
        self.refuse(status_code, str(message or self._reason))


class ModelsHandler(_RestHandler):
    """``GET models``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Send the models of all kernels."""
        await self._hub.refresh(list(self._hub.kernels))
        self.send(
            ModelsAnswer(
                models=[
                    model_row(info, kernel_id=kernel.kernel_id, monitor=name)
                    for kernel in self._hub.kernels.values()
                    for name, monitor in kernel.monitors.items()
                    for info in monitor.snapshot().models
                ]
            )
        )


class SystemHandler(_RestHandler):
    """``GET monitoring/system[?kernel_id=][&monitor=]``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Send the snapshot of the requested monitor, by default the most recently active one."""
        kernel_id = self.get_query_argument("kernel_id", None)
        name = self.get_query_argument("monitor", None)
        if kernel_id is not None and kernel_id not in self._hub.kernels:
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
        kernel, monitor = chosen
        plain = {**monitor.snapshot().to_dict(), "kernel_id": kernel.kernel_id}
        self.send(msgspec.convert(plain, SystemAnswer))

    def _newest(
        self, kernel_id: str | None, name: str | None
    ) -> tuple[KernelStateTracker, MonitorStateTracker] | None:
        matches = [
            (kernel, monitor)
            for kernel in self._hub.kernels.values()
            for monitor in kernel.monitors.values()
            if kernel_id in (None, kernel.kernel_id)
            and monitor.latest is not None
            and name in (None, monitor.latest.monitor)
        ]
        return max(matches, key=lambda one: _recency(one[1]), default=None)


class KernelsHandler(_RestHandler):
    """``GET kernels``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self) -> None:
        """Send the full state of all kernels."""
        await self._hub.update_sessions()
        await self._hub.refresh(list(self._hub.kernels))
        self.send(KernelsAnswer(kernels=self._hub.states()))


class KernelEventsHandler(_RestHandler):
    """``GET kernels/{id}/events``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, kernel_id: str) -> None:
        """Send the last events of a kernel."""
        kernel = self._hub.kernels.get(kernel_id)
        if kernel is None:
            self.refuse(404, f"no kernel {kernel_id!r} on this server")
            return
        self.send(EventsAnswer(events=list(kernel.events)))


class KernelCurvesHandler(_RestHandler):
    """``GET kernels/{id}/curves[?monitor=][&run_id=][&metric=][&first_step=][&last_step=]``."""

    @web.authenticated
    @authorized("read", resource=RESOURCE)
    async def get(self, kernel_id: str) -> None:
        """Request the curves from the kernel, and send them; none if it does not answer."""
        names = ("monitor", "run_id", "metric")
        fields: dict[str, Any] = {name: self.get_query_argument(name, None) for name in names}
        try:
            for name in ("first_step", "last_step"):
                fields[name] = _step(self.get_query_argument(name, None))
        except ValueError:
            self.refuse(400, f"{name}: expected a finite number")
            return
        try:
            reply = await self._hub.request(kernel_id, "curves", **fields)
        except KernelTimeoutError:
            self.send(CurvesAnswer(curves=[]))
        except REQUEST_ERRORS as error:
            self.refuse_request(error)
        else:
            self.send(CurvesAnswer(curves=reply.curves))


class ActionHandler(_RestHandler):
    """``POST kernels/{id}/{stop_training,acknowledge,reset}``."""

    _track_activity = True

    @web.authenticated
    @authorized("write", resource=RESOURCE)
    async def post(self, kernel_id: str, action: Any) -> None:
        """Request the action from the kernel, and send how much it did."""
        if len(self.request.body) > MAX_BODY_BYTES:
            self.refuse(413, f"expected a body of at most {MAX_BODY_BYTES} bytes")
            return
        try:
            body = msgspec.json.decode(self.request.body or b"{}", type=ActionRequest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.refuse(400, f'expected {{"monitor": name}} or nothing: {error}')
            return
        try:
            fields = {} if body.run_id is None else {"run_id": body.run_id}
            reply = await self._hub.request(kernel_id, action, monitor=body.monitor, **fields)
        except REQUEST_ERRORS as error:
            self.refuse_request(error)
        else:
            self.send(ActionAnswer(done=reply.done))


def _step(text: str | None) -> float | None:
    step = None if text is None else float(text)
    if step is not None and not isfinite(step):
        raise ValueError
    return step


def _recency(monitor: MonitorStateTracker) -> tuple[bool, float]:
    """Return a sort key: open monitors after closed ones, then by the time of the last update."""
    latest = monitor.latest
    return (not latest.closed, latest.at) if latest is not None else (False, 0.0)
