"""Deploys, retires and evaluates models: the part of `Monitor` for operators."""

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
    """Deploys and retires models and sets their thresholds."""

    @property
    def thresholds(self) -> Thresholds:
        """Where good ends; may be set at any time. Verdicts stay until a streak turns them."""
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
        """Make a model the active one: predictions belong to it from here on.

        Its accuracy window, verdicts and uptime begin anew, also when it was deployed before.

        Parameters
        ----------
        model : str or object
            Name, or the model itself, whose type is then the name.
        version : str, optional
            Of the model.
        model_id : str, optional
            Tells models apart; ``"name-version"`` by default.
        trained_at, deployed_at : datetime, str or float, optional
            Moments; ISO 8601 or Unix seconds as well. `deployed_at` is now by default.
        baseline_accuracy : float, optional
            Accuracy measured before deployment, in [0, 1].

        Returns
        -------
        str
            The model's id.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When an argument makes no sense.

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
        """End a model that serves no more; its figures stay to be compared.

        Parameters
        ----------
        model_id : str
            As `deploy` returned it; `deploy` brings it back.

        Raises
        ------
        ArgumentTypeError, UnknownModelError
            When no model has that id.
        """
        self._engine.aggregator.registry.get(check_text("model_id", model_id))
        if self._user_warnings.accepts():
            self._engine.retire(model_id)

    def set_reference(
        self, predictions: Any, features: Any = None, *, model_id: str | None = None
    ) -> None:
        """Compare what a model sees and says with these rows, such as its training data.

        Without it the first rows of each deployment are the reference.

        Parameters
        ----------
        predictions : array-like, shape (n,)
            At least 30.
        features : DataFrame, mapping of arrays or array of shape (n, k), optional
            As `record` gets them.
        model_id : str, optional
            Whose; the active model's by default.

        Raises
        ------
        ArgumentValueError, ArgumentTypeError
            When lengths differ, there are too few rows, or the monitor does not watch for
            drift.
        """
        if not self._engine.aggregator.queue.watching:
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
        """Note that somebody has seen why a model is degraded, unhealthy or failed.

        Parameters
        ----------
        model_id : str, optional
            Which one; the active model by default.

        Returns
        -------
        bool
            Whether there was anything to acknowledge.

        Raises
        ------
        UnknownModelError
            When no model has that id.
        """
        return bool(self._engine.acknowledge(model_id))

    def reset(self) -> None:
        """Forget the active model's window, verdicts and rates, and the notices; totals go on."""
        self._engine.reset()
