"""The WebSocket: the state of all kernels, then everything that happens to them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from ipyvitals.schema import EVENT_TYPES
from ipyvitals.server.broadcast import Entry
from ipyvitals.server.client_queue import ClientQueue
from ipyvitals.server.hub import Hub
from ipyvitals.server.rest import RESOURCE
from ipyvitals.server.schema import (
    ClientMessage,
    Hidden,
    MissedMessage,
    Resume,
    StateMessage,
    Visible,
)

__all__ = ["EventsHandler"]

TYPES = frozenset({"update", *EVENT_TYPES})
CLIENT_MESSAGE_BYTES = 4096
UNSUPPORTED, TRY_AGAIN = 1003, 1013
"""Close codes of RFC 6455 and its registry."""


class EventsHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """``GET {base_url}ipyvitals/api/events[?kernel_id=][&types=a,b][&since=ID][&stream=NAME]``."""

    auth_resource = RESOURCE

    def initialize(self, hub: Hub, client_messages: int, max_clients: int) -> None:
        """Take what the routes hand over."""
        self._hub = hub
        self._max_clients = max_clients
        self._outbox = ClientQueue(client_messages)
        self._writing: asyncio.Task[None] | None = None
        self.visible = True

    @property
    def max_message_size(self) -> int:
        """Bytes that a client may say at once."""
        return CLIENT_MESSAGE_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the stream."""
        allowed = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, "read", RESOURCE)
        )
        if not allowed:
            raise web.HTTPError(403, f"not authorized to read {RESOURCE}")
        self._kernel_id = self.get_query_argument("kernel_id", None)
        self._types = self._wanted_types()
        self._since = self._resume_from()
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Begin with the state, or with what happened since the client was here before."""
        super().open(*args, **kwargs)
        if len(self._hub.feed.subscribers) >= self._max_clients:
            self.close(TRY_AGAIN, f"all {self._max_clients} places are taken; try again later")
            return
        self._resume(self._since)
        self._writing = self._hub.background.spawn(self._write())

    def on_message(self, message: str | bytes) -> None:
        """Take what a client may say, and nothing else."""
        try:
            said = msgspec.json.decode(message, type=ClientMessage)
        except msgspec.MsgspecError as error:
            reason = f'expected {{"type": "resume" | "hidden" | "visible"}}: {error}'
            self.close(UNSUPPORTED, reason.encode()[:120].decode(errors="ignore"))
            return
        match said:
            case Resume(since):
                self._resume(since)
            case Hidden():
                self.visible = False
            case Visible():
                self.visible = True

    def on_close(self) -> None:
        """Stop."""
        self._hub.feed.subscribers.discard(self)
        if self._writing is not None:
            self._writing.cancel()
        super().on_close()

    def wants_kernel(self, kernel_id: str) -> bool:
        """Return whether the client hears of this kernel."""
        return self._kernel_id in (None, kernel_id)

    def take(self, entry: Entry) -> None:
        """Take a message of the feed."""
        if self.wants_kernel(entry.kernel_id) and self._wants_type(entry.type):
            self._outbox.put(entry)

    def _wants_type(self, type: str) -> bool:
        return type == "kernel" or type in self._types

    def _wanted_types(self) -> frozenset[str]:
        given = self.get_query_argument("types", "")
        if not given:
            return TYPES
        types = frozenset(filter(None, map(str.strip, given.split(","))))
        if not types <= TYPES | {"state", "kernel", "missed"}:
            raise web.HTTPError(400, f"expected types among {', '.join(sorted(TYPES))}")
        return types

    def _resume_from(self) -> int | None:
        since = self.get_query_argument("since", None)
        if since is None or self.get_query_argument("stream", None) not in (
            None,
            self._hub.feed.name,
        ):
            return None
        if not since.isascii() or not since.isdigit():
            raise web.HTTPError(400, "expected since to be the id of a message")
        return int(since)

    def _resume(self, since: int | None) -> None:
        """Queue what the client lacks; everything, when that is not known any more."""
        feed = self._hub.feed
        self._outbox.clear()
        self._outbox.take_missed()
        lacking = feed.since(since) if since is not None else None
        feed.subscribers.add(self)
        if lacking is None:
            self._outbox.put(Entry(feed.number, "state", "", self._state()))
        for entry in lacking or ():
            self.take(entry)

    def _state(self) -> bytes:
        feed = self._hub.feed
        kernels = self._hub.states(self._kernel_id)
        return msgspec.json.encode(StateMessage(id=feed.number, stream=feed.name, kernels=kernels))

    async def _write(self) -> None:
        """Write what waits, no faster than the client reads."""
        try:
            while True:
                await self._outbox.filled()
                if missed := self._outbox.take_missed():
                    told = MissedMessage(id=self._hub.feed.number, count=missed)
                    state = self._state()
                    await self.write_message(msgspec.json.encode(told))
                    await self.write_message(state)
                for data in self._outbox.take():
                    await self.write_message(data)
        except WebSocketClosedError:
            self._hub.feed.subscribers.discard(self)
