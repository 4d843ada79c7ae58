"""Decides what a message to the panel says of training runs and their curves, and how often.

- Of a run that the page has, only the fields that changed travel, and of a curve only new buckets.
- A message delays the next one by its size, so that eight busy runs take no more bytes a second
  than one, and a single run is shown at once.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from ipyvitals.schema import CurveChunk, RunInfo

__all__ = ["CurveSource", "RunFeed", "shorten"]

BYTES_PER_SECOND = 7_000
MAX_RUNS = 32
"""Runs that a page receives."""
WHOLE_BUCKETS = 4_000
"""Buckets of all curves together that a page receives when it opens."""
MIN_BUCKETS, MAX_BUCKETS = 32, 320
"""Of one curve."""
DIGITS = 6
ROUNDED = ("progress", "rate_per_second", "eta_seconds", "elapsed_seconds")
RATIOS = ("data_wait_ratio", "data_wait_ratio_total")
BY_CLOCK = frozenset({"elapsed_seconds", "eta_seconds"})
"""Fields that the page moves on by its own clock."""


class CurveSource(Protocol):
    """Provides the curves of all runs: the `TrainingTracker`."""

    def changes(self) -> list[CurveChunk]:
        """Return what is new in the curves since the last call."""
        ...

    def curves(self, run_id: str | None = None, limit: int | None = None) -> list[CurveChunk]:
        """Return the whole curves."""
        ...


class RunFeed:
    """Computes the traits ``runs`` and ``curves`` of one panel.

    Parameters
    ----------
    source : CurveSource
    """

    def __init__(self, source: CurveSource) -> None:
        self._source = source
        self._sent: dict[str, dict[str, Any]] = {}
        self._next_at = self._sent_at = 0.0

    def changes(self, runs: list[RunInfo], at: float) -> dict[str, Any]:
        """Return what changed since the last message; nothing when it is too early for another.

        Parameters
        ----------
        runs : list of RunInfo
            The runs of a snapshot.
        at : float
            The time of the snapshot.
        """
        # Before the last message the clock was set back; the page must not wait for it.
        if self._sent_at <= at < self._next_at:
            return {}
        rows = [row for run in runs[:MAX_RUNS] if (row := self._changed(run)) is not None]
        chunks = self._source.changes()
        state: dict[str, Any] = {}
        if rows:
            state["runs"] = rows
        if chunks:
            state["curves"] = msgspec.to_builtins(chunks)
        if state:
            size = len(msgspec.json.encode(state))
            self._sent_at, self._next_at = at, at + size / BYTES_PER_SECOND
        return state

    def whole(self, runs: list[RunInfo]) -> dict[str, Any]:
        """Return all runs and whole curves, for a view that opens."""
        self._source.changes()
        shown = runs[:MAX_RUNS]
        self._sent = {run.run_id: _plain(run) for run in shown}
        share = WHOLE_BUCKETS // max(1, sum(len(run.metrics) for run in shown))
        limit = max(MIN_BUCKETS, min(MAX_BUCKETS, share))
        chunks = [chunk for chunk in self._source.curves(limit=limit) if chunk.run_id in self._sent]
        return {"runs": list(self._sent.values()), "curves": msgspec.to_builtins(chunks)}

    def _changed(self, run: RunInfo) -> dict[str, Any] | None:
        """Return the fields of a run that changed, or all of a run that the page lacks."""
        row, before = _plain(run), self._sent.get(run.run_id)
        self._sent[run.run_id] = row
        if before is None:
            return row
        changed = {name: value for name, value in row.items() if before[name] != value}
        if not changed.keys() - BY_CLOCK:
            return None
        return {"run_id": run.run_id, **changed}


def shorten(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with numbers of six digits where a page shows four; changes `row`."""
    for name in ROUNDED:
        row[name] = _short(row[name])
    row["metrics"] = {name: _short(value) for name, value in row["metrics"].items()}
    return row


def _plain(run: RunInfo) -> dict[str, Any]:
    row = shorten(msgspec.to_builtins(run))
    for name in RATIOS:
        row[name] = None if row[name] is None else round(row[name], 3)
    return row


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")
