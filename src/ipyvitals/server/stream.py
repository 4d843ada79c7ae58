"""WebSocket handler: sends the state of all kernels, then every change."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from ipyvitals.schema import EVENT_TYPES
from ipyvitals.server.auth import RESOURCE, check_may_read
from ipyvitals.server.broadcast import EncodedMessage
from ipyvitals.server.client_queue import ClientQueue
from ipyvitals.server.hub import Hub
from ipyvitals.server.schema import (
    ClientMessage,
    HiddenMessage,
    MissedMessage,
    ResumeMessage,
    StateMessage,
    VisibleMessage,
)

__all__ = ["EventStreamHandler"]

TYPES = frozenset({"update", *EVENT_TYPES})
CLIENT_MESSAGE_BYTES = 4096
MAX_ID_DIGITS = 18
UNSUPPORTED, TRY_AGAIN = 1003, 1013
"""Close codes of RFC 6455 and its registry."""


class EventStreamHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``GET {base_url}ipyvitals/api/events[?kernel_id=][&types=a,b][&since=ID][&stream=NAME]``."""

    auth_resource = RESOURCE

    def initialize(self, hub: Hub, client_messages: int, max_clients: int) -> None:
        """Store the arguments of the route."""
        self._hub = hub
        self._max_clients = max_clients
        self._client_queue = ClientQueue(client_messages)
        self._writing: asyncio.Task[None] | None = None
        self.visible = True

    @property
    def max_message_size(self) -> int:
        """Maximum size of one message of the client, in bytes."""
        return CLIENT_MESSAGE_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Check access and the query, then open the WebSocket."""
        await check_may_read(self)
        self._kernel_id = self.get_query_argument("kernel_id", None)
        self._types = self._requested_types()
        self._since = self._requested_since()
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Queue the state, or the messages since the client's last connection, and write them."""
        super().open(*args, **kwargs)
        if len(self._hub.broadcaster.subscribers) >= self._max_clients:
            self.close(TRY_AGAIN, f"all {self._max_clients} places are taken; try again later")
            return
        self._resume(self._since)
        self._writing = self._hub.background.spawn(self._write())

    def on_message(self, message: str | bytes) -> None:
        """Handle a `ClientMessage`; close the connection on any other message."""
        try:
            decoded = msgspec.json.decode(message, type=ClientMessage)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            reason = f'expected {{"type": "resume" | "hidden" | "visible"}}: {error}'
            self.close(UNSUPPORTED, reason.encode()[:120].decode(errors="ignore"))
            return
        match decoded:
            case ResumeMessage(since):
                self._resume(since)
            case HiddenMessage():
                self.visible = False
            case VisibleMessage():
                self.visible = True

    def on_close(self) -> None:
        """Unsubscribe and stop writing."""
        self._hub.broadcaster.subscribers.discard(self)
        if self._writing is not None:
            self._writing.cancel()
        super().on_close()

    def wants_kernel(self, kernel_id: str) -> bool:
        """Return whether the client receives messages of this kernel."""
        return self._kernel_id in (None, kernel_id)

    def deliver(self, message: EncodedMessage) -> None:
        """Queue a message of the broadcaster if the client wants its kernel and type."""
        if self.wants_kernel(message.kernel_id) and self._wants_type(message.type):
            self._client_queue.put(message)

    def _wants_type(self, type: str) -> bool:
        return type == "kernel" or type in self._types

    def _requested_types(self) -> frozenset[str]:
        given = self.get_query_argument("types", "")
        if not given:
            return TYPES
        types = frozenset(filter(None, map(str.strip, given.split(","))))
        if not types <= TYPES | {"state", "kernel", "missed"}:
            raise web.HTTPError(400, f"expected types among {', '.join(sorted(TYPES))}")
        return types

    def _requested_since(self) -> int | None:
        since = self.get_query_argument("since", None)
        if since is None or self.get_query_argument("stream", None) not in (
            None,
            self._hub.broadcaster.stream_id,
        ):
            return None
        if not since.isascii() or not since.isdigit():
            raise web.HTTPError(400, "expected since to be the id of a message")
        # A number of more digits is no id of this stream: the client receives the whole state.
        return int(since) if len(since) <= MAX_ID_DIGITS else None

    def _resume(self, since: int | None) -> None:
        """Queue the messages after `since`, or the whole state when they are not buffered."""
        broadcaster = self._hub.broadcaster
        self._client_queue.clear()
        self._client_queue.take_missed()
        missing = broadcaster.messages_since(since) if since is not None else None
        broadcaster.subscribers.add(self)
        if missing is None:
            self._client_queue.put_first(self._state())
        for message in missing or ():
            self.deliver(message)

    def _state(self) -> bytes:
        broadcaster = self._hub.broadcaster
        return msgspec.json.encode(
            StateMessage(
                id=broadcaster.last_id,
                stream=broadcaster.stream_id,
                kernels=self._hub.states(self._kernel_id),
            )
        )

    async def _write(self) -> None:
        """Write queued messages, no faster than the client reads."""
        try:
            while True:
                await self._client_queue.wait()
                if (first := self._client_queue.take_first()) is not None:
                    await self._write_all([first])
                if missed := self._client_queue.take_missed():
                    notice = MissedMessage(id=self._hub.broadcaster.last_id, count=missed)
                    await self._write_all([msgspec.json.encode(notice), self._state()])
                await self._write_all(self._client_queue.take_all())
        except WebSocketClosedError:
            self._hub.broadcaster.subscribers.discard(self)

    async def _write_all(self, messages: list[bytes]) -> None:
        for data in messages:
            await self.write_message(data)
            self._client_queue.note_written()
