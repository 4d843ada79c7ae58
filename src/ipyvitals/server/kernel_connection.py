"""Connects to kernels: receives their broadcasts, and sends requests on the control channel.

The control channel replies while a cell runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import zmq
from jupyter_client.session import Session
from msgspec.structs import replace
from zmq.eventloop.zmqstream import ZMQStream

from ipyvitals.schema.decoding import LenientDecoder, parse_json
from ipyvitals.schema.protocol import COMM_ID, REPLY, REQUEST, Reply, Request, Update
from ipyvitals.server.errors import KernelReplyError, KernelTimeoutError
from ipyvitals.server.kernel_manager import KernelManagerAdapter

__all__ = ["KernelConnection", "KernelConnections"]

TOPIC = f"comm-{COMM_ID}".encode()
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""ZeroMQ itself disconnects from a kernel that sends a larger message; `Hub` reconnects."""
MAX_QUEUED_MESSAGES = 16
MAX_UPDATES_OF_REPLY = 32
"""As many as monitors of one kernel are tracked."""

_update_decoder = LenientDecoder(Update)
_reply_decoder = LenientDecoder(Reply)


class KernelConnection:
    """Receives the updates of one kernel and sends it requests.

    Parameters
    ----------
    manager : jupyter_client.KernelManager
        The manager of the kernel.
    on_update : callable
        Takes each valid update.
    on_drop : callable
        Takes the reason for which something was dropped, and how much: messages that are
        ``"oversized"``, ``"malformed"`` or ``"forged"``, and single values that are ``"invalid"``.
    max_bytes : int
        Larger updates are dropped, also those in a reply.
    """

    def __init__(
        self,
        manager: Any,
        *,
        on_update: Callable[[Update], None],
        on_drop: Callable[[str, int], None],
        max_bytes: int,
    ) -> None:
        self._manager = manager
        self._on_update = on_update
        self._on_drop = on_drop
        self._max_bytes = max_bytes
        # A Session of its own: it takes a message that another one has seen for a replay.
        self._session = Session(
            key=manager.session.key, signature_scheme=manager.session.signature_scheme
        )
        self._pending: dict[str, asyncio.Future[bytes]] = {}
        self._control: ZMQStream | None = None
        self._iopub = _bounded_stream(manager.connect_iopub(), topic=TOPIC)
        self._iopub.on_recv(self._on_broadcast)

    async def request(self, request: Request, timeout_seconds: float) -> Reply:
        """Send a request and return the kernel's reply.

        Raises
        ------
        KernelTimeoutError
            When no reply arrives within `timeout_seconds`, or the connection is closed.
        """
        if self._control is None:
            self._control = _bounded_stream(self._manager.connect_control())
            self._control.on_recv(self._on_reply)
        message = self._session.msg(REQUEST, content=msgspec.to_builtins(request))
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._pending[message["header"]["msg_id"]] = reply
        try:
            self._session.send(self._control, message)
            async with asyncio.timeout(timeout_seconds):
                content = await reply
        except TimeoutError:
            self._close_control()
            raise KernelTimeoutError(
                f"the kernel did not answer within {timeout_seconds:g} s; "
                "it may run no ipyvitals monitor"
            ) from None
        finally:
            del self._pending[message["header"]["msg_id"]]
        return await self._read(content)

    async def _read(self, content: bytes) -> Reply:
        """Return a reply; a large one takes half a second, so that a thread decodes it."""
        try:
            decoded = await asyncio.to_thread(_decode_reply, content, self._max_bytes)
        except (ValueError, TypeError, RecursionError):
            self._on_drop("malformed", 1)
            raise KernelTimeoutError("the kernel's answer cannot be read") from None
        for reason, count in decoded.dropped.items():
            if count:
                self._on_drop(reason, count)
        return decoded.reply

    def close(self, reason: str) -> None:
        """Close the sockets; pending requests fail with `KernelTimeoutError` and the reason."""
        for stream in (self._iopub, self._control):
            if stream is not None and not stream.closed():
                stream.on_recv(None)
                stream.close(linger=0)
        for reply in self._pending.values():
            if not reply.done():
                reply.set_exception(KernelTimeoutError(reason))

    def _close_control(self) -> None:
        # If ZeroMQ has disconnected, the next request connects again.
        if len(self._pending) == 1 and self._control is not None:
            self._control.close(linger=0)
            self._control = None

    def _on_broadcast(self, parts: list[bytes]) -> None:
        if sum(map(len, parts)) > self._max_bytes:
            self._on_drop("oversized", 1)
            return
        header, content = self._verified(parts)
        if header.get("msg_type") != "comm_msg":
            return
        try:
            message = parse_json(content)
            if message["comm_id"] != COMM_ID:
                return
            decoded = _update_decoder.decode(message["data"])
        # `InvalidValueError` and errors of the parser are kinds of `ValueError`.
        except (ValueError, TypeError, LookupError, RecursionError):
            self._on_drop("malformed", 1)
            return
        if decoded.invalid:
            self._on_drop("invalid", decoded.invalid)
        self._on_update(decoded.value)

    def _on_reply(self, parts: list[bytes]) -> None:
        header, content = self._verified(parts)
        reply = self._pending.get(header.get("parent", ""))
        if header.get("msg_type") != REPLY or reply is None or reply.done():
            return
        if len(content) > self._max_bytes * MAX_UPDATES_OF_REPLY:
            self._on_drop("oversized", 1)
            reply.set_exception(KernelTimeoutError("the kernel's answer is too large"))
            return
        reply.set_result(content)

    def _verified(self, parts: list[bytes]) -> tuple[dict[str, str], bytes]:
        """Check the signature; return message type and parent id, and the content.

        Both are empty when the message was dropped.
        """
        try:
            _, signed = self._session.feed_identities(parts)
            message = self._session.deserialize(signed, content=False)
            header, parent = message["header"], message["parent_header"]
            summary = {"msg_type": header["msg_type"], "parent": parent.get("msg_id", "")}
        # A kernel may send any bytes, so parsing them may raise anything.
        except Exception as error:
            forged = "ignature" in str(error)
            self._on_drop("forged" if forged else "malformed", 1)
            return {}, b""
        return summary, message["content"]


