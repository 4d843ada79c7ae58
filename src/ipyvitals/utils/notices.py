"""Count background failures by code, log the first of each code, and show them in the panel."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ipyvitals.schema import Notice

__all__ = ["Notices"]

log = logging.getLogger("ipyvitals")
# Without a handler, warnings of the scheduler thread would appear in the output of a running cell.
log.addHandler(logging.NullHandler())

MAX_CODES = 50
MAX_MESSAGE_CHARS = 300


class Notices:
    """Count notices by code, with the newest message of each.

    Parameters
    ----------
    time : callable
        Returns the Unix time in seconds.

    Examples
    --------
    >>> notices = Notices(lambda: 0.0)
    >>> notices.add("labels.unknown", "no prediction has the id 7", count=3)
    >>> [(notice.code, notice.count) for notice in notices.get()]
    [('labels.unknown', 3)]
    """

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._lock = threading.RLock()
        self._by_code: dict[str, Notice] = {}

    def add(self, code: str, message: str, count: int = 1) -> None:
        """Count something under `code`; the first of a code is logged as a warning."""
        message = message[:MAX_MESSAGE_CHARS]
        with self._lock:
            old = self._by_code.get(code)
            if old is None and len(self._by_code) >= MAX_CODES:
                return
            self._by_code[code] = Notice(
                code=code,
                message=message,
                count=count + (old.count if old else 0),
                at=self._time(),
            )
        if old is None:
            log.warning("%s: %s", code, message)

    def get(self) -> list[Notice]:
        """Return the notices, in the order of the first occurrence of their codes."""
        with self._lock:
            return list(self._by_code.values())

    def count(self, code: str) -> int:
        """Return how often `code` was counted."""
        with self._lock:
            notice = self._by_code.get(code)
        return notice.count if notice else 0

    def clear(self) -> None:
        """Remove all notices; later ones are counted from zero and logged again."""
        with self._lock:
            self._by_code.clear()

    def reset_lock(self) -> None:
        """Replace the lock in a forked child, in which no thread would ever release it."""
        self._lock = threading.RLock()
