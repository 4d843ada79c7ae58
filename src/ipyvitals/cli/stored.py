"""Read the models of a file of history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ipyvitals.cli.entries import ModelEntry
from ipyvitals.cli.runs import run_fields
from ipyvitals.render import formatting as fmt
from ipyvitals.storage.store import open_store
from ipyvitals.storage.summaries import StoredRun

__all__ = ["stored_entries"]


def stored_entries(path: Path) -> list[ModelEntry]:
    """Return the models of a file of history: live ones first, then by their last row.

    Raises
    ------
    StoreError
        When the file cannot be read.
    """
    with open_store(path) as store:
        monitors, models, runs = store.monitors(), store.models(), store.runs()
    shown = _shown(runs)
    newest = {run.monitor: run for run in runs}
    running = {run.monitor: run for run in runs if run.state == "running"}
    entries = []
    for model in models:
        run = running.get(model.monitor) if model.live else None
        share = run.step / run.total * 100 if run and run.step is not None and run.total else None
        entries.append(
            ModelEntry(
                source="store",
                monitor=model.monitor,
                live=model.live,
                model_id=model.model_id,
                name=model.name,
                version=model.version,
                status=model.status,
                current_accuracy=model.current_accuracy,
                total_predictions=model.total_predictions,
                stage=run.stage if run else None,
                progress=share,
                lost=None if model.live else _lost(newest.get(model.monitor)),
                last_at=model.last_at,
                **shown.get(model.monitor, {}),
            )
        )
    named = {one.monitor for one in entries}
    entries += [
        ModelEntry(
            source="store",
            monitor=one.name,
            live=one.live,
            lost=None if one.live else _lost(newest.get(one.name)),
            last_at=one.last_at,
            **shown.get(one.name, {}),
        )
        for one in monitors
        if one.name not in named
    ]
    return sorted(entries, key=lambda one: (one.live, one.last_at or 0.0), reverse=True)


def _shown(runs: list[StoredRun]) -> dict[str, dict[str, Any]]:
    """Return the fields of the newest run at the top of each monitor; an open one comes first."""
    tops = [run for run in runs if run.info is None or run.info.parent_id is None]
    tops.sort(key=lambda run: (run.state == "running", run.started_at))
    return {
        run.monitor: run_fields(
            name=run.info.name if run.info else None,
            stage=run.stage,
            state=run.state,
            progress=(
                run.info.progress
                if run.info
                else 100.0 * run.step / run.total
                if run.step is not None and run.total
                else None
            ),
            metrics=run.metrics,
            best=run.info.best if run.info else {},
            ended_at=None if run.state == "running" else run.ended_at or run.last_at,
        )
        | {"notebook": _notebook(run)}
        for run in tops
    }


def _notebook(run: StoredRun) -> str | None:
    """Return the name of the notebook, or the script, that the run came from."""
    environment = run.info.environment if run.info else None
    return environment.notebook if environment else None


def _lost(run: StoredRun | None) -> str | None:
    """Return where a lost run stood, and why it was lost: ``step 312 of 1,000, out of memory``."""
    if run is None or run.state != "lost":
        return None
    parts = []
    if run.step is not None:
        whole = "" if run.total is None else f" of {fmt.count(run.total)}"
        parts.append(f"step {fmt.count(run.step)}{whole}")
    if run.reason == "out_of_memory":
        parts.append(f"out of memory {fmt.bytes_of(run.memory_used_bytes, run.memory_limit_bytes)}")
    return ", ".join(parts).strip()
