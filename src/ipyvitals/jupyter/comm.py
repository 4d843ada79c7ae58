"""Messages of a comm, packed in less time than `comm.send` takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeAlias

import msgspec

__all__ = ["Send", "open_comm_sender"]

Send: TypeAlias = Callable[[dict[str, Any]], None]

JSON_PACKERS = ("json", "orjson")
DELIMITER = b"<IDS|MSG>"


def open_comm_sender(comm: Any) -> Send:
    """Return a function that sends data by an open comm.

    Beside a busy cell every message is paid for by that cell. What does not change from one to
    the next is packed once, and the rest by msgspec; the message is the same. Where the kernel is
    not ipykernel, or packs its messages otherwise, it is ``comm.send``.

    Examples
    --------
    >>> class Other:
    ...     def send(self, data, buffers):
    ...         print(data)
    >>> open_comm_sender(Other())({"method": "update"})
    {'method': 'update'}
    """
    kernel = _kernel_of(comm)
    if kernel is None or not _packs_json(kernel.session):
        return lambda data: comm.send(data=data, buffers=[])
    return CommSender(comm, kernel)


class CommSender:
    def __init__(self, comm: Any, kernel: Any) -> None:
        session = kernel.session
        self._comm_id = comm.comm_id
        self._get_parent = kernel.get_parent
        self._post = kernel.iopub_socket.send_multipart
        self._session = session
        self._topic = comm.topic
        self._metadata = session.pack(session.metadata)
        self._parent: Any = None
        self._packed_parent = session.pack({})
        self._header = session.msg_header("comm_msg")
        # A session counts its messages without a lock, and this is called on other threads.
        self._id = f"{session.session}_{os.getpid()}_{comm.comm_id}"
        self._count = count()

    def __call__(self, data: dict[str, Any]) -> None:
        parent = self._get_parent()
        if parent is not self._parent:
            self._parent = parent
            self._packed_parent = self._session.pack((parent or {}).get("header", {}))
        header = {
            **self._header,
            "msg_id": f"{self._id}_{next(self._count)}",
            "date": datetime.now(UTC),
        }
        parts = [
            msgspec.json.encode(header),
            self._packed_parent,
            self._metadata,
            msgspec.json.encode({"data": data, "comm_id": self._comm_id}),
        ]
        signature = self._session.sign([b"".join(parts)])
        self._post([self._topic, DELIMITER, signature, *parts])


def _kernel_of(comm: Any) -> Any:
    """Return the kernel that a comm of ipykernel sends by; ``None`` for others."""
    module = sys.modules.get("ipykernel.comm.comm")
    if module is None or not isinstance(comm, module.BaseComm):
        return None
    if comm.kernel is None and module.Kernel.initialized():
        # It looks for its kernel itself, with its first message.
        return module.Kernel.instance()
    return comm.kernel


def _packs_json(session: Any) -> bool:
    packs = session is not None and session.packer in JSON_PACKERS
    return packs and not session.adapt_version and not session.debug
