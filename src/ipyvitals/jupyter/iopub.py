"""How a message comes to the thread of ipykernel that sends it, at little cost.

Python lets go of its lock to wake that thread, and again for each of the seven parts that it
sends. Beside a cell that computes, every time the cell may take the lock, and gives it back after
5 ms, for the price of two switches of threads. On Linux the same calls go through
`ctypes.PyDLL`, which keeps the lock. None of them waits: a socket that publishes drops what
nobody takes.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeAlias

__all__ = ["Post", "open_outlet"]

Post: TypeAlias = Callable[[list[bytes]], object]

DONTWAIT, SNDMORE = 1, 2
"""Of ``zmq_send``."""
ONE = (1).to_bytes(8, sys.byteorder)


def open_outlet(socket: Any) -> Post:
    """Return a function that hands over a message to be sent by a kernel's socket.

    Any thread may call it. Messages stand in the queue of ipykernel, so none overtakes another.

    Parameters
    ----------
    socket : object
        ``iopub_socket`` of a kernel.

    Examples
    --------
    >>> class Socket:
    ...     def send_multipart(self, parts):
    ...         print(len(parts))
    >>> open_outlet(Socket())([b"topic", b"content"])
    2
    """
    thread = getattr(socket, "io_thread", None)
    if not hasattr(os, "eventfd") or not all(
        hasattr(thread, name) for name in ("io_loop", "_events", "_handle_event", "_really_send")
    ):
        return socket.send_multipart  # type: ignore[no-any-return]
    return _outlet_of(thread)


class _Outlet:
    def __init__(self, thread: Any) -> None:
        self._thread = thread
        self._loop = thread.io_loop.asyncio_loop
        self._queue = thread._events
        self._libc = _libc()
        self._zmq_send = _zmq_send()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._rung = ctypes.create_string_buffer(len(ONE))
        self._loop.call_soon_threadsafe(self._loop.add_reader, self._bell, self._take)

    def __call__(self, message: list[bytes]) -> None:
        if not self._loop.is_running():
            self._thread.send_multipart(message)
            return
        self._queue.append(partial(self._send, message))
        self._libc.write(self._bell, ONE, len(ONE))

    def _take(self) -> None:
        self._libc.read(self._bell, self._rung, len(ONE))
        self._thread._handle_event([])

    def _send(self, message: list[bytes]) -> None:
        socket = self._thread.socket
        # A kernel in the page's own process has one that is not of ZeroMQ.
        handle = getattr(socket, "underlying", None)
        if self._zmq_send is None or not handle or socket.closed:
            self._thread._really_send(message)
            return
        flags = DONTWAIT | SNDMORE
        for left, part in zip(range(len(message) - 1, -1, -1), message, strict=True):
            if not left:
                flags = DONTWAIT
            if self._zmq_send(handle, part, len(part), flags) < 0:
                # It does the same, or says what is wrong.
                socket.send(part, flags)


_outlet_of = cache(_Outlet)


@cache
def _libc() -> Any:
    libc = ctypes.PyDLL(None)
    libc.read.argtypes = libc.write.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t]
    return libc


@cache
def _zmq_send() -> Any:
    """Return the function of the library that pyzmq is built on, where it can be found."""
    backend = sys.modules.get("zmq.backend.cython._zmq")
    if backend is None:
        return None
    try:
        found = ctypes.PyDLL(backend.__file__).zmq_send
    except (OSError, AttributeError, TypeError):
        return None
    found.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    return found
