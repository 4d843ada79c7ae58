"""Supports integrations: finds the monitor to report to, and counts failures of integrations."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from ipyvitals.errors import ArgumentTypeError, IpyvitalsWarning
from ipyvitals.jupyter.kernel import has_widgets
from ipyvitals.monitor.identity import address_of, monitor_named
from ipyvitals.monitor.monitor import Monitor
from ipyvitals.monitor.names import monitor_names
from ipyvitals.monitor.user_warnings import user_stack_level
from ipyvitals.runtime.reporting import ReportReceiver, Source
from ipyvitals.schema.messages import message
from ipyvitals.training.context import CallPlace, innermost
from ipyvitals.training.ignored_run import ignored_run
from ipyvitals.training.run import TrainingRun
from ipyvitals.utils.user_code import error_text

__all__ = [
    "ClusterReports",
    "add_reports",
    "check_monitor",
    "compares_classes",
    "count_failure",
    "find_monitor",
    "find_open_run",
    "home_address",
    "is_loop",
    "open_framework_run",
    "worker_recorder",
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


# Clusters


class ClusterReports:
    """The reports of a cluster, as a monitor receives them.

    Parameters
    ----------
    receiver : ReportReceiver
        That of the monitor.
    source : callable
        Returns the reports that are new.
    """

    def __init__(self, receiver: ReportReceiver, source: Source) -> None:
        self._receiver, self._source = receiver, source
        receiver.add_source(source)

    def stop(self) -> None:
        """Take the last reports, and no further ones."""
        self._receiver.read()
        self._receiver.remove_source(self._source)

    def are_open(self, writers: Collection[str]) -> bool:
        """Return whether one of these workers is alive, and has sent no last report."""
        self._receiver.read()
        workers = self._receiver.reader.workers
        return any(token in workers and not workers[token].gone for token in list(writers))

    def former_homes(self) -> set[str]:
        """Return the tokens of the homes of earlier kernels, for which workers still count."""
        self._receiver.read()
        return self._receiver.former_homes()


def add_reports(monitor: Monitor, source: Source) -> ClusterReports:
    """Have a monitor take the reports of a cluster from now on, once a second."""
    receiver = monitor._engine.receiver
    if receiver is None:
        raise ArgumentTypeError(f"monitor={monitor!r}: expected one that receives reports.")
    return ClusterReports(receiver, source)


def home_address(monitor: Monitor) -> dict[str, Any]:
    """Return the address of a monitor that receives reports, as a pickle has it."""
    return address_of(monitor) or {}


def worker_recorder(name: str, address: dict[str, Any], *, begin: bool) -> None:
    """Have this process report to a home, or send the last report.

    Parameters
    ----------
    name : str
        Name of the monitor.
    address : dict
        That of `home_address`.
    begin : bool
        Whether to begin, or go on; else the last report is sent.
    """
    recorder: Monitor = monitor_named(name, address)
    if recorder._engine.sender is None:
        # The process of the home itself, whose threads are workers.
        return
    if begin:
        recorder._engine.resume_reports()
    else:
        recorder._engine.sender.report(final=True)
