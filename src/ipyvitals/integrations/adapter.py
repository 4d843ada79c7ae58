"""Base of the adapters: finds the monitor, opens and ends runs, and never stops a training."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from types import new_class
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

from ipyvitals.errors import MissingFrameworkError
from ipyvitals.monitor import Monitor
from ipyvitals.monitor.integration_support import (
    check_monitor,
    count_failure,
    find_monitor,
    open_framework_run,
)
from ipyvitals.training.run import TrainingRun

__all__ = ["Adapter", "Pace", "import_framework", "never_raises", "settings"]

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A", bound="Adapter")

PACE_SECONDS = 0.05
"""Shortest time between two reports of metrics by a loop of fast steps."""


class Adapter:
    """Reports the trainings of one framework to a monitor; base class of all callbacks.

    An adapter is an instance of its public class and of the framework's own base class, which is
    imported when the first one is made. A copy or a pickle of an adapter has its arguments, and no
    run: a fitted model that carries one can be saved, cloned and loaded.

    Parameters
    ----------
    monitor : Monitor, optional
        By default the newest open monitor of this process; where there is none, one is made, named
        after the model, and shown in a notebook.
    name : str, optional
        Name of the runs.
    tags : iterable of str
        Tags of the runs.
    config : mapping, optional
        Hyperparameters of the runs, besides those that the framework tells.
    """

    framework: ClassVar[str]
    """Name of the framework's package, such as ``"keras"``."""
    requires: ClassVar[str]
    """What to install, such as ``"keras>=3"``."""
    trains: ClassVar[tuple[str, ...]] = ()
    """Names of the functions that train, of a framework that tells callbacks of no exception."""

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Make an instance of the class with the framework's own base."""
        concrete: type[Self] = concrete_class(cls)
        return object.__new__(concrete)

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__()
        self._given = check_monitor(monitor)
        self._name, self._tags, self._config = name, tuple(tags), dict(config or {})
        self._more = more
        """Further arguments of the adapter's own class, which a copy has too."""
        self._reported_to: Monitor | None = self._given
        self._opened: list[TrainingRun] = []
        """Runs that may be open, the outermost first."""
        self.opened = 0
        """Number of runs that this adapter has opened."""
        self._handled: int | None = None
        """Id of the exception that was being handled when the run began, which is not its own."""

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return the framework's classes that the adapter is an instance of; imports them."""
        return ()

    def __reduce__(self) -> tuple[Any, ...]:
        options = {"name": self._name, "tags": self._tags, "config": self._config, **self._more}
        return _make, (public_class(type(self)), self._given, options)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()

    def __copy__(self) -> Self:
        make, args = self.__reduce__()
        copied: Self = make(*args)
        return copied

    def __deepcopy__(self, memo: Any) -> Self:
        return self.__copy__()

    def open_run(
        self, total: int | None, *, model: str, stage: str = "Training", **options: Any
    ) -> TrainingRun:
        """Open a run of this adapter.

        Parameters
        ----------
        total : int, optional
            Number of steps.
        model : str
            Name of the model, and of a monitor that has to be made.
        stage : str
            Name of the activity.
        **options
            As in `Monitor.training`; ``owner`` is this adapter by default, so that the run ends as
            the adapter begins another one, or is deleted. With ``inside=run`` the run is inside
            another one of this adapter; then ``loop=True`` goes on with the run of the same stage,
            and ``aside=True`` is for a validation, whose steps are none of the run around it.
        """
        inside = options.pop("inside", None)
        if inside is not None:
            options.update(parent=inside, owner=None)
        else:
            options.setdefault("owner", self)
            options["name"] = options.get("name") or self._name
            options["tags"] = self._tags
            options["config"] = {**dict(options.get("config") or {}), **self._config}
        monitor = self._reported_to
        if inside is None or monitor is None:
            self._handled = id(sys.exc_info()[1])
            monitor = self._reported_to = find_monitor(self._given, model)
        run = open_framework_run(
            monitor,
            total,
            package=self.framework.partition(".")[0],
            functions=self.trains if inside is None else (),
            stage=stage,
            details=options.pop("details", ""),
            **options,
        )
        self._opened = [*(one for one in self._opened if one.state == "running"), run]
        self.opened += 1
        return run

    def end_run(self, run: TrainingRun, error: BaseException | None = None) -> None:
        """End a run in a hook that the framework calls at the end, also in its ``finally``.

        The run fails, or is stopped by an interrupt or by Optuna, which prunes a trial, by `error`
        or by the exception that is on its way; it is stopped after a request; else it is completed,
        with the share that it reached.

        Parameters
        ----------
        run : TrainingRun
        error : BaseException, optional
            The exception, where the framework tells it.
        """
        if error is None:
            error = sys.exc_info()[1]
            if id(error) == self._handled:
                error = None
        end_by(run, error)

    def before_call(self, subject: Any, total: int | None) -> None:
        """Open the run of a call before the framework's first hook, where that comes late.

        Called by autolog, which is around the call. By default the hooks open the run.

        Parameters
        ----------
        subject
            First argument of the call, such as the study or the model.
        total : int, optional
            Number of steps, where the call says it.
        """

    def after_call(self, error: BaseException | None = None, *, everywhere: bool = True) -> None:
        """End the runs that are open after a call that trains; called by autolog.

        Parameters
        ----------
        error : BaseException, optional
            What the call raised.
        everywhere : bool
            Whether the call was the only one of this adapter; else the runs of other threads go on.
        """
        for run in reversed(self._opened):
            if run.state != "running" or run.place is None:
                continue
            if everywhere or run.place.is_here():
                end_by(run, error)

    def fail(self, error: BaseException) -> None:
        """Count a failure inside this adapter."""
        count_failure(self._reported_to, f"{type(self).__name__} of {self.framework}", error)


