"""One kernel's wires: its broadcasts, and the control channel, which answers while a cell runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import zmq
from jupyter_client.session import Session
from zmq.eventloop.zmqstream import ZMQStream

from ipyvitals.schema.protocol import COMM_ID, REPLY, REQUEST, Reply, Request, Update
from ipyvitals.server.errors import KernelSilentError

__all__ = ["KernelConnection"]

TOPIC = f"comm-{COMM_ID}".encode()
WIRE_BYTES = 64 * 1024 * 1024
"""ZeroMQ itself hangs up on a kernel that sends a larger message; `Hub` connects again."""
QUEUED_MESSAGES = 16


class _CommMessage(msgspec.Struct, frozen=True):
    comm_id: str
    data: msgspec.Raw


class KernelConnection:
    """Listens to one kernel and asks it.

    Parameters
    ----------
    manager : jupyter_client.KernelManager
        Of the kernel.
    on_update : callable
        Takes each update that is sound.
    on_drop : callable
        Takes the reason for which a message was dropped.
    max_bytes : int
        A larger update is dropped.
    """

    def __init__(
        self,
        manager: Any,
        *,
        on_update: Callable[[Update], None],
        on_drop: Callable[[str], None],
        max_bytes: int,
    ) -> None:
        self._manager = manager
        self._on_update = on_update
        self._on_drop = on_drop
        self._max_bytes = max_bytes
        # Its own: what another Session has seen, this one would take for a replay.
        self._session = Session(
            key=manager.session.key, signature_scheme=manager.session.signature_scheme
        )
        self._asked: dict[str, asyncio.Future[Reply]] = {}
        self._control: ZMQStream | None = None
        self._broadcast = _connected(manager.connect_iopub(), topic=TOPIC)
        self._broadcast.on_recv(self._hear)

    async def ask(self, request: Request, patience: float) -> Reply:
        """Return the kernel's answer.

        Raises
        ------
        KernelSilentError
            When none came within `patience` seconds.
        """
        if self._control is None:
            self._control = _connected(self._manager.connect_control())
            self._control.on_recv(self._hear_reply)
        message = self._session.msg(REQUEST, content=msgspec.to_builtins(request))
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[message["header"]["msg_id"]] = answer
        try:
            self._session.send(self._control, message)
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError:
            self._hang_up()
            raise KernelSilentError(
                f"the kernel did not answer within {patience:g} s; it may run no ipyvitals monitor"
            ) from None
        finally:
            del self._asked[message["header"]["msg_id"]]

    def close(self) -> None:
        """Close the wires; whoever waits for an answer is told."""
        for stream in (self._broadcast, self._control):
            if stream is not None and not stream.closed():
                stream.on_recv(None)
                stream.close(linger=0)
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(KernelSilentError("the kernel ended before it answered"))

    def _hang_up(self) -> None:
        # Should ZeroMQ have hung up, the next question connects anew.
        if len(self._asked) == 1 and self._control is not None:
            self._control.close(linger=0)
            self._control = None

    def _hear(self, parts: list[bytes]) -> None:
        if sum(map(len, parts)) > self._max_bytes:
            self._on_drop("oversized")
            return
        header, content = self._opened(parts)
        if header.get("msg_type") != "comm_msg":
            return
        try:
            message = msgspec.json.decode(content, type=_CommMessage)
            if message.comm_id != COMM_ID:
                return
            update = msgspec.json.decode(message.data, type=Update)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._on_drop("malformed")
            return
        self._on_update(update)

    def _hear_reply(self, parts: list[bytes]) -> None:
        header, content = self._opened(parts)
        answer = self._asked.get(header.get("parent", ""))
        if header.get("msg_type") != REPLY or answer is None or answer.done():
            return
        try:
            answer.set_result(msgspec.json.decode(content, type=Reply))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._on_drop("malformed")

    def _opened(self, parts: list[bytes]) -> tuple[dict[str, str], bytes]:
        """Return what the header tells and the content, once the signature is right."""
        try:
            _, signed = self._session.feed_identities(parts)
            message = self._session.deserialize(signed, content=False)
            header, parent = message["header"], message["parent_header"]
            told = {"msg_type": header["msg_type"], "parent": parent.get("msg_id", "")}
        # Anything at all can be wrong with what a kernel sends.
        except Exception as error:
            forged = "ignature" in str(error)
            self._on_drop("forged" if forged else "malformed")
            return {}, b""
        return told, message["content"]


def _connected(socket: Any, topic: bytes | None = None) -> ZMQStream:
    """Return a stream with bounds, which ZeroMQ only heeds from the next connection on."""
    stream = socket if isinstance(socket, ZMQStream) else ZMQStream(socket)
    raw = stream.socket
    endpoint = raw.get_string(zmq.LAST_ENDPOINT).rstrip("\0")
    raw.disconnect(endpoint)
    raw.setsockopt(zmq.MAXMSGSIZE, WIRE_BYTES)
    raw.setsockopt(zmq.RCVHWM, QUEUED_MESSAGES)
    raw.linger = 0
    if topic is not None:
        raw.setsockopt(zmq.UNSUBSCRIBE, b"")
        raw.setsockopt(zmq.SUBSCRIBE, topic)
    raw.connect(endpoint)
    return stream
