"""Queues the values that training loops report, and applies them to the series of their runs.

- A report takes each value at the call, and appends one tuple; the scheduler applies it.
- A value that cannot be taken is a notice and one warning on the user's thread, never an error.
- Notices are added and alerts passed on after the lock is released.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ipyvitals.schema.messages import Message, message
from ipyvitals.training.alerts import Alert, metric_alert
from ipyvitals.training.metric_values import (
    TakenValue,
    are_plain,
    read_deferred,
    take_value,
)
from ipyvitals.training.run_states import ProgressReport, report_of
from ipyvitals.utils.locks import new_rlock
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.storable import MAX_INTEGER, MIN_INTEGER
from ipyvitals.utils.user_code import is_interrupt, safe_repr, safe_text

if TYPE_CHECKING:
    from ipyvitals.training.run import TrainingRun

__all__ = ["MAX_WAITING", "MetricReport", "ReportQueue"]

MAX_WAITING = 500
"""Reports that may wait for the scheduler; the call that adds one more applies them itself."""
SHOWN_CHARS = 80
NOT_FINITE = {"nan": "NaN", "inf": "∞", "-inf": "−∞"}


class MetricReport(msgspec.Struct):
    """The values of one call, until they are applied."""

    run: TrainingRun
    step: float
    seconds: float
    """Since the run began."""
    at: float
    """Unix seconds."""
    values: dict[str, TakenValue]
    """Those that are on a device are read, or removed, before they are applied."""


class ReportQueue:
    """Takes values on any thread, and applies them in their order.

    Parameters
    ----------
    notices : Notices
        Counts values that cannot be taken, and those that are not finite.
    on_report : callable
        Called with a `ProgressReport` for each report, under the lock of this queue.
    on_alert : callable
        Called, outside the lock, with an `Alert` when a metric is not finite, or finite again.
    warn : callable
        Called with a message, on the user's thread, when a value cannot be taken.
    """

    def __init__(
        self,
        notices: Notices,
        on_report: Callable[[ProgressReport], object],
        on_alert: Callable[[Alert], object],
        warn: Callable[[Message], object],
    ) -> None:
        self._notices = notices
        self._on_report = on_report
        self._on_alert = on_alert
        self._warn = warn
        self.waiting: deque[MetricReport] = deque()
        """Reports to be applied, oldest first; any thread may append one."""
        self.judges_finite = True
        """Whether a metric that is not finite is an alert."""
        self.make_lock()

    def make_lock(self) -> None:
        """Make the lock that guards the series of all runs; a forked child needs a new one."""
        # Reentrant: the garbage collector may run any code on the thread that holds it.
        self.lock = new_rlock("training reports")

    # Taking values

    def take(self, mappings: tuple[Any, ...], metrics: dict[str, Any]) -> dict[str, TakenValue]:
        """Return the values that are numbers or unknown; warn of the others."""
        for mapping in mappings:
            try:
                metrics = {**{str(name): value for name, value in dict(mapping).items()}, **metrics}
            except BaseException as error:
                self._refuse_unless_interrupt(error, "metrics", mapping)
        if are_plain(metrics):
            return metrics
        values: dict[str, TakenValue] = {}
        for name, value in metrics.items():
            try:
                values[name] = take_value(value)
            except BaseException as error:
                self._refuse_unless_interrupt(error, name, value)
        return values

    def take_step(self, name: str, value: Any) -> float | None:
        """Return the number of a step; ``None``, with a warning, for what is none of 64 bits."""
        try:
            # An int stays exact.
            number = value if type(value) is int else take_value(value)
            if number is not None and not isinstance(number, (float, int)):
                # A step on a device: it is needed now.
                number = number.read()
            if number is not None and MIN_INTEGER <= number <= MAX_INTEGER:
                return int(number) if number == int(number) else number
        except BaseException as error:
            if is_interrupt(error):
                raise
        self.refuse(name, value)
        return None

    def _refuse_unless_interrupt(self, error: BaseException, name: str, value: Any) -> None:
        if is_interrupt(error):
            raise error
        self.refuse(name, value)

    def refuse(self, name: str, value: Any) -> None:
        """Count a value that cannot be taken, and warn of it."""
        shown, kind = safe_repr(value)[:SHOWN_CHARS], type(value).__name__
        self._notices.add("training.value", name=repr(name), value=shown, kind=kind)
        self._warn(message("training.value", name=repr(name), value=shown, kind=kind))

    def refuse_more(self, code: str, limit: int, name: str) -> None:
        """Count what is one too many for a run, and warn of it."""
        args: dict[str, str | float] = {"limit": limit, "name": repr(name)[:SHOWN_CHARS]}
        self._notices.add(code, None, 1, **args)
        self._warn(message(code, **args))

    # Applying

    def fold(self, *, read: bool = True) -> None:
        """Apply the reports that wait, in their order.

        Parameters
        ----------
        read : bool
            True reads the numbers that are still on a device, before any lock is acquired, and may
            wait for the device. A caller that has a lock passes false: the first report with such
            a number, and all later ones, wait for the next call.
        """
        if not self.waiting:
            return
        if read:
            self._read_deferred()
        alerts: list[Alert] = []
        problems: list[tuple[str, dict[str, str | float]]] = []
        with self.lock:
            while self.waiting and are_plain(self.waiting[0].values):
                self._apply(self.waiting.popleft(), alerts, problems)
        for code, args in problems:
            self._notices.add(code, None, 1, **args)
        for alert in alerts:
            self._on_alert(alert)

    def _read_deferred(self) -> None:
        """Replace numbers on a device by their value; drop those for which no time is left."""
        waiting = [
            (report.run, report.values)
            for report in list(self.waiting)
            if not are_plain(report.values)
        ]
        for name, error in read_deferred(waiting):
            if is_interrupt(error):
                raise error
            text, kind = safe_text(error), type(error).__name__
            self._notices.add("training.value", name=repr(name), value=text, kind=kind)

    def _apply(
        self,
        report: MetricReport,
        alerts: list[Alert],
        problems: list[tuple[str, dict[str, str | float]]],
    ) -> None:
        run, step, seconds, at = report.run, report.step, report.seconds, report.at
        series = run.record.series
        shown: dict[str, float | None] = {}
        for name, value in report.values.items():
            if not isinstance(value, float):
                series.metrics[name] = shown[name] = None
                continue
            turned = series.add(name, step, seconds, value)
            newest = shown[name] = series.metrics[name]
            if newest is None:
                text = NOT_FINITE.get(str(value), str(value))
                problems.append(("training.not_finite", {"metric": repr(name), "value": text}))
            if turned is not None and self.judges_finite:
                alerts.append(metric_alert(run.record, name, step, value, at))
        if shown:
            self._on_report(report_of(run, at, step, shown))
