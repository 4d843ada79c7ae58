"""Counts what went wrong in the background by code; logs the first of each code later."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

import msgspec

from ipyvitals.schema import Notice
from ipyvitals.schema.messages import message
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import new_rlock
from ipyvitals.utils.storable import without_surrogates
from ipyvitals.utils.user_code import is_interrupt

__all__ = ["Notices"]

log = logging.getLogger("ipyvitals")
# Without a handler, warnings of the scheduler thread would appear in the output of a running cell.
log.addHandler(logging.NullHandler())

MAX_CODES = 50
MAX_MESSAGE_CHARS = 300


class LogLines:
    """Queues the log lines of all monitors of this process; one thread at a time logs them.

    A handler of the user may wait for another thread that calls a monitor. That call must not wait
    for the handler: it leaves its lines to the thread that logs already.
    """

    def __init__(self) -> None:
        self.after_fork()
        renew_in_child(self)

    def after_fork(self) -> None:
        """Start without lines in a forked child: the parent logs them."""
        self._lines: deque[tuple[str, str]] = deque()
        self._turn = deque([True])
        """Empty while a thread logs; not a lock, since nothing waits for it."""

    def put(self, code: str, text: str) -> None:
        """Queue a line; takes no lock."""
        self._lines.append((code, text))

    def log(self) -> None:
        """Log all lines, unless another thread does."""
        while self._lines:
            taken = False
            try:
                taken = self._turn.pop()
                while self._lines:
                    _log_line(*self._lines.popleft())
            except IndexError:
                return
            finally:
                if taken:
                    self._turn.append(True)


def _log_line(code: str, text: str) -> None:
    try:
        log.warning("%s: %s", code, text)
    except BaseException as error:
        # A handler of the user must end neither a thread nor a call.
        if is_interrupt(error):
            raise


_log_lines = LogLines()


class Notices:
    """Count notices by code, with the newest message of each.

    Any thread may count, whatever locks it has. Logging calls handlers of the user, so the log
    lines wait until `log_new` is called by a thread that has no lock.

    Parameters
    ----------
    time : callable
        Returns the Unix time in seconds.

    Examples
    --------
    >>> notices = Notices(lambda: 0.0)
    >>> notices.add("labels.unknown", id="7", count=3)
    >>> [(notice.code, notice.count, notice.message) for notice in notices.get()]
    [('labels.unknown', 3, 'no prediction waits under the id 7')]
    """

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._lock = new_rlock("notices")
        self._by_code: dict[str, Notice] = {}

    def add(
        self, code: str, text: str | None = None, /, count: int = 1, **args: str | float
    ) -> None:
        """Count something under `code`; `log_new` logs the first of a code as a warning.

        Parameters
        ----------
        code : str
            A code of `ipyvitals.schema.messages`, whose sentence is the message.
        text : str, optional
            The message of a code that has no sentence, such as the text of an exception.
        count : int
            How often it happened.
        **args
            What stands in the sentence.
        """
        args = {name: _cut(value) for name, value in args.items()}
        text = str(_cut(message(code, **args).text if text is None else text))
        at = self._time()
        with self._lock:
            old = self._by_code.get(code)
            if old is None and len(self._by_code) >= MAX_CODES:
                return
            self._by_code[code] = Notice(
                code=code,
                message=text,
                count=count + (old.count if old else 0),
                at=at,
                args=args,
            )
            if old is None:
                _log_lines.put(code, text)

    def log_new(self) -> None:
        """Log the notices that wait for it; the caller must have no lock of this package."""
        _log_lines.log()

    def subtract(self, code: str, count: int = 1) -> None:
        """Count something less that turned out to be none; a notice of nothing is removed."""
        with self._lock:
            notice = self._by_code.get(code)
            if notice is not None and notice.count > count:
                fewer = msgspec.structs.replace(notice, count=notice.count - count)
                self._by_code[code] = fewer
            else:
                self._by_code.pop(code, None)

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
        self._lock = new_rlock("notices")


def _cut(value: str | float) -> str | float:
    if not isinstance(value, str):
        return value
    return without_surrogates(value[:MAX_MESSAGE_CHARS])
