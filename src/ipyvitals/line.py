"""Messages of a comm, packed in less time than `comm.send` takes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

__all__ = ["Send", "open_line"]

Send: TypeAlias = Callable[[dict[str, Any]], None]

JSON_PACKERS = ("json", "orjson")


def open_line(comm: Any) -> Send:
    """Return a function that sends data by an open comm.

    Beside a busy cell every message is paid for by that cell. What does not change from one to
    the next is packed once, and the rest by msgspec; the message is the same. Where the kernel is
    not ipykernel, or packs its messages otherwise, it is ``comm.send``.

    Examples
    --------
    >>> class Other:
    ...     def send(self, data, buffers):
    ...         print(data)
    >>> open_line(Other())({"method": "update"})
    {'method': 'update'}
    """
    kernel = getattr(comm, "kernel", None)
    session = getattr(kernel, "session", None)
    if not _is_of_ipykernel(comm) or session is None or not _packs_json(session):
        return lambda data: comm.send(data=data, buffers=[])
    return _Line(comm, kernel, session)


class _Line:
    def __init__(self, comm: Any, kernel: Any, session: Any) -> None:
        self._comm_id = comm.comm_id
        self._topic = comm.topic
        self._get_parent = kernel.get_parent
        self._socket = kernel.iopub_socket
        self._session = session
        self._metadata = session.pack(session.metadata)
        self._parent: Any = None
        self._packed_parent = session.pack({})

    def __call__(self, data: dict[str, Any]) -> None:
        parent = self._get_parent()
        if parent is not self._parent:
            self._parent = parent
            self._packed_parent = self._session.pack((parent or {}).get("header", {}))
        parts = [
            msgspec.json.encode(self._session.msg_header("comm_msg")),
            self._packed_parent,
            self._metadata,
            msgspec.json.encode({"data": data, "comm_id": self._comm_id}),
        ]
        self._session.send_raw(self._socket, parts, ident=self._topic)


def _is_of_ipykernel(comm: Any) -> bool:
    module = sys.modules.get("ipykernel.comm.comm")
    base = getattr(module, "BaseComm", None)
    return base is not None and isinstance(comm, base)


def _packs_json(session: Any) -> bool:
    return session.packer in JSON_PACKERS and not session.adapt_version and not session.debug
