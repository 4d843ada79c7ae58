"""Sockets as Linux lists them through netlink: those in one state, not all there are."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["ESTABLISHED", "LISTEN", "Socket", "sockets"]

ESTABLISHED, LISTEN = 1, 10

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST_DUMP = 0x1 | 0x300
ERROR, DONE = 2, 3
HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
ASK = struct.Struct("=BBBxI48x")
"""struct inet_diag_req_v2: family, protocol, extensions, states, and no one socket."""
TOLD = struct.Struct("=4x2s2s16s16s28xI")
"""struct inet_diag_msg: local and remote port, local and remote address, inode."""
BUFFER_BYTES = 1 << 16


class Socket(NamedTuple):
    """One TCP socket."""

    port: int
    remote_port: int
    address: bytes
    remote_address: bytes
    inode: int


def sockets(family: int, state: int) -> Iterator[Socket]:
    """Yield the TCP sockets of a family that are in a state, in this network namespace.

    Parameters
    ----------
    family : int
        ``socket.AF_INET`` or ``socket.AF_INET6``.
    state : int
        `LISTEN` or `ESTABLISHED`.

    Raises
    ------
    OSError
        When this system has no such thing, or does not tell.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as wire:
        wire.settimeout(1.0)
        body = ASK.pack(family, socket.IPPROTO_TCP, 0, 1 << state)
        size = HEADER.size + len(body)
        wire.send(HEADER.pack(size, SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 1, 0) + body)
        while True:
            answer, at = wire.recv(BUFFER_BYTES), 0
            while at < len(answer):
                length, kind, *_ = HEADER.unpack_from(answer, at)
                if kind == DONE:
                    return
                if kind == ERROR:
                    (number,) = struct.unpack_from("=i", answer, at + HEADER.size)
                    raise OSError(-number, "the kernel does not list sockets")
                local, remote, address, other, inode = TOLD.unpack_from(answer, at + HEADER.size)
                yield Socket(
                    int.from_bytes(local, "big"),
                    int.from_bytes(remote, "big"),
                    address,
                    other,
                    inode,
                )
                at += (length + 3) & ~3
