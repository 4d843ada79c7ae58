"""Turns the reports of known frameworks on and off."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from ipyvitals.errors import ArgumentValueError
from ipyvitals.integrations.adapter import Adapter
from ipyvitals.integrations.autolog.calls import (
    CallArguments,
    TrainingCall,
    call_around,
    report_calls,
)
from ipyvitals.integrations.autolog.frameworks import FRAMEWORKS, Framework, TrainingFunction
from ipyvitals.integrations.autolog.import_hooks import PostImportFinder
from ipyvitals.integrations.autolog.replacer import FunctionReplacer
from ipyvitals.monitor import Monitor
from ipyvitals.monitor.integration_support import check_monitor, count_failure
from ipyvitals.utils.fork import renew_in_child
from ipyvitals.utils.locks import new_rlock

__all__ = ["AutologController", "autolog", "controller"]


class AutologController:
    """Replaces the functions of frameworks that train, now or after their import.

    Parameters
    ----------
    frameworks : iterable of Framework
        Those that are known.
    """

    def __init__(self, frameworks: Iterable[Framework] = FRAMEWORKS) -> None:
        self.known = {framework.name: framework for framework in frameworks}
        self.monitor: Monitor | None = None
        self._enabled: frozenset[str] = frozenset()
        self._replacers = {name: FunctionReplacer() for name in self.known}
        self._finder = PostImportFinder(self._on_import)
        self.after_fork()
        renew_in_child(self)

    @property
    def enabled(self) -> frozenset[str]:
        """Names of the frameworks whose trainings are reported."""
        return self._enabled

    def after_fork(self) -> None:
        """Report nothing in a forked child, whose figures no panel shows."""
        self._lock = new_rlock("autolog")
        self._enabled = frozenset()

    def configure(self, monitor: Monitor | None, names: Collection[str]) -> None:
        """Report the trainings of these frameworks from now on, and of no others.

        Parameters
        ----------
        monitor : Monitor, optional
        names : collection of str
        """
        imports = [name for one in names for name in self.known[one].imports]
        with self._lock:
            self._finder.watch(imports)
        # Waits, without a lock, for a thread that is importing one of them.
        for name in imports:
            if sys.modules.get(name) is not None:
                with suppress(ImportError):
                    import_module(name)
        failures = []
        with self._lock:
            self.monitor = monitor
            self._enabled = frozenset(names)
            self._finder.watch(imports)
            for name, replacer in self._replacers.items():
                if name in self._enabled:
                    failures += self._replace(self.known[name])
                else:
                    replacer.restore()
        for failure in failures:
            self._fail(failure)

    def begin(
        self,
        framework: Framework,
        function: TrainingFunction,
        original: Callable[..., Any],
        args: tuple[Any, ...],
        options: dict[str, Any],
    ) -> tuple[TrainingCall, CallArguments] | None:
        """Begin to report a call; return ``None`` where it is not to be reported. Never raises."""
        if not self.is_reported(framework.name):
            return None
        try:
            arguments = CallArguments(original, args, options)
        except (TypeError, ValueError):
            # The function itself says what is wrong with its arguments.
            return None
        call = TrainingCall(framework.name, contains=framework.contains, on_failure=self._fail)
        inserted = False
        try:
            inserted = function.inserter.insert(
                call, arguments, partial(self.make_adapter, framework.name)
            )
        except Exception as error:
            self._fail(error)
        finally:
            if not inserted:
                call.end(None)
        return (call, arguments) if inserted else None

    def is_reported(self, name: str) -> bool:
        """Return whether a call of a framework is reported that begins now, in this context."""
        around = call_around()
        return name in self._enabled and (
            around is None or (around.contains and around.framework != name)
        )

    def make_adapter(self, name: str, **options: Any) -> Adapter:
        """Return a new adapter of a framework."""
        module = import_module(self.known[name].adapter)
        adapter: Adapter = module.VitalsCallback(self.open_monitor(), **options)
        return adapter

    def open_monitor(self) -> Monitor | None:
        """Return the monitor to report to; ``None`` for the newest open one."""
        monitor = self.monitor
        return None if monitor is None or monitor.closed else monitor

    def _on_import(self, module: ModuleType) -> None:
        failures = []
        with self._lock:
            for name in self._enabled:
                if module.__name__ in self.known[name].imports:
                    failures += self._replace(self.known[name])
        for failure in failures:
            self._fail(failure)

    def _replace(self, framework: Framework) -> list[Exception]:
        """Replace the functions of a framework; return the failures, which nobody else raises."""
        failures: list[Exception] = []
        for function in framework.functions:
            begin = partial(self.begin, framework, function)
            try:
                self._replacers[framework.name].replace(
                    [found for place in function.places for found in _find(place)],
                    partial(report_calls, begin=begin),
                )
            except Exception as failure:
                failures.append(failure)
        return failures

    def _fail(self, error: Exception) -> None:
        count_failure(self.monitor, "autolog", error)


def _find(place: str) -> Sequence[tuple[ModuleType | type, str]]:
    """Return the owner and the name of a function, where its module was imported."""
    module_name, _, path = place.partition(":")
    module = sys.modules.get(module_name)
    if not isinstance(module, ModuleType):
        return []
    kind, _, name = path.rpartition(".")
    if not kind:
        return [(module, name)]
    found = vars(module).get(kind)
    if not isinstance(found, type) or (name == "fit" and not _takes_callbacks(found)):
        return []
    return [(owner, name) for owner in found.__mro__ if name in vars(owner)][:1]


def _takes_callbacks(kind: type) -> bool:
    # scikit-learn before 1.9 has no callbacks.
    return not kind.__module__.startswith("sklearn.") or hasattr(kind, "set_callbacks")


controller = AutologController()
"""The instance of this process."""


def autolog(
    monitor: Monitor | None = None,
    *,
    frameworks: str | Iterable[str] | None = None,
    disable: bool = False,
) -> None:
    """Report trainings of known frameworks to a monitor, without a line in the code that trains.

    Each call that trains gets the callback of `ipyvitals.integrations`, unless it has one. The
    outermost call reports; only a search, of Optuna or scikit-learn, has the trainings that it
    tries inside its run. Call it before or after a framework is imported; of two calls, the second
    one holds.

    Parameters
    ----------
    monitor : Monitor, optional
        By default, and after the monitor was closed, the newest open monitor at each training;
        where there is none, one is made, named after the model, and shown in a notebook.
    frameworks : str or iterable of str, optional
        Names of the frameworks; all that are known by default.
    disable : bool
        Stop reporting, and put the functions of these frameworks back.

    Raises
    ------
    ArgumentValueError
        For a name that is not known; the message lists those that are.

    Examples
    --------
    >>> import ipyvitals
    >>> ipyvitals.autolog(frameworks=["keras", "xgboost"])
    >>> ipyvitals.autolog(disable=True)
    """
    monitor = check_monitor(monitor)
    names = _check_names(frameworks)
    if disable:
        controller.configure(controller.monitor, controller.enabled - names)
    else:
        controller.configure(monitor, names)


def _check_names(frameworks: str | Iterable[str] | None) -> frozenset[str]:
    if frameworks is None:
        return frozenset(controller.known)
    names = frozenset([frameworks] if isinstance(frameworks, str) else frameworks)
    unknown = sorted(str(name) for name in names if name not in controller.known)
    if unknown:
        raise ArgumentValueError(
            f"frameworks: unknown {', '.join(map(repr, unknown))}; "
            f"expected some of {', '.join(sorted(controller.known))}."
        )
    return names