class Pace:
    """Limits how often a loop of fast steps reports its metrics, which costs more than counting."""

    def __init__(self) -> None:
        self._next = 0.0

    def is_due(self) -> bool:
        """Return whether metrics are due, at most 20 times a second."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + PACE_SECONDS
        return True


def never_raises(
    default: T,
) -> Callable[[Callable[Concatenate[A, P], T]], Callable[Concatenate[A, P], T]]:
    """Decorate a hook of an adapter: an exception inside it is a notice, and `default` is returned.

    Interrupts go through.

    Parameters
    ----------
    default
        What the hook returns after an exception: what lets the training go on.
    """

    def decorate(hook: Callable[Concatenate[A, P], T]) -> Callable[Concatenate[A, P], T]:
        @wraps(hook)
        def call(self: A, /, *args: P.args, **options: P.kwargs) -> T:
            try:
                return hook(self, *args, **options)
            except Exception as error:
                self.fail(error)
                return default

        return call

    return decorate


def end_by(run: TrainingRun, error: BaseException | None) -> None:
    """End a run by an exception, or as completed without one."""
    # What pruned a trial has imported Optuna.
    optuna = sys.modules.get("optuna")
    if optuna is not None and isinstance(error, optuna.TrialPruned):
        run.stop("Pruned")
    else:
        run.__exit__(type(error) if error else None, error, None)


def import_framework(name: str, requires: str) -> Any:
    """Return a module of a framework.

    Raises
    ------
    MissingFrameworkError
        Where it is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != name.partition(".")[0]:
            raise
        raise MissingFrameworkError(
            f"{name} is not installed; install it by: pip install '{requires}'"
        ) from None


def concrete_class(public: type[A]) -> type[A]:
    """Return the class of the instances: the public class with the framework's own bases."""
    bases = tuple(base for base in public.framework_classes() if base not in public.__mro__)
    if not bases:
        return public
    derived: Any = _derived_class
    made: type[A] = derived(public, bases)
    return made


@cache
def _derived_class(public: Any, bases: tuple[type, ...]) -> Any:
    def fill(names: dict[str, Any]) -> None:
        names["__module__"] = public.__module__
        names["__doc__"] = public.__doc__
        names["__qualname__"] = public.__qualname__

    return new_class(public.__name__, (public, *bases), exec_body=fill)


def settings(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return those hyperparameters that are numbers, texts or flags."""
    kinds = (bool, int, float, str)
    return {str(name): value for name, value in (values or {}).items() if isinstance(value, kinds)}


def public_class(cls: type[Adapter]) -> type[Adapter]:
    """Return the class that a user made an adapter by."""
    module = sys.modules.get(cls.__module__)
    found = getattr(module, cls.__qualname__, cls)
    return found if isinstance(found, type) and issubclass(cls, found) else cls


def _make(cls: type[Adapter], monitor: Monitor | None, options: dict[str, Any]) -> Adapter:
    return cls(monitor, **options)
