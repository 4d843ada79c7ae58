"""Predictions that wait for their truth."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

from ipyvitals.notices import Notices

__all__ = ["LabelJoin", "Owner"]

Owner: TypeAlias = tuple[str, int]
"""A model's id, and which of its deployments predicted."""


class LabelJoin:
    """Joins late labels to predictions by id; bounded in number and in time.

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
        self._pending: dict[Hashable, tuple[Owner, Any, float]] = {}
        self._labelled: dict[Hashable, None] = {}

    @property
    def pending(self) -> int:
        """How many predictions wait."""
        return len(self._pending)

    def add(self, id: Hashable, owner: Owner, prediction: Any, at: float) -> None:
        """Let the prediction of a deployment wait, from the monotonic time `at`."""
        if id in self._pending:
            # The newest prediction under an id is the one that was served last.
            del self._pending[id]
            self._notices.add(
                "labels.reused_id",
                f"a second prediction came under the id {id!r} before its label; "
                "the newer one will be labelled",
            )
        elif len(self._pending) >= self.capacity:
            del self._pending[next(iter(self._pending))]
            self._notices.add(
                "labels.evicted",
                f"more than {self.capacity:,} predictions waited for labels; the oldest left",
            )
        self._labelled.pop(id, None)
        self._pending[id] = (owner, prediction, at)

    def settle(self, id: Hashable) -> None:
        """Remember an id that was labelled at once, so that a second label is a duplicate."""
        self._pending.pop(id, None)
        self._remember(id)

    def take(self, id: Hashable) -> tuple[Owner, Any] | None:
        """Return the deployment and the prediction that `id` waits with, or ``None``."""
        waiting = self._pending.pop(id, None)
        if waiting is not None:
            self._remember(id)
            return waiting[:2]
        if id in self._labelled:
            self._notices.add(
                "labels.duplicate", f"the id {id!r} had a label already; the first one counts"
            )
        else:
            self._notices.add("labels.unknown", f"no prediction waits under the id {id!r}")
        return None

    def expire(self, now: float) -> None:
        """Let go of what has waited longer than `ttl`."""
        expired = 0
        while self._pending:
            oldest = next(iter(self._pending))
            if now - self._pending[oldest][2] <= self.ttl:
                break
            del self._pending[oldest]
            expired += 1
        if expired:
            self._notices.add(
                "labels.expired", f"predictions waited over {self.ttl:g} s for a label", expired
            )

    def _remember(self, id: Hashable) -> None:
        if len(self._labelled) >= self.capacity:
            del self._labelled[next(iter(self._labelled))]
        self._labelled[id] = None
