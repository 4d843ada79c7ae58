"""Copies curves under the locks of the tracker, to be thinned for the history without a lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ipyvitals.schema import CurveChunk
from ipyvitals.training.curves import Curve

if TYPE_CHECKING:
    from ipyvitals.training.record import RunRecord
    from ipyvitals.training.run import TrainingRun

__all__ = ["STORED_BUCKETS", "CurveCopy", "copies_of", "due_copies", "final_copies", "thinned"]

STORED_BUCKETS = 512
"""Most buckets of a curve in the history."""
STORE_SECONDS = 60.0
"""How often a curve of an open run is stored, which remains if the process dies."""
MOST_AT_ONCE = 20
"""Curves that are due which one call copies."""


class CurveCopy(NamedTuple):
    """The curve of one metric at one moment."""

    number: int
    """Number of the run."""
    run_id: str
    metric: str
    curve: Curve


def copies_of(record: RunRecord) -> list[CurveCopy]:
    """Return copies of the curves of one run."""
    return [
        CurveCopy(record.number, record.run_id, name, curve.copy())
        for name, curve in record.series.curves.items()
    ]


def final_copies(run: TrainingRun) -> list[CurveCopy]:
    """Return copies of the curves that a run which ends leaves.

    A loop inside a run may begin again and go on with its curves, so that they are final at the end
    of the run around it.
    """
    records = list(run.loops.values())
    parent = run.parent
    if parent is None or all(run.record is not record for record in parent.loops.values()):
        records.append(run.record)
    return [copy for record in records for copy in copies_of(record)]


def due_copies(runs: Iterable[TrainingRun], now: float) -> list[CurveCopy]:
    """Return copies of some curves of open runs, and of loops inside them, that are due.

    A curve is due when it has new values, and `STORE_SECONDS` after it was last due.
    """
    found = []
    for record in (record for run in runs for record in (run.record, *run.loops.values())):
        stored = record.series.stored
        for name, curve in record.series.curves.items():
            at, count = stored.get(name, (record.started, 0))
            if curve.count == count or now - at < STORE_SECONDS:
                continue
            stored[name] = now, curve.count
            found.append(CurveCopy(record.number, record.run_id, name, curve.copy()))
            if len(found) == MOST_AT_ONCE:
                return found
    return found


def thinned(copies: Iterable[CurveCopy]) -> tuple[tuple[int, CurveChunk], ...]:
    """Return the curves as the history stores them, each with the number of its run."""
    return tuple(
        (number, curve.chunk(run_id, name, limit=STORED_BUCKETS))
        for number, run_id, name, curve in copies
    )
