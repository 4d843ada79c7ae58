"""Sends comm messages with less work per message than `comm.send`."""

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
    """Return a function that sends data over an open comm.

    The time to send a message is taken from the running cell. For ipykernel, a `CommSender` packs
    the constant parts once and the rest with msgspec; the message is the same. For other kernels,
    or when the session packs its messages differently, the function is ``comm.send``.

    Parameters
    ----------
    comm : comm.base_comm.BaseComm
        The open comm.

    Returns
    -------
    callable
        Takes the data, a dict of plain values.

    Examples
    --------
    >>> class OtherComm:
    ...     def send(self, data, buffers):
    ...         print(data)
    >>> open_comm_sender(OtherComm())({"method": "update"})
    {'method': 'update'}
    """
    kernel = _kernel_of(comm)
    if kernel is None or not _packs_json(kernel.session):
        return lambda data: comm.send(data=data, buffers=[])
    return CommSender(comm, kernel)


class CommSender:
    """Packs and signs messages as ipykernel does, and sends them on its IOPub socket.

    Parameters
    ----------
    comm : ipykernel.comm.Comm
        The open comm.
    kernel : ipykernel.kernelbase.Kernel
        The kernel that the comm belongs to.
    """

    def __init__(self, comm: Any, kernel: Any) -> None:
        session = kernel.session
        self._comm_id = comm.comm_id
        self._get_parent = kernel.get_parent
        self._send_multipart = kernel.iopub_socket.send_multipart
        self._session = session
        self._topic = comm.topic
        self._metadata = session.pack(session.metadata)
        self._parent: Any = None
        self._packed_parent = session.pack({})
        self._header = session.msg_header("comm_msg")
        # A session counts its messages without a lock, and other threads call this sender too.
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
        self._send_multipart([self._topic, DELIMITER, signature, *parts])


def _kernel_of(comm: Any) -> Any:
    """Return the kernel of an ipykernel comm; ``None`` for other comms."""
    module = sys.modules.get("ipykernel.comm.comm")
    if module is None or not isinstance(comm, module.BaseComm):
        return None
    if comm.kernel is None and module.Kernel.initialized():
        # The comm itself looks up its kernel only with its first message.
        return module.Kernel.instance()
    return comm.kernel


def _packs_json(session: Any) -> bool:
    packs = session is not None and session.packer in JSON_PACKERS
    return packs and not session.adapt_version and not session.debug
