"""Queues the values that training loops report, and applies them to the series of their runs.

- A report takes each value at the call, and appends one tuple; the scheduler applies it.
- A value that cannot be taken is a notice and one warning on the user's thread, never an error.
- Notices are added and alerts passed on after the lock is released.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from ipyvitals.schema.messages import Message, message
from ipyvitals.training.alerts import Alert, metric_alert
from ipyvitals.training.metric_values import TakenValue, take_value
from ipyvitals.training.run_states import ProgressReport, report_of
from ipyvitals.utils.notices import Notices

if TYPE_CHECKING:
    from ipyvitals.training.run import TrainingRun

__all__ = ["MetricReport", "ReportQueue"]

MAX_WAITING = 500
"""Reports that may wait for the scheduler; the call that adds one more applies them itself."""
SHOWN_CHARS = 80


class MetricReport(NamedTuple):
    """The values of one call, until they are applied."""

    run: TrainingRun
    step: float
    seconds: float
    """Since the run began."""
    at: float
    """Unix seconds."""
    values: dict[str, TakenValue]


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
        self._waiting: deque[MetricReport] = deque()
        self.judges_finite = True
        """Whether a metric that is not finite is an alert."""
        self.make_lock()

    def make_lock(self) -> None:
        """Make the lock that guards the series of all runs; a forked child needs a new one."""
        # Reentrant: the garbage collector may run any code on the thread that holds it.
        self.lock = threading.RLock()

    def put(self, report: MetricReport) -> None:
        """Queue a report."""
        self._waiting.append(report)

    @property
    def is_full(self) -> bool:
        """True when the caller should apply the reports itself."""
        return len(self._waiting) > MAX_WAITING

    # Taking values

    def take(self, mappings: tuple[Any, ...], metrics: dict[str, Any]) -> dict[str, TakenValue]:
        """Return the values that are numbers or unknown; warn of the others."""
        for mapping in mappings:
            try:
                metrics = {**{str(name): value for name, value in dict(mapping).items()}, **metrics}
            except Exception:
                self.refuse("metrics", mapping)
        values: dict[str, TakenValue] = {}
        for name, value in metrics.items():
            if type(value) is float:
                values[name] = value
                continue
            try:
                values[name] = take_value(value)
            except Exception:
                self.refuse(name, value)
        return values

    def take_step(self, name: str, value: Any) -> float | None:
        """Return the number of a step; ``None``, with a warning, for what is no finite number."""
        if type(value) is int:
            return value
        with suppress(Exception):
            number = take_value(value)
            if isinstance(number, float) and isfinite(number):
                return int(number) if number.is_integer() else number
        self.refuse(name, value)
        return None

    def refuse(self, name: str, value: Any) -> None:
        """Count a value that cannot be taken, and warn of it."""
        try:
            shown = repr(value)[:SHOWN_CHARS]
        except Exception:
            # The user's own __repr__ may raise anything.
            shown = "…"
        args = {"name": repr(name), "value": shown, "kind": type(value).__name__}
        self._notices.add("training.value", None, 1, **args)
        self._warn(
            message("training.value", name=repr(name), value=shown, kind=type(value).__name__)
        )

    # Applying

    def fold(self) -> None:
        """Apply the reports that wait, in their order."""
        if not self._waiting:
            return
        alerts: list[Alert] = []
        problems: list[tuple[str, dict[str, str | float]]] = []
        with self.lock:
            while self._waiting:
                self._apply(self._waiting.popleft(), alerts, problems)
        for code, args in problems:
            self._notices.add(code, None, 1, **args)
        for alert in alerts:
            self._on_alert(alert)

    def _apply(
        self,
        report: MetricReport,
        alerts: list[Alert],
        problems: list[tuple[str, dict[str, str | float]]],
    ) -> None:
        run, step, seconds, at, values = report
        series = run.record.series
        shown: dict[str, float | None] = {}
        for name, taken in values.items():
            try:
                value = taken if taken is None or type(taken) is float else taken.read()  # type: ignore[union-attr]
            except Exception as error:
                kind = type(error).__name__
                problems.append(
                    ("training.value", {"name": repr(name), "value": str(error), "kind": kind})
                )
                continue
            if value is None:
                series.metrics[name] = shown[name] = None
                continue
            turned = series.add(name, step, seconds, value)
            shown[name] = value if isfinite(value) else None
            if shown[name] is None:
                problems.append(
                    ("training.not_finite", {"metric": repr(name), "value": str(value)})
                )
            if turned is not None and self.judges_finite:
                alerts.append(metric_alert(run.record, name, step, value, at))
        if shown:
            self._on_report(report_of(run, at, step, shown))
