"""Reports trainings of LightGBM: ``lightgbm.train``, ``lightgbm.cv`` and the estimators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import ref

from ipyvitals.integrations.adapter import import_framework, never_raises
from ipyvitals.integrations.boosting import BoostingCallback
from ipyvitals.monitor import Monitor

__all__ = ["VitalsCallback"]


class VitalsCallback(BoostingCallback):
    """Reports each iteration of LightGBM, with the metrics of its evaluation sets.

    LightGBM calls nothing at the end of a training: the run completes in its last iteration, and
    after an early stop when the call is seen to have returned.

    Parameters
    ----------
    monitor : Monitor, optional
        By default the newest open one; where there is none, one is made.
    name, tags, config
        As in `Monitor.training`; the parameters of the training are in the config.
    total : int, optional
        Number of iterations of one call; LightGBM itself knows it.

    Examples
    --------
    >>> import lightgbm
    >>> from ipyvitals.integrations.lightgbm import VitalsCallback
    >>> model = lightgbm.LGBMClassifier()
    >>> model.fit(X, y, callbacks=[VitalsCallback()])  # doctest: +SKIP
    """

    framework = "lightgbm"
    requires = "lightgbm>=4.5"
    trains = ("train", "cv")
    model = "LightGBM"
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
        # Attributes of the instance: LightGBM sets those that are missing.
        self.order = 25
        """Before early stopping, of order 30, which raises an exception in its last iteration."""
        self.before_iteration = False

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return none: any callable is a callback of LightGBM."""
        import_framework("lightgbm", cls.requires)
        return ()

    def __call__(self, env: Any) -> None:
        """Report an iteration.

        Raises
        ------
        lightgbm.callback.EarlyStopException
            After a request to stop; LightGBM catches it.
        """
        if self._report(env):
            callback = import_framework("lightgbm.callback", self.requires)
            raise callback.EarlyStopException(env.iteration, env.evaluation_result_list or [])

    @never_raises(False)
    def _report(self, env: Any) -> bool:
        run = self.run_of_call()
        if run is None or env.iteration == env.begin_iteration:
            total = env.end_iteration
            if self._total is not None:
                total = env.begin_iteration + self._total
            run = self.begin_call(
                total,
                initial=env.begin_iteration,
                stage="Cross-validation" if hasattr(env.model, "boosters") else "Boosting",
                config=env.params,
            )
            run.is_done = stopped_early(env.model)
        done = env.iteration + 1
        run.update(done, metrics(env.evaluation_result_list or ()))
        if run.should_stop or done == env.end_iteration:
            self.end_call()
        return run.should_stop


def metrics(results: Iterable[Any]) -> dict[str, float]:
    """Return the value of each metric, such as ``"valid_0/auc"``; of folds the mean.

    Examples
    --------
    >>> metrics([("training", "auc", 0.75, True), ("cv_agg", "valid auc", 0.5, True, 0.1)])
    {'training/auc': 0.75, 'valid/auc': 0.5}
    """
    found = {}
    for result in results:
        data, metric = result[0], result[1]
        if data == "cv_agg":
            # Before LightGBM 4.7 the name of the metric begins with that of the data.
            data, _, metric = metric.partition(" ")
        found[f"{data}/{metric}"] = result[2]
    return found


def stopped_early(model: Any) -> Callable[[], bool]:
    """Return a function that says whether early stopping ended the training of a model."""
    # Nobody else refers to the models of folds when their call returns; the end of the run
    # releases them.
    trained = (lambda: model) if hasattr(model, "boosters") else ref(model)

    def has_best_iteration() -> bool:
        # LightGBM sets the best iteration after a stop alone; before that it is 0, of folds -1.
        found = trained()
        return found is not None and found.best_iteration > 0

    return has_best_iteration
