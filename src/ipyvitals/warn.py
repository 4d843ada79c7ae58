"""Warnings that the user gets on their own thread, from their own line, once."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from ipyvitals.errors import ClosedMonitorWarning, LabelTypeWarning
from ipyvitals.intake.predictions import Inbox
from ipyvitals.notices import Notices

__all__ = ["Warner"]

PACKAGE = str(Path(__file__).parent)


class Warner:
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
        self._closed = False
        self._told_closed = False

    def guard(self, inbox: Inbox, notices: Notices) -> None:
        """Watch over this inbox."""
        self._inbox = inbox
        self._notices = notices

    def on_mismatch(self, message: str) -> None:
        """Note that labels can never equal predictions; called from any thread."""
        self._notices.add("labels.kind", message)
        self._pending = message
        if not self._closed:
            self._inbox.append = self._append_and_warn

    def warn_pending(self) -> None:
        """Give the warning that waits, if any."""
        message, self._pending = self._pending, None
        if message is not None:
            if not self._closed:
                self._inbox.append = self._inbox.entries.append
            warnings.warn(message, LabelTypeWarning, stacklevel=_user_level())

    def close(self) -> None:
        """Refuse what comes from here on."""
        self._closed = True
        self._inbox.append = self._refuse

    def may_take(self) -> bool:
        """Return whether the monitor is open; count, and warn once, when it is not."""
        if not self._closed:
            return True
        message = (
            f"the monitor {self._name!r} is closed, so this is not counted; was it closed, or "
            "replaced by a newer Monitor of the same name?"
        )
        self._notices.add("monitor.closed", message)
        if not self._told_closed:
            self._told_closed = True
            warnings.warn(message, ClosedMonitorWarning, stacklevel=_user_level())
        return False

    def _append_and_warn(self, entry: Any) -> None:
        self._inbox.entries.append(entry)
        self.warn_pending()

    def _refuse(self, entry: Any) -> None:
        self.may_take()


def _user_level() -> int:
    """Return the stack level, for the caller's ``warn``, of the first line that is not ours."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    return level
