"""Predictions that wait for their truth, and truths that wait for their prediction."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import Any, NamedTuple, TypeAlias

from ipyvitals.schema import LabelsSection
from ipyvitals.utils.notices import Notices

__all__ = ["Early", "LabelJoin", "Owner", "Waiting"]

Owner: TypeAlias = tuple[str, int]
"""A model's id, and which of its deployments predicted."""

EARLY_SECONDS = 60.0


class Waiting(NamedTuple):
    """A prediction without a label."""

    owner: Owner
    prediction: Any
    at: float
    segment: Hashable


class Early(NamedTuple):
    """A label without a prediction."""

    actual: Any
    at: float


class LabelJoin:
    """Joins labels to predictions by id, in whatever order they come.

    Both sides are bounded in number and in time. A label that comes first is kept for a minute,
    unless its id belongs to a prediction that waited and had to go: the next prediction under
    that id would be another one.

    Parameters
    ----------
    capacity : int
        Most predictions that wait; the oldest make room.
    ttl : float
        Seconds after which a prediction waits no more.
    notices : Notices
        Where evictions and unknown and duplicate ids are counted.
    """

    def __init__(self, capacity: int, ttl: float, notices: Notices) -> None:
        self.capacity = capacity
        self.ttl = ttl
        self._notices = notices
        # The first key of a plain dict is found by walking over all that was deleted before it.
        self._pending: OrderedDict[Hashable, Waiting] = OrderedDict()
        self._labelled: OrderedDict[Hashable, None] = OrderedDict()
        self._gone: OrderedDict[Hashable, None] = OrderedDict()
        self._early: OrderedDict[Hashable, Early] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self.pending_of: Counter[str] = Counter()
        """How many predictions of each model wait, by its id."""

    @property
    def pending(self) -> int:
        """How many predictions wait."""
        return len(self._pending)

    def section(self) -> LabelsSection:
        """Return what became of the predictions and labels so far."""
        return LabelsSection(
            pending=len(self._pending), pending_limit=self.capacity, **self._counts
        )

    def add(self, id: Hashable, waiting: Waiting) -> Early | None:
        """Let a prediction wait; or return its label, if that came first."""
        self._let_go(id, waiting.at)
        if id in self._pending:
            # The newest prediction under an id is the one that was served last.
            self._drop(id)
            self._notices.add(
                "labels.reused_id",
                f"a second prediction came under the id {id!r} before its label; "
                "the newer one will be labelled",
            )
        early = self._early.pop(id, None)
        if early is not None:
            self._counts["unknown"] -= 1
            self._counts["early"] += 1
            self._remember(id)
            return early
        if len(self._pending) >= self.capacity:
            self.expire(waiting.at)
        if len(self._pending) >= self.capacity:
            self._forget(next(iter(self._pending)))
            self._counts["evicted"] += 1
            self._notices.add(
                "labels.evicted",
                f"more than {self.capacity:,} predictions waited for labels; the oldest left",
            )
        self._labelled.pop(id, None)
        self._gone.pop(id, None)
        self._pending[id] = waiting
        self.pending_of[waiting.owner[0]] += 1
        return None

    def mark_labelled(self, id: Hashable) -> None:
        """Remember an id that was labelled at once, so that a second label is a duplicate."""
        if id in self._pending:
            self._drop(id)
        if self._early.pop(id, None) is not None:
            self._counts["unknown"] -= 1
            self._count_duplicate(id)
        self._remember(id)

    def take(self, id: Hashable, label: Early) -> Waiting | None:
        """Return the prediction that `id` waits with; without one the label waits itself."""
        waiting = self._pending.get(id)
        if waiting is None or label.at - waiting.at > self.ttl:
            self._let_go(id, label.at)
        if id in self._pending:
            self._remember(id)
            return self._drop(id)
        if id in self._labelled or id in self._early:
            self._count_duplicate(id)
            return None
        self._counts["unknown"] += 1
        self._notices.add("labels.unknown", f"no prediction waits under the id {id!r}")
        if id not in self._gone:
            if len(self._early) >= self.capacity:
                self._early.popitem(last=False)
            self._early[id] = label
        return None

    def expire(self, now: float) -> None:
        """Let go of what has waited for too long."""
        expired = 0
        while self._pending:
            oldest = next(iter(self._pending))
            if now - self._pending[oldest].at <= self.ttl:
                break
            self._forget(oldest)
            expired += 1
        if expired:
            self._counts["expired"] += expired
            self._notices.add(
                "labels.expired", f"predictions waited over {self.ttl:g} s for a label", expired
            )
        while self._early:
            oldest = next(iter(self._early))
            if now - self._early[oldest].at <= EARLY_SECONDS:
                break
            del self._early[oldest]

    def _let_go(self, id: Hashable, now: float) -> None:
        """Expire if it concerns `id`: what joins what must not depend on when somebody looks."""
        waiting, early = self._pending.get(id), self._early.get(id)
        if (waiting is not None and now - waiting.at > self.ttl) or (
            early is not None and now - early.at > EARLY_SECONDS
        ):
            self.expire(now)

    def _count_duplicate(self, id: Hashable) -> None:
        self._counts["duplicate"] += 1
        self._notices.add(
            "labels.duplicate", f"the id {id!r} had a label already; the first one counts"
        )

    def _drop(self, id: Hashable) -> Waiting:
        waiting = self._pending.pop(id)
        self.pending_of[waiting.owner[0]] -= 1
        return waiting

    def _forget(self, id: Hashable) -> None:
        self._drop(id)
        _keep(self._gone, id, self.capacity)

    def _remember(self, id: Hashable) -> None:
        _keep(self._labelled, id, self.capacity)


def _keep(ids: OrderedDict[Hashable, None], id: Hashable, capacity: int) -> None:
    if id not in ids and len(ids) >= capacity:
        ids.popitem(last=False)
    ids[id] = None
