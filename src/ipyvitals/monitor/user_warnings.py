"""Issues warnings on the user's own thread, at the line of the user's call, once."""

from __future__ import annotations

import warnings
from inspect import currentframe
from types import FrameType

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

__all__ = ["UserWarnings"]

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
        self._pending: str | None = None
        self._refusal: type[IpyvitalsWarning] | None = None
        self._has_warned = False
        self._has_warned_metric = False
        self.idle = True
        """True while records are accepted and no warning is pending; the only check in `record`."""
        renew_in_child(self)

    def attach(self, notices: Notices) -> None:
        """Count each warning as a notice too."""
        self._notices = notices

    def on_mismatch(self, message: Message) -> None:
        """Schedule a warning that labels can never equal predictions; any thread may call it."""
        self._notices.add("labels.kind", None, 1, **message.args)
        self._pending = message.text
        self.idle = False

    def warn_metric(self, message: Message) -> None:
        """Warn that a value of a metric was not taken, once; called on the user's thread."""
        if not self._has_warned_metric:
            self._has_warned_metric = True
            warnings.warn(message.text, MetricWarning, stacklevel=_user_stack_level())

    def warn_pending(self) -> None:
        """Issue the pending warning, if there is one."""
        text, self._pending = self._pending, None
        if text is not None:
            self.idle = self._refusal is None
            warnings.warn(text, LabelTypeWarning, stacklevel=_user_stack_level())

    def close(self) -> None:
        """Refuse all further records: the monitor is closed."""
        self._refuse(ClosedMonitorWarning)

    def after_fork(self) -> None:
        """Refuse records in a forked child process, whose totals no panel shows."""
        self._has_warned = False
        self._refuse(ForkedMonitorWarning)

    def accepts(self) -> bool:
        """Return whether the monitor accepts records; count a refusal, and warn at the first."""
        if self._refusal is None:
            return True
        code, name = REFUSALS[self._refusal], repr(self._name)
        self._notices.add(code, monitor=name)
        if not self._has_warned:
            self._has_warned = True
            text = message(code, monitor=name).text
            warnings.warn(text, self._refusal, stacklevel=_user_stack_level())
        return False

    def _refuse(self, kind: type[IpyvitalsWarning]) -> None:
        self._refusal = kind
        self.idle = False


def _user_stack_level() -> int:
    """Return the stack level, for the caller's ``warn``, of the first line outside ipyvitals."""
    level, frame = 0, currentframe()
    while frame is not None and _is_internal(frame):
        level, frame = level + 1, frame.f_back
    return level


def _is_internal(frame: FrameType) -> bool:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] == "ipyvitals"
