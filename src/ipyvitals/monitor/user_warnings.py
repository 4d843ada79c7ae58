"""Issues warnings on the user's own thread, at the line of the user's call, once."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from inspect import currentframe
from types import FrameType
from typing import Any

from ipyvitals.errors import (
    ClosedMonitorWarning,
    ForkedMonitorWarning,
    IpyvitalsWarning,
    LabelTypeWarning,
    MetricWarning,
)
from ipyvitals.schema.messages import Message, message
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.notices import Notices

__all__ = ["UserWarnings", "user_stack_level"]

REFUSALS: dict[type[IpyvitalsWarning], str] = {
    ClosedMonitorWarning: "monitor.closed",
    ForkedMonitorWarning: "monitor.forked",
}
"""Code of the notice that goes with each warning."""


class UserWarnings:
    """Collects warnings from any thread and issues them during the user's next call.

    Parameters
    ----------
    name : str
        Name of the monitor.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pending: deque[str] = deque()
        self._refusal: type[IpyvitalsWarning] | None = None
        self._has_warned = False
        self._warned_of: set[str | None] = set()
        self.go_on: Callable[[], bool] = lambda: False
        """Lets a forked child count for its parent; returns whether it can."""
        self._failures: set[str] = set()
        self._append: Callable[[Any], object] = ignore
        self.append: Callable[[Any], object] = ignore
        """Appends a record. While records are accepted and no warning is pending it is the queue's
        own method, so that `record` checks nothing."""
        renew_in_child(self)

    def attach(self, notices: Notices, append: Callable[[Any], object]) -> None:
        """Count each warning as a notice too, and append records by `append`."""
        self._notices = notices
        self._append = append
        self._refusal = None
        self._update()

    def on_mismatch(self, message: Message) -> None:
        """Schedule a warning about labels that cannot be compared; any thread may call it."""
        if message.code is not None:
            self._notices.add(message.code, None, 1, **message.args)
        self._pending.append(message.text)
        self._update()

    def warn_metric(self, message: Message) -> None:
        """Warn that something of a run was not taken, once a code; called on the user's thread."""
        if message.code not in self._warned_of:
            self._warned_of.add(message.code)
            warnings.warn(message.text, MetricWarning, stacklevel=user_stack_level())

    def warn_failure(self, message: Message) -> None:
        """Warn of a failure inside the package, once a code; called on the user's thread.

        Also where warnings are errors, the user's own call goes on.
        """
        if message.code is not None and message.code not in self._failures:
            self._failures.add(message.code)
            with suppress(IpyvitalsWarning):
                warnings.warn(message.text, IpyvitalsWarning, stacklevel=user_stack_level())

    def warn_pending(self) -> None:
        """Issue the pending warnings, if there are some."""
        try:
            while self._pending:
                text = self._pending.popleft()
                warnings.warn(text, LabelTypeWarning, stacklevel=user_stack_level())
        except IndexError:
            pass  # Another thread issued it.
        finally:
            self._update()

    def close(self) -> None:
        """Refuse all further records: the monitor is closed."""
        self._refuse(ClosedMonitorWarning)

    def after_fork(self) -> None:
        """Refuse records in a forked child process, whose totals no panel shows."""
        self._has_warned = False
        self._refuse(ForkedMonitorWarning)

    @property
    def refuses(self) -> bool:
        """True when the monitor is closed, or in a forked child."""
        return self._refusal is not None

    def accepts(self) -> bool:
        """Return whether the monitor accepts records; count a refusal, and warn at the first."""
        if self._refusal is None or (self._refusal is ForkedMonitorWarning and self.go_on()):
            return True
        code, name = REFUSALS[self._refusal], repr(self._name)
        self._notices.add(code, monitor=name)
        if not self._has_warned:
            self._has_warned = True
            text = message(code, monitor=name).text
            warnings.warn(text, self._refusal, stacklevel=user_stack_level())
        return False

    def _refuse(self, kind: type[IpyvitalsWarning]) -> None:
        self._refusal = kind
        self._update()

    def _update(self) -> None:
        """Have `append` check each record while that is needed."""
        if self._refusal is None and not self._pending:
            self.append = self._append
        # Asked again: another thread may have added a warning in between.
        if self._refusal is not None or self._pending:
            self.append = self._checked_append

    def _checked_append(self, record: Any) -> None:
        if self.accepts():
            self._append(record)
            self.warn_pending()


def ignore(record: Any) -> None:
    """Ignore a record: there is no queue yet."""


def user_stack_level() -> int:
    """Return the stack level, for the caller's ``warn``, of the first line outside ipyvitals."""
    level, frame = 0, currentframe()
    while frame is not None and _is_internal(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_internal(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] == "ipyvitals"
