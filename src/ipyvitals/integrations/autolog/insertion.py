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

ITERATIONS = ("iterations", "n_estimators", "num_boost_round", "num_trees")
"""Names that CatBoost has for the number of its iterations, which is 1000 by default."""


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
        Name of the parameter that says the number of steps, which the adapter cannot know.
    first : bool
        Whether the adapter is to be called before other callbacks, which may end the round.
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
        call.adapter = _find_adapter(callbacks)
        if call.adapter is None:
            options = {} if self.total is None else {"total": arguments.get(self.total)}
            adapter = call.adapter = make(**options)
            arguments.set(
                self.parameter, [adapter, *callbacks] if self.first else [*callbacks, adapter]
            )
        call.adapter.begin_call(arguments.subject)
        return True


class CatBoostInserter:
    """Adds an adapter to the callbacks of CatBoost, which on a GPU takes none."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert an adapter with the number of iterations; on a GPU open a run without steps."""
        params = arguments.subject.get_params()
        if str(params.get("task_type")).upper() == "GPU":
            call.adapter = make()
            call.adapter.open_run(None, model=type(arguments.subject).__name__)
            return True
        total = next((params[name] for name in ITERATIONS if params.get(name)), 1_000)
        callbacks = ArgumentInserter(first=True)
        return callbacks.insert(call, arguments, lambda: make(total=total))


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
        call.adapter = _find_adapter(trainer.callback_handler.callbacks)
        if call.adapter is None:
            adapter = call.adapter = make()
            trainer.add_callback(adapter)
            call.undo = lambda: trainer.remove_callback(adapter)
        return True


class NetInserter:
    """Adds an adapter to the callbacks of a skorch net, for the time of the training."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Insert an adapter into the callbacks of a net, which is initialized if need be."""
        net = arguments.subject
        if not getattr(net, "initialized_", False):
            # The next that `partial_fit` itself would do.
            net.initialize()
        callbacks = net.callbacks_
        call.adapter = _find_adapter(callback for _, callback in callbacks)
        if call.adapter is None:
            entry = ("ipyvitals", make())
            call.adapter = entry[1]
            callbacks.append(entry)
            call.undo = lambda: callbacks.remove(entry)
        return True


class EstimatorInserter:
    """Sets an adapter on an estimator of scikit-learn, for the time of the fit."""

    def insert(
        self, call: TrainingCall, arguments: CallArguments, make: Callable[..., Adapter]
    ) -> bool:
        """Set an adapter besides the callbacks of the user."""
        estimator = arguments.subject
        # There is no public way to read what `set_callbacks` replaces.
        given = list(vars(estimator).get("_skl_callbacks", ()))
        if _find_adapter(given) is None:
            # scikit-learn itself ends what a callback began, with the exception in view.
            adapter = make()
            if not _all_support_callbacks(estimator):
                # scikit-learn warns of each estimator inside that it cannot pass the callback to.
                adapter.max_propagation_depth = 0  # type: ignore[attr-defined]
            estimator.set_callbacks(*given, adapter)
            call.adapter = adapter
            call.undo = lambda: estimator.set_callbacks(*given)
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


def _all_support_callbacks(estimator: Any) -> bool:
    """Return whether an estimator and those in its parameters have ``set_callbacks``."""
    return hasattr(estimator, "set_callbacks") and all(
        _all_support_callbacks(inner)
        for inner in _estimators_in(estimator.get_params(deep=False).values())
    )


def _estimators_in(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, dict):
            yield from _estimators_in(value.values())
        elif isinstance(value, list | tuple):
            yield from _estimators_in(value)
        elif hasattr(value, "fit") and not isinstance(value, type):
            yield value


def _in_this_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that has the context of this call, also in threads that it is called in."""
    context, thread = copy_context(), threading.get_ident()

    def call(*args: Any) -> Any:
        if threading.get_ident() == thread:
            return function(*args)
        return context.copy().run(function, *args)

    return call
