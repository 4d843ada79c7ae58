"""Queues the reports of training runs as packed blocks, in less memory than rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec

from ipyvitals.storage.rows import ProgressRow

__all__ = ["ProgressQueue"]

BLOCK_ROWS = 100
"""Rows that are packed together: what they have in common is stored once."""


class ProgressQueue:
    """Queues rows like a deque; packs them in blocks of 100. Not thread-safe.

    Examples
    --------
    >>> queue = ProgressQueue()
    >>> for n in range(1, 251):
    ...     queue.append(ProgressRow(1, n, 0.5, "Fit", "running", n, None, {"loss": 0.25}))
    >>> queue.popleft()
    >>> len(queue), next(iter(queue)).n
    (249, 2)
    """

    def __init__(self) -> None:
        self._first: deque[ProgressRow] = deque()
        """The rest of the oldest block."""
        self._blocks: deque[bytes | list[ProgressRow]] = deque()
        self._last: list[ProgressRow] = []
        """The newest rows, fewer than a block."""

    def __len__(self) -> int:
        return len(self._first) + BLOCK_ROWS * len(self._blocks) + len(self._last)

    def __iter__(self) -> Iterator[ProgressRow]:
        return chain(self._first, chain.from_iterable(map(_unpacked, self._blocks)), self._last)

    def append(self, row: ProgressRow) -> None:
        """Add a row."""
        self._last.append(row)
        if len(self._last) == BLOCK_ROWS:
            self._blocks.append(_packed(self._last))
            self._last = []

    def popleft(self) -> None:
        """Remove the oldest row."""
        if not self._first:
            if self._blocks:
                self._first.extend(_unpacked(self._blocks.popleft()))
            else:
                self._first.extend(self._last)
                self._last = []
        self._first.popleft()


def _packed(rows: list[ProgressRow]) -> bytes | list[ProgressRow]:
    heads: dict[tuple[Any, ...], int] = {}
    packed = [
        (
            heads.setdefault((row.run, row.stage, row.state, row.total, *row.metrics), len(heads)),
            *(row.n, row.at, row.step),
            *row.metrics.values(),
        )
        for row in rows
    ]
    try:
        return msgspec.msgpack.encode((list(heads), packed))
    except (UnicodeEncodeError, OverflowError, TypeError):
        # The name of a metric, or a step, that these bytes cannot hold.
        return rows


def _unpacked(block: bytes | list[ProgressRow]) -> list[ProgressRow]:
    if isinstance(block, list):
        return block
    heads, rows = msgspec.msgpack.decode(block)
    found = []
    for head, n, at, step, *values in rows:
        run, stage, state, total, *names = heads[head]
        metrics = dict(zip(names, values, strict=True))
        found.append(ProgressRow(run, n, at, stage, state, step, total, metrics))
    return found
