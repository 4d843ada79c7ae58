"""Supports integrations: finds the monitor to report to, and counts failures of integrations."""

from __future__ import annotations

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
from ipyvitals.training.run import TrainingRun
from ipyvitals.utils.user_code import error_text

__all__ = [
    "check_monitor",
    "count_failure",
    "find_monitor",
    "find_open_run",
    "is_loop",
    "open_framework_run",
]

_made: list[Monitor] = []
"""Monitors that an integration made; nobody else refers to them."""


def find_monitor(monitor: Monitor | None, model: str) -> Monitor:
    """Return a monitor to report to.

    Parameters
    ----------
    monitor : Monitor, optional
        The monitor that the user named. Without one the newest open monitor of this process is
        taken; where there is none, a monitor is made, and shown in a notebook.
    model : str
        Name of the model, and of a monitor that is made.
    """
    if monitor is not None:
        return monitor
    found = monitor_names.newest()
    if found is None:
        found = Monitor(model, name=model)
        _made[:] = [one for one in _made if not one.closed]
        _made.append(found)
        if has_widgets():
            from IPython.display import display

            display(found)
    return found


def check_monitor(monitor: Any) -> Monitor | None:
    """Return a monitor that was passed to an integration, or ``None``."""
    if monitor is None or isinstance(monitor, Monitor):
        return monitor
    raise ArgumentTypeError(
        f"monitor={monitor!r}: expected a Monitor, or None for the newest open one."
    )


def open_framework_run(
    monitor: Monitor,
    total: int | None,
    *,
    package: str,
    functions: Collection[str],
    **options: Any,
) -> TrainingRun:
    """Open a run for a call of a framework that trains.

    The run ends as stopped when the call is not on the stack any more as the next run begins.

    Parameters
    ----------
    monitor : Monitor
    total : int, optional
        Number of steps.
    package, functions : str, collection of str
        Where the call is: see `CallPlace`.
    **options
        As in `Monitor.training`.
    """
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
