"""Reads files that the Linux kernel generates, and derives rates from counters."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Flow", "Meter", "figures", "read_file", "unescaped"]


def read_file(path: str) -> bytes:
    """Return the whole content of a file that the kernel writes while it is read."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def figures(text: bytes, *names: bytes) -> list[int | None]:
    r"""Return the numbers after some names, each of which begins a line.

    Examples
    --------
    >>> figures(b"oom 2\noom_kill 1\n", b"oom_kill", b"max")
    [1, None]
    """
    found: list[int | None] = []
    text = b"\n" + text
    for name in names:
        _, there, rest = text.partition(b"\n" + name + b" ")
        found.append(int(rest.split(None, 1)[0]) if there else None)
    return found


def unescaped(path: str) -> str:
    r"""Return a path of a table of mounts, in which spaces and the like are octal numbers.

    Examples
    --------
    >>> unescaped(r"/mnt/my\040disk")
    '/mnt/my disk'
    """
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)


class Flow(NamedTuple):
    """Rate since the reading before, and total since the first."""

    per_second: float | None
    total: int


class Meter:
    """Turns a counter that only grows into a rate and a total.

    Examples
    --------
    >>> meter = Meter()
    >>> meter.update(0.0, 1_000), meter.update(5.0, 1_500)
    (Flow(per_second=None, total=0), Flow(per_second=100.0, total=500))
    """

    def __init__(self) -> None:
        self._at = 0.0
        self._count: int | None = None
        self._flow = Flow(None, 0)

    def update(self, now: float, count: int, least: float = 0.1) -> Flow:
        """Return rate and total; one within `least` seconds of the last returns its result."""
        before = self._count
        if before is not None and now - self._at < least:
            return self._flow
        # A counter that steps back began anew: the difference is not known.
        passed = max(0, count - before) if before is not None else 0
        rate = None if before is None else passed / (now - self._at)
        self._at, self._count = now, count
        self._flow = Flow(rate, self._flow.total + passed)
        return self._flow

    def rebase(self, now: float, count: int) -> None:
        """Continue from another count, such as when one more card is counted from now on."""
        self._at, self._count = now, count
        self._flow = Flow(None, self._flow.total)
