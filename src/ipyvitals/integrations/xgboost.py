"""Reports trainings of XGBoost: ``xgboost.train``, ``xgboost.cv`` and the estimators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from threading import get_ident
from typing import Any

from ipyvitals.integrations.adapter import import_framework, never_raises
from ipyvitals.integrations.boosting import BoostingCallback
from ipyvitals.integrations.calls import call_arguments
from ipyvitals.monitor import Monitor

__all__ = ["VitalsCallback"]

EvalsLog = Mapping[str, Mapping[str, Sequence[Any]]]


class VitalsCallback(BoostingCallback):
    """Reports each round of XGBoost, with the metrics of its evaluation sets.

    Of workers of a distributed training, the one of rank 0 reports.

    Parameters
    ----------
    monitor : Monitor, optional
        By default the newest open one; where there is none, one is made.
    name, tags, config
        As in `Monitor.training`; the parameters of the booster are in the config.
    total : int, optional
        Number of rounds of one call; by default ``num_boost_round`` of the call.

    Examples
    --------
    >>> from ipyvitals.integrations.xgboost import VitalsCallback
    >>> from xgboost import XGBClassifier
    >>> model = XGBClassifier(callbacks=[VitalsCallback()])  # doctest: +SKIP
    """

    framework = "xgboost"
    requires = "xgboost>=2.1"
    trains = ("train", "cv")
    model = "XGBoost"
    unit = "round"

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
        self._histories: dict[int, EvalsLog] = {}
        """The metrics so far, by the thread of the call."""

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return XGBoost's base class of callbacks."""
        return (import_framework("xgboost.callback", cls.requires).TrainingCallback,)

    def before_training(self, model: Any) -> Any:
        """Open a run; returns the model."""
        self._begin(model)
        return model

    @never_raises(False)
    def after_iteration(self, model: Any, epoch: int, evals_log: EvalsLog) -> bool:
        """Report a round; returns whether the training is to stop."""
        thread = get_ident()
        run = self._runs.get(thread)
        if run is None:
            return False
        self._histories[thread] = evals_log
        run.update(run.record.initial + epoch + 1, newest(evals_log))
        return run.should_stop

    def after_training(self, model: Any) -> Any:
        """End the run; returns the model."""
        self._end(model)
        return model

    @never_raises(None)
    def _begin(self, model: Any) -> None:
        self._histories.pop(get_ident(), None)
        if rank() != 0:
            self._runs.pop(get_ident(), None)
            return
        call = call_arguments("xgboost", self.trains)
        total = call.get("num_boost_round") if self._total is None else self._total
        initial = int(model.num_boosted_rounds())
        config: Any = {}
        with suppress(TypeError, ValueError):
            config = dict(call.get("params") or {})
        self.begin_call(
            None if total is None else initial + int(total),
            initial=initial,
            stage="Cross-validation" if hasattr(model, "cvfolds") else "Boosting",
            config=config,
        )

    @never_raises(None)
    def _end(self, model: Any) -> None:
        run = self.run_of_call()
        history = self._histories.pop(get_ident(), {})
        if run is not None:
            # XGBoost calls no further callbacks in the round in which one stops the training.
            done = max(run.current, run.record.initial + rounds(history))
            if done <= run.record.initial:
                done = int(model.num_boosted_rounds())
            if done > run.current:
                run.update(done, newest(history))
        self.end_call()


def newest(history: EvalsLog) -> dict[str, float]:
    """Return the newest value of each metric, such as ``"train/logloss"``; of folds the mean.

    Examples
    --------
    >>> newest({"train": {"auc": [0.5, 0.75]}, "test": {"auc": [(0.5, 0.1)]}})
    {'train/auc': 0.75, 'test/auc': 0.5}
    """
    found = {}
    for data, metrics in history.items():
        for metric, values in metrics.items():
            value = values[-1]
            found[f"{data}/{metric}"] = value[0] if isinstance(value, tuple) else value
    return found


def rounds(history: EvalsLog) -> int:
    """Return the number of rounds that were evaluated."""
    lengths = [len(values) for metrics in history.values() for values in metrics.values()]
    return max(lengths, default=0)


def rank() -> int:
    """Return the rank of this worker of a distributed training; 0 otherwise."""
    return int(import_framework("xgboost.collective", VitalsCallback.requires).get_rank())
