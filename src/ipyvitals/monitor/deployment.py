"""Deploys, retires and acknowledges models: the methods of `Monitor` for operators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ipyvitals.drift.detector import as_columns
from ipyvitals.errors import ArgumentValueError
from ipyvitals.health import Thresholds
from ipyvitals.monitor.base import MonitorBase
from ipyvitals.runtime.config import check_thresholds
from ipyvitals.utils.datetimes import unix_seconds
from ipyvitals.utils.validation import (
    as_rows,
    check_ratio,
    check_text,
    model_facts,
    model_id_of,
)

__all__ = ["DeploymentMixin"]


class DeploymentMixin(MonitorBase):
    """Deploys and retires models, sets thresholds and references, and resets figures."""

    @property
    def thresholds(self) -> Thresholds:
        """Limits from which a model or the machine is degraded or unhealthy.

        May be set at any time. The current status stays until enough consecutive labels or
        checks cross a new limit.
        """
        return self._engine.aggregator.thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        self._engine.adjust(check_thresholds(thresholds))

    def deploy(
        self,
        model: Any,
        version: str | None = None,
        *,
        model_id: str | None = None,
        trained_at: datetime | str | float | None = None,
        deployed_at: datetime | str | float | None = None,
        baseline_accuracy: float | None = None,
    ) -> str:
        """Make a model the active one: predictions without a `model_id` belong to it from now on.

        Its accuracy window, status and uptime start again, also when it was deployed before.
        Models that were deployed earlier stay and can be recorded under their `model_id`.

        Parameters
        ----------
        model : str or object
            Name of the model, or the model object, whose type name becomes the name.
        version : str, optional
            Version of the model.
        model_id : str, optional
            Unique id of the model; ``"name-version"`` by default.
        trained_at, deployed_at : datetime, str or float, optional
            Times of training and deployment: a datetime, an ISO 8601 string or Unix seconds.
            `deployed_at` is the current time by default.
        baseline_accuracy : float, optional
            Accuracy measured before the deployment, in [0, 1].

        Returns
        -------
        str
            The id of the model.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument has an invalid value or type.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> monitor.deploy("churn", version="2.2", trained_at="2026-05-01T12:00:00+00:00")
        'churn-2.2'
        """
        facts = model_facts(model, version, trained_at)
        facts["deployed_at"] = unix_seconds("deployed_at", deployed_at)
        if baseline_accuracy is not None:
            facts["baseline_accuracy"] = check_ratio("baseline_accuracy", baseline_accuracy)
        model_id = model_id_of(facts) if model_id is None else check_text("model_id", model_id)
        if self._user_warnings.accepts():
            self._engine.deploy(model_id, announce=True, **facts)
        return model_id

    def retire(self, model_id: str) -> None:
        """Stop a model that no longer serves; its figures stay for comparison.

        Parameters
        ----------
        model_id : str
            Id of the model, as `deploy` returned it. `deploy` makes the model active again.

        Raises
        ------
        ArgumentTypeError
            When `model_id` is not a string.
        UnknownModelError
            When no model has that id.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor(interval=None)
        >>> old = monitor.deploy("churn", version="2.1")
        >>> new = monitor.deploy("churn", version="2.2")
        >>> monitor.retire(old)
        >>> [(model.version, model.status) for model in monitor.models()]
        [('2.1', 'stopped'), ('2.2', 'active')]
        """
        self._engine.aggregator.registry.get(check_text("model_id", model_id))
        if self._user_warnings.accepts():
            self._engine.retire(model_id)

    def set_reference(
        self, predictions: Any, features: Any = None, *, model_id: str | None = None
    ) -> None:
        """Set the rows that a model's predictions and features are compared with for drift.

        Training data are a typical reference. By default the first rows of each deployment are
        the reference.

        Parameters
        ----------
        predictions : array-like, shape (n,)
            Predictions of the model; at least 30.
        features : DataFrame, mapping of arrays or array of shape (n, k), optional
            Features of the same rows, in the form in which `record` gets them.
        model_id : str, optional
            Id of the model; the active model by default.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When lengths differ, there are too few rows, or the monitor does not watch for drift.
        UnknownModelError
            When no model has that id.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None, drift=True)
        >>> monitor.set_reference([0, 1] * 500, {"age": range(1_000)})
        """
        if not self._engine.aggregator.queue.drift_enabled:
            raise ArgumentValueError(
                "set_reference(): expected Monitor(drift=True), got a monitor that does not watch "
                "for drift."
            )
        rows = as_rows("predictions", predictions)
        columns = None if features is None else as_columns(features, len(rows))
        self._engine.aggregator.registry.get(model_id)
        if self._user_warnings.accepts():
            self._engine.set_reference(model_id, rows, columns)

    def acknowledge(self, model_id: str | None = None) -> bool:
        """Acknowledge that a model is degraded, unhealthy or failed.

        The acknowledgement is dropped when the status of the model changes.

        Parameters
        ----------
        model_id : str, optional
            Id of the model; the active model by default.

        Returns
        -------
        bool
            False when the model has no such status, or it was acknowledged before.

        Raises
        ------
        UnknownModelError
            When no model has that id.

        Examples
        --------
        >>> from ipyvitals import Monitor
        >>> monitor = Monitor("churn", interval=None)
        >>> monitor.record_batch([1] * 100, [0] * 100)
        >>> monitor.snapshot().model.status
        'degraded'
        >>> monitor.acknowledge(), monitor.acknowledge()
        (True, False)
        """
        return bool(self._engine.acknowledge(model_id))

    def reset(self) -> None:
        """Clear the active model's accuracy window, status and rates, and all notices.

        Totals and uptime continue.
        """
        self._engine.reset()
