"""Watches models that serve: the method of `Monitor` that makes stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar, overload

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.ingest.records import UNSET
from ipyvitals.monitor.call_sink import ModelCallSink
from ipyvitals.monitor.deployment import DeploymentMixin
from ipyvitals.monitor.recording import RecordingMixin

__all__ = ["WatchingMixin"]

T = TypeVar("T")
DEFAULT_METHODS: tuple[str, ...] = ("predict",)
"""The default of ``methods=``: `predict`, and the call of a target that can be called."""


class WatchingMixin(RecordingMixin, DeploymentMixin):
    """Makes stand-ins for models and functions, whose calls are recorded."""

    @overload
    def watch(
        self,
        target: T,
        *,
        methods: str | Iterable[str] = ...,
        name: str | None = ...,
        version: str | None = ...,
        model_id: str | None = ...,
        trained_at: datetime | str | float | None = ...,
        baseline_accuracy: float | None = ...,
        ids: Callable[[Any], Any] | None = ...,
    ) -> T: ...

    @overload
    def watch(
        self,
        *,
        methods: str | Iterable[str] = ...,
        name: str | None = ...,
        version: str | None = ...,
        model_id: str | None = ...,
        trained_at: datetime | str | float | None = ...,
        baseline_accuracy: float | None = ...,
        ids: Callable[[Any], Any] | None = ...,
    ) -> Callable[[T], T]: ...

    def watch(
        self,
        target: Any = UNSET,
        *,
        methods: str | Iterable[str] = DEFAULT_METHODS,
        name: str | None = None,
        version: str | None = None,
        model_id: str | None = None,
        trained_at: datetime | str | float | None = None,
        baseline_accuracy: float | None = None,
        ids: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Return a stand-in for a model or a function, whose calls are recorded.

        The stand-in answers as its target does. Copies, clones and pickles of it are those of the
        target, and neither the target nor its class is changed. The model is deployed.

        Parameters
        ----------
        target : object, optional
            A fitted model, a pipeline, a module, a function, a coroutine function or a generator
            function. Left out, `watch` is a decorator: ``@monitor.watch(name="churn")``.
        methods : iterable of str
            Methods whose calls are predictions, ``"__call__"`` among them. By default ``predict``,
            and the call of a target that can be called.
        name : str, optional
            Name of the model; by default that of its class, or of the function.
        version, model_id, trained_at, baseline_accuracy
            As in `deploy`.
        ids : callable, optional
            Returns the ids of the rows, from the first argument of the call, so that `label` can
            label the predictions later.

        Returns
        -------
        object
            The stand-in, or the decorator.

        Raises
        ------
        ArgumentTypeError, ArgumentValueError
            When `target` cannot be watched or has no such method, or the monitor is closed.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> @monitor.watch(version="2.1")
        ... def sentiment(texts):
        ...     return ["good" for text in texts]
        >>> sentiment(["one", "two"])
        ['good', 'good']
        >>> model = monitor.active_model
        >>> model.model_id, model.total_predictions
        ('sentiment-2.1', 2)
        """
        options: dict[str, Any] = {
            "methods": methods,
            "name": name,
            "version": version,
            "model_id": model_id,
            "trained_at": trained_at,
            "baseline_accuracy": baseline_accuracy,
            "ids": ids,
        }
        if self._engine.closed:
            raise ArgumentValueError(
                f"watch(): the monitor {self._engine.settings.name!r} is closed; "
                "make a Monitor, and watch with that."
            )
        if ids is not None and not callable(ids):
            raise ArgumentTypeError(
                f"ids={ids!r}: expected a function of the first argument of a call, which returns "
                "the ids of its rows."
            )
        if target is UNSET:
            return lambda target: self._watch(target, **options)
        return self._watch(target, **options)

    def _watch(
        self,
        target: Any,
        *,
        methods: Any,
        ids: Callable[[Any], Any] | None,
        name: str | None,
        version: str | None,
        **facts: Any,
    ) -> Any:
        # Imported late: most monitors watch nothing.
        from ipyvitals.serving.calls import CallRecorder
        from ipyvitals.serving.stand_in import sink_of, stand_in_for
        from ipyvitals.serving.targets import check_methods, check_target, target_facts

        while (sink := sink_of(target)) is not None and self._replaces(sink.owner):
            target = target.__wrapped__
        check_target(target)
        found = check_methods(target, None if methods is DEFAULT_METHODS else methods)
        known_name, known_version = target_facts(target)
        model_id = self.deploy(name or known_name, version or known_version, **facts)
        # Before any record, since a concurrent drain may take the fast path.
        self._queue.needs_slow_path = True
        return stand_in_for(target, found, CallRecorder(ModelCallSink(self, model_id, ids)))

    def _replaces(self, owner: WatchingMixin) -> bool:
        """Return whether a stand-in is of this monitor, or of one that records nothing more."""
        return owner is self or owner._engine.closed
