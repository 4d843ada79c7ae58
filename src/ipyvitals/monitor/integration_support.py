"""Supports integrations: finds the monitor to report to, and counts failures of integrations."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from ipyvitals.errors import ArgumentTypeError, IpyvitalsWarning
from ipyvitals.jupyter.kernel import has_widgets
from ipyvitals.monitor.monitor import Monitor
from ipyvitals.monitor.names import monitor_names
from ipyvitals.monitor.user_warnings import user_stack_level
from ipyvitals.schema.messages import message
from ipyvitals.training.context import CallPlace, innermost
from ipyvitals.training.ignored_run import ignored_run
from ipyvitals.training.run import TrainingRun
from ipyvitals.utils.user_code import error_text

__all__ = [
    "check_monitor",
    "compares_classes",
    "count_failure",
    "find_monitor",
    "find_open_run",
    "is_loop",
    "open_framework_run",
]

_made: list[Monitor] = []
"""Monitors that an integration made; nobody else refers to them."""


def find_monitor(monitor: Monitor | None, model: str) -> Monitor | None:
    """Return a monitor to report to; ``None`` where nobody would see the report.

    A copy of a callback in a worker process, such as one of joblib, reports to no monitor: the
    monitor of its name is open in another process.

    Parameters
    ----------
    monitor : Monitor, optional
        The monitor that the user named. Without one the newest open monitor of this process is
        taken; where there is none, a monitor is made, and shown in a notebook.
    model : str
        Name of the model, and of a monitor that is made.
    """
    found = monitor_names.newest() if monitor is None else monitor
    if found is None:
        if is_worker_process():
            return None
        found = Monitor(model, name=model)
        _made[:] = [one for one in _made if not one.closed]
        _made.append(found)
        if has_widgets():
            from IPython.display import display

            show: Any = display
            show(found)
    return None if found._user_warnings.refuses else found


def is_worker_process() -> bool:
    """Return whether another Python process started this one, by `multiprocessing` or joblib."""
    # Looked up instead of imported: a worker process has loaded the module.
    module = sys.modules.get("multiprocessing")
    return module is not None and module.parent_process() is not None


def compares_classes(monitor: Monitor) -> bool:
    """Return whether a prediction of the monitor is right only if it equals its label."""
    settings = monitor._engine.settings
    return settings.score is None and settings.task != "regression"


def check_monitor(monitor: Any) -> Monitor | None:
    """Return a monitor that was passed to an integration, or ``None``."""
    if monitor is None or isinstance(monitor, Monitor):
        return monitor
    raise ArgumentTypeError(
        f"monitor={monitor!r}: expected a Monitor, or None for the newest open one."
    )


def open_framework_run(
    monitor: Monitor | None,
    total: int | None,
    *,
    package: str,
    functions: Collection[str],
    **options: Any,
) -> TrainingRun:
    """Open a run for a call of a framework that trains.

    The run ends as stopped when the call is seen to be not on the stack any more.

    Parameters
    ----------
    monitor : Monitor, optional
        Without one the run is ignored.
    total : int, optional
        Number of steps.
    package, functions : str, collection of str
        Where the call is: see `CallPlace`.
    **options
        As in `Monitor.training`.
    """
    if monitor is None:
        return ignored_run(total, str(options.get("stage", "")))
    call = CallPlace(package, functions) if functions else None
    return monitor._engine.training.start(total, call=call, **options)


def find_open_run(monitor: Monitor | None) -> TrainingRun | None:
    """Return the innermost run that is open in this context, of a monitor or of the newest one."""
    monitor = monitor or monitor_names.newest()
    return None if monitor is None else innermost(monitor._engine.training, implicit=False)


def is_loop(run: TrainingRun) -> bool:
    """Return whether a `track` loop counts the steps of a run."""
    return run._counter is not None


def count_failure(monitor: Monitor | None, integration: str, error: BaseException) -> None:
    """Count a failure inside an integration as a notice, and warn at the first one.

    Parameters
    ----------
    monitor : Monitor, optional
        Its snapshot has the notice.
    integration : str
        Name of what failed, such as ``"VitalsCallback of keras"``.
    error : BaseException
    """
    text = error_text(error)
    if monitor is not None:
        notices = monitor._engine.notices
        notices.add("integrations.failed", integration=integration, error=text)
        if notices.count("integrations.failed") > 1:
            return
    sentence = message("integrations.failed", integration=integration, error=text).text
    # Where warnings are errors, the training goes on as well.
    with suppress(IpyvitalsWarning):
        warnings.warn(
            f"{sentence}; the training goes on", IpyvitalsWarning, stacklevel=user_stack_level()
        )
