"""Whose rows are in front: at each moment those of the model that was active."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ipyvitals.charts.marks import Deployment
from ipyvitals.charts.tables import Table, Texts
from ipyvitals.charts.times import Times

__all__ = ["ModelSeries", "split_active_model"]

MOST_OTHERS = 5


@dataclass(frozen=True)
class ModelSeries:
    """The rows of a table of metrics, told apart."""

    main: Table
    """Its lines are interrupted where another model took over."""
    others: list[Table]
    """One a model, of the times at which it was not active."""


def split_active_model(
    metrics: Table, watched: Times, deployments: list[Deployment], model_id: str | None
) -> ModelSeries:
    """Tell the rows of the active model from those of the others.

    Parameters
    ----------
    metrics : Table
        Rows of all models.
    watched : Times
        Regular moments at which the monitor was there.
    deployments : list of Deployment
        Who became active when, in the order of time.
    model_id : str, optional
        The only model to show.
    """
    ids = metrics.texts("model_id")
    known = list(dict.fromkeys(ids.tolist()))
    if model_id is not None:
        return ModelSeries(metrics.where(ids == model_id).held(watched, to_end=True), [])
    if len(known) < 2:
        return ModelSeries(metrics.held(watched, to_end=True), [])
    front = ids == _active(metrics, ids, deployments)
    main = metrics.where(front).held(watched, to_end=True).cut("model_id")
    others = [metrics.where((ids == one) & ~front) for one in known]
    return ModelSeries(
        main, [one.held(watched, to_end=False) for one in others if len(one)][:MOST_OTHERS]
    )


def _active(metrics: Table, ids: Texts, deployments: list[Deployment]) -> Texts:
    """Return, of each row, the id of the model that was active then."""
    if not deployments:
        totals = metrics.numbers("total_predictions")
        busiest = int(np.nanargmax(totals)) if np.isfinite(totals).any() else 0
        return np.full(len(ids), ids[busiest], dtype=object)
    since = np.array([one.at for one in deployments])
    who = np.array([ids[0], *(one.model_id for one in deployments)], dtype=object)
    active: Texts = who[np.searchsorted(since, metrics.at, side="right")]
    return active
