"""Split the metrics by model: at each moment the active one, and those beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipyvitals.charts.marks import DeploymentMark
from ipyvitals.charts.tables import HistoryTable, Texts
from ipyvitals.charts.times import TimeAxis

__all__ = ["ModelSeries", "split_active_model"]

MOST_OTHERS = 5


@dataclass(frozen=True)
class ModelSeries:
    """The rows of the active model, and those of the other models."""

    main: HistoryTable
    """Its lines are interrupted where another model took over."""
    others: list[HistoryTable]
    """One a model, of the times at which it was not active."""


def split_active_model(
    metrics: HistoryTable,
    watched: TimeAxis,
    deployments: list[DeploymentMark],
    model_id: str | None,
) -> ModelSeries:
    """Split the rows of a table into those of the active model and those of the others.

    Parameters
    ----------
    metrics : HistoryTable
        Rows of all models.
    watched : TimeAxis
        Regular moments at which the monitor ran.
    deployments : list of DeploymentMark
        In the order of time.
    model_id : str, optional
        The only model to show.
    """
    ids = metrics.texts("model_id")
    known = list(dict.fromkeys(ids.tolist()))
    if model_id is not None:
        return ModelSeries(metrics.where(ids == model_id).forward_fill(watched, to_end=True), [])
    if len(known) < 2:
        return ModelSeries(metrics.forward_fill(watched, to_end=True), [])
    front = ids == _active(metrics, ids, deployments)
    main = metrics.where(front).forward_fill(watched, to_end=True).cut("model_id")
    others = [metrics.where((ids == one) & ~front) for one in known]
    return ModelSeries(
        main, [one.forward_fill(watched, to_end=False) for one in others if len(one)][:MOST_OTHERS]
    )


def _active(metrics: HistoryTable, ids: Texts, deployments: list[DeploymentMark]) -> Texts:
    """Return, of each row, the id of the model that was active then."""
    if not deployments:
        totals = metrics.numbers("total_predictions")
        busiest = int(np.nanargmax(totals)) if np.isfinite(totals).any() else 0
        return np.full(len(ids), ids[busiest], dtype=object)
    since = np.array([one.at for one in deployments])
    who = np.array([ids[0], *(one.model_id for one in deployments)], dtype=object)
    active: Texts = who[np.searchsorted(since, metrics.at, side="right")]
    return active
