"""Reports one call of a function that trains, and never changes what the call does."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from inspect import Parameter, signature
from typing import Any

from ipyvitals.integrations.adapter import Adapter

__all__ = ["CallArguments", "TrainingCall", "call_around", "report_calls"]

POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

_current: ContextVar[TrainingCall | None] = ContextVar("ipyvitals_training_call", default=None)


class CallArguments:
    """Arguments of a call, by the names of the function's parameters.

    Parameters
    ----------
    function : callable
    args, options : tuple, dict
        What the caller passed; they are not changed.

    Raises
    ------
    TypeError
        Where the function does not take these arguments.
    """

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
    ) -> None:
        self.args = args
        self.options = dict(options)
        self._parameters = signature(function).parameters
        bound = signature(function).bind(*args, **options)
        bound.apply_defaults()
        self._values = bound.arguments

    @property
    def subject(self) -> Any:
        """The first argument: the object of a method, or the parameters of a model."""
        return next(iter(self._values.values()))

    def accepts(self, name: str) -> bool:
        """Return whether the function has a parameter of this name."""
        return name in self._parameters

    def get(self, name: str) -> Any:
        """Return an argument as the caller passed it, or its default."""
        return self._values[name]

    def set(self, name: str, value: Any) -> None:
        """Set an argument, in the place where the caller passed it."""
        names = [
            parameter.name
            for parameter in self._parameters.values()
            if parameter.kind in POSITIONAL
        ]
        if name in names[: len(self.args)]:
            at = names.index(name)
            self.args = (*self.args[:at], value, *self.args[at + 1 :])
        else:
            self.options[name] = value


class TrainingCall:
    """A call that is reported, and that reports the calls inside it or not.

    Parameters
    ----------
    framework : str
    contains : bool
        Whether trainings of other frameworks inside the call are reported inside it.
    on_failure : callable
        Called with an exception inside this package.
    """

    def __init__(
        self, framework: str, *, contains: bool, on_failure: Callable[[Exception], object]
    ) -> None:
        self.framework = framework
        self.contains = contains
        self.around = call_around()
        self.ended = False
        self._adapter: Adapter | None = None
        self._subject: Any = None
        self._inserted = False
        self._opened = 0
        self._undo: Callable[[], object] | None = None
        self._on_failure = on_failure
        self._token = _current.set(self)

    def report_by(
        self,
        adapter: Adapter,
        subject: Any,
        *,
        total: int | None = None,
        inserted: bool,
        undo: Callable[[], object] | None = None,
    ) -> None:
        """Report by an adapter, whose runs end with the call.

        Parameters
        ----------
        adapter : Adapter
        subject
            First argument of the call.
        total : int, optional
            Number of steps, where the call says it.
        inserted : bool
            Whether nobody else has the adapter.
        undo : callable, optional
            Takes the adapter out of an object of the user, after the call.
        """
        self._adapter, self._subject, self._inserted = adapter, subject, inserted
        self._undo = undo
        self._opened = adapter.opened
        adapter.before_call(subject, total)

    def end(self, error: BaseException | None) -> None:
        """End the runs of the call as it ended; raises nothing but an interrupt."""
        self.ended = True
        _current.reset(self._token)
        for step in (self._end_runs, self._take_out):
            try:
                step(error)
            except Exception as failure:
                self._on_failure(failure)

    def _end_runs(self, error: BaseException | None) -> None:
        adapter = self._adapter
        if adapter is None:
            return
        if error is not None and adapter.opened == self._opened:
            # The call failed before the framework called the adapter.
            adapter.open_run(None, model=self._model_name())
        adapter.after_call(error, everywhere=self._inserted)

    def _take_out(self, error: BaseException | None) -> None:
        if self._undo is not None:
            self._undo()

    def _model_name(self) -> str:
        # The parameters of a model have no name.
        subject = self._subject
        return self.framework if isinstance(subject, dict | list) else type(subject).__name__


def call_around() -> TrainingCall | None:
    """Return the innermost reported call of this context that has not ended."""
    call = _current.get()
    while call is not None and call.ended:
        call = call.around
    return call


def report_calls(
    original: Callable[..., Any],
    begin: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any],
) -> Callable[..., Any]:
    """Return a wrapper of a function that trains; it calls the function once, whatever happens.

    Parameters
    ----------
    original : callable
    begin : callable
        Called with the function and the arguments; returns the `TrainingCall` and the arguments to
        call the function with, or ``None`` where the call is not reported. Must not raise.
    """

    @wraps(original)
    def train(*args: Any, **options: Any) -> Any:
        begun = begin(original, args, options)
        if begun is None:
            return original(*args, **options)
        call, arguments = begun
        try:
            result = original(*arguments.args, **arguments.options)
        except BaseException as error:
            call.end(error)
            raise
        call.end(None)
        return result

    return train
