"""Looks at Linux's own files that keep hold of Python's lock.

Python lets go of its lock around every system call. Beside a cell that computes, a thread waits
5 ms until it has it back, each time: a reading of a hundred calls of some microseconds each would
take half a second, and the progress that waits behind it would stand still. So these calls go
through `ctypes.PyDLL`, which keeps the lock. They are only for what the kernel answers from its
own memory: never for a disk, nor for what takes long, such as sharing out memory.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import threading
from functools import cache
from typing import Any

__all__ = ["link", "names", "read", "size"]

BUFFER_BYTES = 1 << 16
FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
ENTRY = struct.Struct("=QqHB")
"""Of a folder: inode, offset, length of this entry, kind; then comes the name."""
CODEC = ("utf-8", "surrogateescape")
AT_FDCWD, STATX_SIZE, SIZE_AT = -100, 0x200, 40
"""For `statx`, whose answer has the same layout on all processors."""


def read(path: str, *, all_of_it: bool = False) -> bytes:
    """Return a file: what one read gives, or `all_of_it`.

    Raises
    ------
    OSError
        As `os.open` and `os.read` raise it.
    """
    libc, own = _libc(), _own
    file = libc.open(_encoded(path), FLAGS)
    if file < 0:
        raise _failure(path)
    try:
        parts = [own.told(libc.read(file, own.buffer, BUFFER_BYTES), path)]
        while all_of_it and parts[-1]:
            parts.append(own.told(libc.read(file, own.buffer, BUFFER_BYTES), path))
        return b"".join(parts) if all_of_it else parts[0]
    finally:
        libc.close(file)


def names(folder: str) -> list[str]:
    """Return the names in a folder.

    Raises
    ------
    OSError
        As `os.listdir` raises it.
    """
    libc, own = _libc(), _own
    entries = getattr(libc, "getdents64", None)
    if entries is None:
        return os.listdir(folder)
    file = libc.open(_encoded(folder), FLAGS | os.O_DIRECTORY)
    if file < 0:
        raise _failure(folder)
    try:
        found = []
        while text := own.told(entries(file, own.buffer, BUFFER_BYTES), folder):
            at = 0
            while at < len(text):
                _, _, length, _ = ENTRY.unpack_from(text, at)
                begin = at + ENTRY.size
                found.append(text[begin : text.index(b"\0", begin)].decode(*CODEC))
                at += length
        return [name for name in found if name not in {".", ".."}]
    finally:
        libc.close(file)


def size(path: str) -> int:
    """Return the size of a file, or what a folder of ``/proc`` says in its place.

    Raises
    ------
    OSError
        As `os.stat` raises it.
    """
    statx, own = getattr(_libc(), "statx", None), _own
    # Older sandboxes refuse the call that they do not know.
    if statx is None or statx(AT_FDCWD, _encoded(path), 0, STATX_SIZE, own.buffer) < 0:
        return os.stat(path).st_size
    return int.from_bytes(own.view[SIZE_AT : SIZE_AT + 8], sys.byteorder)


def link(path: str) -> str:
    """Return where a symbolic link leads.

    Raises
    ------
    OSError
        As `os.readlink` raises it.
    """
    own = _own
    count = _libc().readlink(_encoded(path), own.buffer, BUFFER_BYTES)
    return os.fsdecode(own.told(count, path))


class _Own(threading.local):
    """A buffer of each thread's own: between two calls, threads take turns."""

    def __init__(self) -> None:
        self.buffer: Any = ctypes.create_string_buffer(BUFFER_BYTES)
        self.view = memoryview(self.buffer).cast("B")

    def told(self, count: int, path: str) -> bytes:
        """Return what a call wrote, which returned `count`."""
        if count < 0:
            raise _failure(path)
        return bytes(self.view[:count])


_own = _Own()


@cache
def _libc() -> Any:
    libc = ctypes.PyDLL(None, use_errno=True)
    libc.open.argtypes = [ctypes.c_char_p, ctypes.c_int]
    libc.read.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    libc.readlink.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t]
    libc.read.restype = libc.readlink.restype = ctypes.c_ssize_t
    if hasattr(libc, "getdents64"):
        libc.getdents64.argtypes, libc.getdents64.restype = libc.read.argtypes, ctypes.c_ssize_t
    return libc


def _encoded(path: str) -> bytes:
    return path.encode(*CODEC)


def _failure(path: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
