"""Warnings that the user gets on their own thread, from their own line, once."""

from __future__ import annotations

import warnings
from inspect import currentframe
from types import FrameType
from typing import Any

from ipyvitals.errors import (
    ClosedMonitorWarning,
    ForkedMonitorWarning,
    IpyvitalsWarning,
    LabelTypeWarning,
)
from ipyvitals.ingest.queue import RecordQueue
from ipyvitals.schema.messages import Message, message
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.notices import Notices

__all__ = ["UserWarnings"]

REFUSALS: dict[type[IpyvitalsWarning], str] = {
    ClosedMonitorWarning: "monitor.closed",
    ForkedMonitorWarning: "monitor.forked",
}
"""The code of the notice that each goes with."""


class UserWarnings:
    """Keeps what a background fold found until the user's next call.

    `Monitor.record` has no branch for that: the inbox's ``append`` is replaced instead, for one
    call with a warning to give, or for good once the monitor is closed.

    Parameters
    ----------
    name : str
        Of the monitor.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pending: str | None = None
        self._closed = self._forked = False
        self._told = False
        renew_in_child(self)

    def guard(self, inbox: RecordQueue, notices: Notices) -> None:
        """Watch over this inbox."""
        self._inbox = inbox
        self._notices = notices

    def on_mismatch(self, message: Message) -> None:
        """Note that labels can never equal predictions; called from any thread."""
        self._notices.add("labels.kind", None, 1, **message.args)
        self._pending = message.text
        if not (self._closed or self._forked):
            self._inbox.append = self._append_and_warn

    def warn_pending(self) -> None:
        """Give the warning that waits, if any."""
        text, self._pending = self._pending, None
        if text is not None:
            if not (self._closed or self._forked):
                self._inbox.append = self._inbox.entries.append
            warnings.warn(text, LabelTypeWarning, stacklevel=_user_level())

    def close(self) -> None:
        """Refuse what comes from here on."""
        self._closed = True
        self._inbox.append = self._refuse

    def after_fork(self) -> None:
        """Refuse what comes in a forked child, whose figures nobody would ever see."""
        self._forked, self._told = True, False
        self._inbox.append = self._refuse

    def accepts(self) -> bool:
        """Return whether the monitor counts; note, and warn once, when it does not."""
        if not (self._closed or self._forked):
            return True
        kind: type[IpyvitalsWarning] = (
            ForkedMonitorWarning if self._forked else ClosedMonitorWarning
        )
        code, name = REFUSALS[kind], repr(self._name)
        self._notices.add(code, monitor=name)
        if not self._told:
            self._told = True
            warnings.warn(message(code, monitor=name).text, kind, stacklevel=_user_level())
        return False

    def _append_and_warn(self, entry: Any) -> None:
        self._inbox.entries.append(entry)
        self.warn_pending()

    def _refuse(self, entry: Any) -> None:
        self.accepts()


def _user_level() -> int:
    """Return the stack level, for the caller's ``warn``, of the first line outside ipyvitals."""
    level, frame = 0, currentframe()
    while frame is not None and _is_ours(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] == "ipyvitals"
