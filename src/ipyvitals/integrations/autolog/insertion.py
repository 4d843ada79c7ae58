"""Ways in which a call that trains takes a callback: as an argument, or through its object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import Any, NamedTuple, Protocol

from ipyvitals.integrations.adapter import Adapter
from ipyvitals.integrations.autolog.calls import CallArguments, TrainingCall

__all__ = [
    "ArgumentInserter",
    "CatBoostInserter",
    "EstimatorInserter",
    "Inserter",
    "NetInserter",
    "StudyInserter",
    "TrainerInserter",
]


class Inserter(Protocol):
    """Inserts an adapter into a call, unless the user passed one."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert what ``make(**options)`` returns; return false where the call takes none."""
        ...


class ArgumentInserter(NamedTuple):
    """Adds an adapter to the list of callbacks that the function takes.

    Parameters
    ----------
    parameter : str
        Name of the list among the function's parameters.
    total : str, optional
        Name of the parameter that says the number of steps; the adapter takes ``total=`` then.
    first : bool
        Whether the adapter is called before other callbacks, which may end the round.
    """

    parameter: str = "callbacks"
    total: str | None = None
    first: bool = False

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert an adapter into the list."""
        if not arguments.accepts(self.parameter):
            return False
        callbacks = _as_list(arguments.get(self.parameter))
        if callbacks is None:
            return False
        total = None if self.total is None else arguments.get(self.total)
        adapter = given = _find_adapter(callbacks)
        if adapter is None:
            adapter = make() if self.total is None else make(total=total)
            both = [adapter, *callbacks] if self.first else [*callbacks, adapter]
            arguments.set(self.parameter, both)
        elif arguments.get(self.parameter) is not callbacks:
            # The caller may have passed an iterator.
            arguments.set(self.parameter, callbacks)
        call.report_by(adapter, arguments.subject, total=total, inserted=given is None)
        return True


class CatBoostInserter:
    """Adds an adapter to the callbacks of CatBoost, which on a GPU takes none."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert an adapter; on a GPU open a run without steps."""
        model = arguments.subject
        if str(model.get_params().get("task_type")).upper() != "GPU":
            return ArgumentInserter(first=True).insert(call, arguments, make)
        adapter = make()
        call.report_by(adapter, model, inserted=True)
        adapter.open_run(None, model=type(model).__name__)
        return True


class StudyInserter:
    """Adds an adapter to the callbacks of an Optuna study."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert an adapter; trials in other threads report inside the run of the study."""
        if not ArgumentInserter(total="n_trials", first=True).insert(call, arguments, make):
            return False
        arguments.set("func", _in_this_context(arguments.get("func")))
        return True


class TrainerInserter:
    """Adds an adapter to a Trainer of transformers, for the time of the training."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert an adapter by the Trainer's own method."""
        trainer = arguments.subject
        given = _find_adapter(trainer.callback_handler.callbacks)
        if given is not None:
            call.report_by(given, trainer, inserted=False)
            return True
        adapter = make()
        trainer.add_callback(adapter)
        call.report_by(
            adapter, trainer, inserted=True, undo=lambda: trainer.remove_callback(adapter)
        )
        return True


class NetInserter:
    """Adds an adapter to the callbacks of a skorch net, for the time of the training."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert an adapter into the callbacks of a net, which is initialized if need be."""
        net = arguments.subject
        if not getattr(net, "initialized_", False):
            # As `partial_fit` itself begins.
            net.initialize()
        callbacks = net.callbacks_
        given = _find_adapter(callback for _, callback in callbacks)
        if given is not None:
            call.report_by(given, net, inserted=False)
            return True
        entry = ("ipyvitals", make())
        callbacks.append(entry)
        call.report_by(entry[1], net, inserted=True, undo=lambda: callbacks.remove(entry))
        return True


class EstimatorInserter:
    """Sets an adapter on an estimator of scikit-learn, for the time of the fit."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Set an adapter besides the callbacks of the user."""
        estimator = arguments.subject
        # There is no public way to read what `set_callbacks` replaces.
        callbacks = list(vars(estimator).get("_skl_callbacks", ()))
        if _find_adapter(callbacks) is None:
            adapter = make()
            estimator.set_callbacks(*callbacks, adapter)
            call.report_by(
                adapter,
                estimator,
                inserted=True,
                undo=lambda: estimator.set_callbacks(*callbacks),
            )
        # That of the user hears of the end, with the exception, from scikit-learn.
        return True


def _as_list(callbacks: Any) -> list[Any] | None:
    """Return a list of callbacks; ``None`` of a container of the framework's own."""
    if callbacks is None:
        return []
    if isinstance(callbacks, Iterable):
        return list(callbacks)
    return None if hasattr(callbacks, "callbacks") else [callbacks]


def _find_adapter(callbacks: Iterable[Any]) -> Adapter | None:
    return next((one for one in callbacks if isinstance(one, Adapter)), None)


def _in_this_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that has the context of this call, also in threads that it is called in."""
    context, thread = copy_context(), threading.get_ident()

    def call(*args: Any) -> Any:
        if threading.get_ident() == thread:
            return function(*args)
        return context.copy().run(function, *args)

    return call
