"""The marks of a figure that goes on."""

from __future__ import annotations

from typing import Any

from ipyvitals.charts.layout import height_px
from ipyvitals.charts.marks import BAD_FIRST, Band, deployment, marks
from ipyvitals.charts.timeline import Timeline
from ipyvitals.schema import ModelSection, Snapshot

__all__ = ["LiveMarks"]

MOST_BANDS = 500


class LiveMarks:
    """Notes how the model is and what is deployed, snapshot by snapshot.

    Parameters
    ----------
    timeline : Timeline
        What there is so far.
    snapshot : Snapshot
        How it is now.
    """

    def __init__(self, timeline: Timeline, snapshot: Snapshot) -> None:
        self._timeline = timeline
        self._headings = timeline.figure.layout.annotations[: len(timeline.rows)]
        self._bands = list(timeline.bands)
        self._deployments = list(timeline.deployments)
        times = timeline.interval[0]
        self._first = float(times[0]) if len(times) else snapshot.at
        self._last = snapshot.at
        self._deployed = _who(snapshot.model)
        self.changed = True
        """Whether there is anything to draw anew."""

    def add(self, snapshot: Snapshot) -> None:
        """Take a snapshot."""
        model, at = snapshot.model, snapshot.at
        if _who(model) != self._deployed:
            self._deployed = _who(model)
            self._deployments.append(
                deployment(
                    at, str(model.model_id), model.name, model.version, model.baseline_accuracy
                )
            )
            self.changed = True
        if model.status in BAD_FIRST:
            newest = self._bands[-1] if self._bands else None
            if newest is not None and (newest.status, newest.last) == (model.status, self._last):
                self._bands[-1] = newest._replace(last=at)
            else:
                self._bands = [*self._bands[1 - MOST_BANDS :], Band(at, at, model.status)]
            self.changed = True
        self._last = at

    def draw(self) -> tuple[list[dict[str, Any]], list[Any]]:
        """Return all shapes and annotations of the figure."""
        self.changed = False
        shapes, notes = marks(
            self._bands,
            self._deployments,
            (self._first, max(self._last, self._first + 1.0)),
            self._timeline.palette,
            height_px(self._timeline.rows),
        )
        return shapes, [*self._headings, *notes]


def _who(model: ModelSection) -> tuple[str | None, float | None]:
    return model.model_id, model.deployed_at
