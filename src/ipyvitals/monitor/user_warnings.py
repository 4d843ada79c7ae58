"""Warns on the user's own thread, at the user's own line, once."""

from __future__ import annotations

import warnings
from inspect import currentframe
from types import FrameType

from ipyvitals.errors import (
    ClosedMonitorWarning,
    ForkedMonitorWarning,
    IpyvitalsWarning,
    LabelTypeWarning,
)
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.notices import Notices

__all__ = ["UserWarnings"]

REFUSALS: dict[type[IpyvitalsWarning], tuple[str, str]] = {
    ClosedMonitorWarning: (
        "monitor.closed",
        (
            "is closed, so this is not counted; was it closed, or replaced by a newer Monitor of "
            "the same name?"
        ),
    ),
    ForkedMonitorWarning: (
        "monitor.forked",
        (
            "belongs to the process that this one was forked from, so this is not counted; hand "
            "predictions back to that process, or make a Monitor here"
        ),
    ),
}


class UserWarnings:
    """Collects what background threads find and warns with the user's next call.

    Parameters
    ----------
    name : str
        Name of the monitor.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pending: str | None = None
        self._refusal: type[IpyvitalsWarning] | None = None
        self._has_warned = False
        self.idle = True
        """Whether records are accepted and no warning is pending: all that `record` checks."""
        renew_in_child(self)

    def attach(self, notices: Notices) -> None:
        """Count warnings as notices too."""
        self._notices = notices

    def on_mismatch(self, message: str) -> None:
        """Schedule a warning that labels can never equal predictions; any thread may call it."""
        self._notices.add("labels.kind", message)
        self._pending = message
        self.idle = False

    def warn_pending(self) -> None:
        """Issue the pending warning, if there is one."""
        message, self._pending = self._pending, None
        if message is not None:
            self.idle = self._refusal is None
            warnings.warn(message, LabelTypeWarning, stacklevel=_user_level())

    def close(self) -> None:
        """Refuse all further records: the monitor is closed."""
        self._refuse(ClosedMonitorWarning)

    def after_fork(self) -> None:
        """Refuse records in a forked child, whose totals nobody would see."""
        self._has_warned = False
        self._refuse(ForkedMonitorWarning)

    def accepts(self) -> bool:
        """Return whether the monitor accepts records; if not, count it and warn once."""
        if self._refusal is None:
            return True
        code, why = REFUSALS[self._refusal]
        message = f"the monitor {self._name!r} {why}"
        self._notices.add(code, message)
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(message, self._refusal, stacklevel=_user_level())
        return False

    def _refuse(self, kind: type[IpyvitalsWarning]) -> None:
        self._refusal = kind
        self.idle = False


def _user_level() -> int:
    """Return the stack level, for the caller's ``warn``, of the first line outside ipyvitals."""
    level, frame = 0, currentframe()
    while frame is not None and _is_ours(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] == "ipyvitals"
