"""Reports trainings of CatBoost: ``fit`` of its estimators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from threading import get_ident
from typing import Any
from weakref import ref

from ipyvitals.integrations.adapter import import_framework, never_raises
from ipyvitals.integrations.boosting import BoostingCallback
from ipyvitals.integrations.calls import call_arguments
from ipyvitals.monitor import Monitor
from ipyvitals.training.run import TrainingRun

__all__ = ["VitalsCallback"]

ITERATIONS = ("iterations", "n_estimators", "num_boost_round", "num_trees")
"""Names of the parameter that is the number of iterations."""
DEFAULT_ITERATIONS = 1_000


class VitalsCallback(BoostingCallback):
    """Reports each iteration of CatBoost, with the metrics of its evaluation sets.

    CatBoost calls nothing at the end of a training: the run completes in its last iteration, and
    after an early stop when the call is seen to have returned. On a GPU CatBoost takes no
    callbacks of any kind, and raises: see `takes_callbacks`.

    Parameters
    ----------
    monitor : Monitor, optional
        By default the newest open one; where there is none, one is made.
    name, tags, config
        As in `Monitor.training`; the parameters of the model are in the config.
    total : int, optional
        Number of iterations of one call; by default that of the model.

    Examples
    --------
    >>> from catboost import CatBoostClassifier
    >>> from ipyvitals.integrations.catboost import VitalsCallback
    >>> model = CatBoostClassifier()
    >>> model.fit(X, y, callbacks=[VitalsCallback()])  # doctest: +SKIP
    """

    framework = "catboost"
    requires = "catboost>=1.2.8"
    trains = ("fit",)
    model = "CatBoost"
    unit = "iteration"

    def __init__(
        self,
        monitor: Monitor | None = None,
        *,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
        total: int | None = None,
    ) -> None:
        super().__init__(monitor, name=name, tags=tags, config=config, total=total)
        self._calls: dict[int, IterationProgress] = {}
        """By the thread of the call."""

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return none: any object with the method is a callback of CatBoost."""
        import_framework("catboost", cls.requires)
        return ()

    def after_iteration(self, info: Any) -> bool:
        """Report an iteration; returns whether the training is to go on."""
        return not self._report(info)

    @never_raises(False)
    def _report(self, info: Any) -> bool:
        run, call = self.run_of_call(), self._calls.get(get_ident())
        if run is None or call is None or info.iteration <= call.last or has_ended(run):
            run, call = self._begin(info)
        call.last = info.iteration
        done = call.before + info.iteration
        run.update(done, call.new_values(info.metrics))
        if run.should_stop or done == run.total:
            self.end_call()
        return run.should_stop

    def _begin(self, info: Any) -> tuple[TrainingRun, IterationProgress]:
        arguments = call_arguments("catboost", self.trains)
        model = arguments.get("self")
        parameters = {} if model is None else model.get_params()
        total = self._total
        if total is None and model is not None:
            given = (parameters[name] for name in ITERATIONS if name in parameters)
            total = next(given, DEFAULT_ITERATIONS)
        call = self._calls[get_ident()] = IterationProgress(trees(arguments.get("init_model")))
        run = self.begin_call(
            None if total is None else call.before + total,
            # A call that goes on from a snapshot counts on.
            initial=call.before + info.iteration - 1,
            config=parameters,
        )
        if model is not None:
            run.is_done = has_been_fitted(model)
        return run, call


class IterationProgress:
    """The progress of one call of ``fit``.

    Parameters
    ----------
    before : int
        Number of trees of the model that the call goes on with; CatBoost counts from 1 then, too.
    """

    def __init__(self, before: int) -> None:
        self.before = before
        self.last = 0
        """The last iteration."""
        self._lengths: dict[str, int] = {}

    def new_values(self, metrics: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, float]:
        """Return the values that are new, such as that of ``"learn/Logloss"``.

        With ``metric_period=`` a metric has no value in most iterations.
        """
        found = {}
        for data, values_of in metrics.items():
            for metric, values in values_of.items():
                name = f"{data}/{metric}"
                if len(values) != self._lengths.get(name):
                    self._lengths[name] = len(values)
                    found[name] = values[-1]
        return found


def takes_callbacks(model: Any) -> bool:
    """Return whether CatBoost takes callbacks for a model: not where it trains on a GPU.

    Examples
    --------
    >>> from catboost import CatBoost
    >>> takes_callbacks(CatBoost({"task_type": "GPU"})), takes_callbacks(CatBoost())
    (False, True)
    """
    return str(model.get_params().get("task_type") or "CPU").upper() != "GPU"


def has_ended(run: TrainingRun) -> bool:
    """Return whether the call of a run has ended, so that another one goes on."""
    return run.state != "running" or run.is_done()


def trees(model: Any) -> int:
    """Return the number of trees of a model that a training goes on with; 0 without one."""
    with suppress(Exception):
        return 0 if model is None else int(model.tree_count_ or 0)
    return 0


def has_been_fitted(model: Any) -> Callable[[], bool]:
    """Return a function that says whether a model that is not fitted yet has been fitted."""
    if model.is_fitted():
        # It stays fitted, whatever the call does.
        return lambda: False
    trained = ref(model)

    def is_fitted() -> bool:
        found = trained()
        return found is not None and bool(found.is_fitted())

    return is_fitted
