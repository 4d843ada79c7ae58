"""Join late labels to pending predictions, and predictions to early labels, by id."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import Any, NamedTuple, TypeAlias

from ipyvitals.schema import LabelsSection
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.storable import repr_of

__all__ = ["DeploymentKey", "EarlyLabel", "LabelJoiner", "PendingPrediction"]

DeploymentKey: TypeAlias = tuple[str, int]
"""Id of a model, and number of the deployment that made a prediction."""

EARLY_LABEL_TTL = 60.0
"""Seconds."""


class PendingPrediction(NamedTuple):
    """A prediction without a label."""

    deployment: DeploymentKey
    prediction: Any
    at: float
    segment: Hashable
    number: int = 0
    """Number of the prediction in the history; 0 when predictions are not stored."""


class EarlyLabel(NamedTuple):
    """A label without a prediction."""

    actual: Any
    at: float


class LabelJoiner:
    """Join labels to predictions by id, in any order of arrival.

    Both sides are bounded in number and in time. An early label is stored for a minute, unless
    a pending prediction with its id was evicted or expired: the next prediction with that id
    would be a different one.

    Parameters
    ----------
    capacity : int
        Maximum number of pending predictions; beyond it, the oldest are evicted.
    ttl : float
        Seconds after which a pending prediction expires.
    notices : Notices
        Counts evictions, expirations, and unknown, duplicate and reused ids.
    """

    def __init__(self, capacity: int, ttl: float, notices: Notices) -> None:
        self.capacity = capacity
        self.ttl = ttl
        self._notices = notices
        # OrderedDict: a plain dict finds its first key by scanning all deleted entries before it.
        self._pending: OrderedDict[Hashable, PendingPrediction] = OrderedDict()
        self._labelled: OrderedDict[Hashable, None] = OrderedDict()
        self._dropped: OrderedDict[Hashable, None] = OrderedDict()
        """Ids of evicted and expired predictions."""
        self._early: OrderedDict[Hashable, EarlyLabel] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self.pending_by_model: Counter[str] = Counter()
        """Number of pending predictions by model id."""

    @property
    def pending(self) -> int:
        """Number of pending predictions."""
        return len(self._pending)

    def section(self) -> LabelsSection:
        """Return the labels section of the snapshot."""
        return LabelsSection(
            pending=len(self._pending), pending_limit=self.capacity, **self._counts
        )

    def add_prediction(self, id: Hashable, prediction: PendingPrediction) -> EarlyLabel | None:
        """Return the early label of `id` if there is one; otherwise store the prediction."""
        self._expire_if_due(id, prediction.at)
        if id in self._pending:
            # The newest prediction under an id is the one that was served last.
            self._remove_pending(id)
            self._notices.add("labels.reused_id", id=repr_of(id))
        early = self._early.pop(id, None)
        if early is not None:
            self._counts["unknown"] -= 1
            self._counts["early"] += 1
            self._add_labelled(id)
            return early
        if len(self._pending) >= self.capacity:
            self.expire(prediction.at)
        if len(self._pending) >= self.capacity:
            self._drop_pending(next(iter(self._pending)))
            self._counts["evicted"] += 1
            self._notices.add("labels.evicted", limit=f"{self.capacity:,}")
        self._labelled.pop(id, None)
        self._dropped.pop(id, None)
        self._pending[id] = prediction
        self.pending_by_model[prediction.deployment[0]] += 1
        return None

    def mark_labelled(self, id: Hashable) -> None:
        """Mark an id whose label came with the prediction; a second label is a duplicate."""
        if id in self._pending:
            self._remove_pending(id)
        if self._early.pop(id, None) is not None:
            self._counts["unknown"] -= 1
            self._count_duplicate(id)
        self._add_labelled(id)

    def add_label(self, id: Hashable, label: EarlyLabel) -> PendingPrediction | None:
        """Return the pending prediction of `id` if there is one; otherwise store the label."""
        prediction = self._pending.get(id)
        if prediction is None or label.at - prediction.at > self.ttl:
            self._expire_if_due(id, label.at)
        if id in self._pending:
            self._add_labelled(id)
            return self._remove_pending(id)
        if id in self._labelled or id in self._early:
            self._count_duplicate(id)
            return None
        self._counts["unknown"] += 1
        self._notices.add("labels.unknown", id=repr_of(id))
        if id not in self._dropped:
            if len(self._early) >= self.capacity:
                self._early.popitem(last=False)
            self._early[id] = label
        return None

    def expire(self, now: float) -> None:
        """Remove expired predictions and early labels, at monotonic second `now`."""
        expired = 0
        while self._pending:
            oldest = next(iter(self._pending))
            if now - self._pending[oldest].at <= self.ttl:
                break
            self._drop_pending(oldest)
            expired += 1
        if expired:
            self._counts["expired"] += expired
            self._notices.add("labels.expired", count=expired, seconds=self.ttl)
        while self._early:
            oldest = next(iter(self._early))
            if now - self._early[oldest].at <= EARLY_LABEL_TTL:
                break
            del self._early[oldest]

    def _expire_if_due(self, id: Hashable, now: float) -> None:
        """Call `expire` if `id` is expired, so that joins do not depend on when it was called."""
        prediction, early = self._pending.get(id), self._early.get(id)
        if (prediction is not None and now - prediction.at > self.ttl) or (
            early is not None and now - early.at > EARLY_LABEL_TTL
        ):
            self.expire(now)

    def _count_duplicate(self, id: Hashable) -> None:
        self._counts["duplicate"] += 1
        self._notices.add("labels.duplicate", id=repr_of(id))

    def _remove_pending(self, id: Hashable) -> PendingPrediction:
        prediction = self._pending.pop(id)
        self.pending_by_model[prediction.deployment[0]] -= 1
        return prediction

    def _drop_pending(self, id: Hashable) -> None:
        self._remove_pending(id)
        _add_bounded(self._dropped, id, self.capacity)

    def _add_labelled(self, id: Hashable) -> None:
        _add_bounded(self._labelled, id, self.capacity)


def _add_bounded(ids: OrderedDict[Hashable, None], id: Hashable, capacity: int) -> None:
    if id not in ids and len(ids) >= capacity:
        ids.popitem(last=False)
    ids[id] = None
