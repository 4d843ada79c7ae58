"""Records the predictions of river's evaluations, by a metric for ``progressive_val_score``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Self

from ipyvitals.integrations.adapter import Adapter, import_framework, never_raises
from ipyvitals.monitor import Monitor
from ipyvitals.monitor.integration_support import compares_classes, find_monitor

__all__ = ["VitalsMetric"]


class VitalsMetric(Adapter):
    """Records each prediction with its label, and is the metric that it is given.

    A row that the model does not predict yet is no prediction; a delayed label is recorded when it
    comes. Labels of a regressor count where the monitor has ``task="regression"`` or ``score=``.

    Parameters
    ----------
    monitor : Monitor, optional
        By default the newest open one; where there is none, one is made, named after the model.
    metric : river.metrics.base.Metric, optional
        What river computes and prints: by default the accuracy, of a regressor the mean absolute
        error.
    model_id : str, optional
        Id of the model, as `Monitor.deploy` returns it; the active one by default.

    Examples
    --------
    >>> from ipyvitals import Monitor
    >>> from ipyvitals.integrations.river import VitalsMetric
    >>> from river import datasets, evaluate, linear_model, preprocessing
    >>> monitor = Monitor("phishing", interval=None)
    >>> model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    >>> evaluate.progressive_val_score(datasets.Phishing(), model, VitalsMetric(monitor))
    Accuracy: 89.28%
    >>> monitor.snapshot().metrics.total_predictions
    1250
    """

    framework = "river"
    requires = "river>=0.22"

    def __init__(
        self,
        monitor: Monitor | None = None,
        metric: Any = None,
        *,
        model_id: str | None = None,
        name: str | None = None,
        tags: Iterable[str] = (),
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            monitor, name=name, tags=tags, config=config, metric=metric, model_id=model_id
        )
        self._metric = metric
        self._model_id = model_id
        self._model = "river"
        self._regresses = False
        self._found: Monitor | None = None

    @classmethod
    def framework_classes(cls) -> tuple[type, ...]:
        """Return river's base class of metrics."""
        return (import_framework("river.metrics", cls.requires).base.Metric,)

    def __deepcopy__(self, memo: Any) -> Self:
        copied = self.__copy__()
        copied._metric = copied._more["metric"] = deepcopy(self._metric, memo)
        return copied

    @property
    def metric(self) -> Any:
        """The metric that river computes."""
        if self._metric is None:
            metrics = import_framework("river.metrics", self.requires)
            self._metric = metrics.MAE() if self._regresses else metrics.Accuracy()
            self._more["metric"] = self._metric
        return self._metric

    def update(self, y_true: Any, y_pred: Any, *args: Any, **options: Any) -> None:
        """Record a prediction and its label, and update the metric."""
        self._record(y_true, y_pred)
        self.metric.update(y_true, y_pred, *args, **options)

    def revert(self, y_true: Any, y_pred: Any, *args: Any, **options: Any) -> None:
        """Revert the metric; the prediction stays recorded."""
        self.metric.revert(y_true, y_pred, *args, **options)

    def get(self) -> Any:
        """Return the value of the metric."""
        return self.metric.get()

    @property
    def bigger_is_better(self) -> bool:
        """True if a high value of the metric is better than a low one."""
        return bool(self.metric.bigger_is_better)

    @property
    def requires_labels(self) -> bool:
        """True if the metric needs classes, rather than probabilities."""
        return bool(getattr(self.metric, "requires_labels", True))

    @property
    def works_with_weights(self) -> bool:
        """True if the metric takes weights of rows."""
        return bool(self.metric.works_with_weights)

    def works_with(self, model: Any) -> bool:
        """Return whether the metric suits a model; river asks before it begins."""
        self._look_at(model)
        return bool(self.metric.works_with(model))

    def __repr__(self) -> str:
        return repr(self.metric)

    @never_raises(None)
    def _look_at(self, model: Any) -> None:
        base = import_framework("river.base", self.requires)
        steps = list(getattr(model, "steps", {}).values())
        self._regresses = isinstance(model, base.Regressor)
        self._model = type(steps[-1] if steps else model).__name__
        self._found = None

    @never_raises(None)
    def _record(self, y_true: Any, y_pred: Any) -> None:
        monitor = self._found
        if monitor is None or monitor.closed:
            monitor = self._reported_to = find_monitor(self._given, self._model)
            if monitor is None:
                return
            self._found = monitor
            self._labels = not (self._regresses and compares_classes(monitor))
        if y_pred.__class__ is dict and y_pred:
            y_pred = max(y_pred, key=y_pred.__getitem__)
        if self._labels:
            monitor.record(y_pred, y_true, model_id=self._model_id)
        else:
            monitor.record(y_pred, model_id=self._model_id)