class _DecodedReply(NamedTuple):
    """A reply, and how much of it was dropped, by reason."""

    reply: Reply
    dropped: dict[str, int]


def _decode_reply(content: bytes, max_bytes: int) -> _DecodedReply:
    """Return a reply without the updates that a broadcast could not have brought either."""
    decoded = _reply_decoder.decode(parse_json(content))
    reply = decoded.value
    updates = [
        update
        for update in reply.monitors[:MAX_UPDATES_OF_REPLY]
        if len(msgspec.json.encode(update)) <= max_bytes
    ]
    dropped = {"invalid": decoded.invalid, "oversized": len(reply.monitors) - len(updates)}
    return _DecodedReply(replace(reply, monitors=updates), dropped)


class KernelConnections:
    """Opens and closes one connection per kernel; records why a connection cannot be opened.

    Parameters
    ----------
    kernel_manager : KernelManagerAdapter
    on_update : callable
        Takes the id of a kernel and a valid update of it.
    on_drop : callable
        Takes the id of a kernel, the reason for which something was dropped, and how much.
    max_bytes : int
        Larger updates are dropped.
    log : logging.Logger
    """

    def __init__(
        self,
        kernel_manager: KernelManagerAdapter,
        *,
        on_update: Callable[[str, Update], None],
        on_drop: Callable[[str, str, int], None],
        max_bytes: int,
        log: logging.Logger,
    ) -> None:
        self._kernel_manager = kernel_manager
        self._on_update = on_update
        self._on_drop = on_drop
        self._max_bytes = max_bytes
        self._log = log
        self._open: dict[str, KernelConnection] = {}
        self._unavailable: dict[str, str] = {}

    def open(self, kernel_id: str) -> None:
        """Connect to a kernel; closes an earlier connection under that id."""
        self.close(kernel_id, "the connection to the kernel was renewed before it answered")
        reason = self._kernel_manager.unavailable_reason()
        if reason is None:
            try:
                self._open[kernel_id] = KernelConnection(
                    self._kernel_manager.get(kernel_id),
                    on_update=lambda update: self._on_update(kernel_id, update),
                    on_drop=lambda why, count: self._on_drop(kernel_id, why, count),
                    max_bytes=self._max_bytes,
                )
                return
            # Provisioners are third-party code: a failing one must not affect other kernels.
            except Exception as error:
                self._log.warning("ipyvitals: cannot listen to kernel %s", kernel_id, exc_info=True)
                reason = f"its wires cannot be opened: {type(error).__name__}: {error}"
        self._unavailable[kernel_id] = reason

    def close(self, kernel_id: str, reason: str = "the kernel ended before it answered") -> None:
        """Close the connection to a kernel, if there is one; `reason` fails pending requests."""
        self._unavailable.pop(kernel_id, None)
        connection = self._open.pop(kernel_id, None)
        if connection is not None:
            connection.close(reason)

    def is_open(self, kernel_id: str) -> bool:
        """Return whether the server is connected to a kernel."""
        return kernel_id in self._open

    def unavailable_reason(self, kernel_id: str) -> str | None:
        """Return why the server cannot connect to a kernel; ``None`` when it can."""
        return self._unavailable.get(kernel_id)

    async def request(self, kernel_id: str, request: Request, timeout_seconds: float) -> Reply:
        """Send a request and return the kernel's reply.

        Raises
        ------
        KernelTimeoutError
            When the kernel is not connected, or no reply arrives within `timeout_seconds`.
        KernelReplyError
            When the kernel replies with an error.
        """
        connection = self._open.get(kernel_id)
        if connection is None:
            raise KernelTimeoutError(
                self.unavailable_reason(kernel_id) or "the kernel is not connected"
            )
        reply = await connection.request(request, timeout_seconds)
        if reply.status == "error":
            raise KernelReplyError(reply.message)
        return reply


def _bounded_stream(socket: Any, topic: bytes | None = None) -> ZMQStream:
    """Return a stream with bounds, which ZeroMQ applies only to connections made afterwards."""
    stream = socket if isinstance(socket, ZMQStream) else ZMQStream(socket)
    raw = stream.socket
    endpoint = raw.get_string(zmq.LAST_ENDPOINT).rstrip("\0")
    raw.disconnect(endpoint)
    raw.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    raw.setsockopt(zmq.RCVHWM, MAX_QUEUED_MESSAGES)
    raw.linger = 0
    if topic is not None:
        raw.setsockopt(zmq.UNSUBSCRIBE, b"")
        raw.setsockopt(zmq.SUBSCRIBE, topic)
    raw.connect(endpoint)
    return stream
