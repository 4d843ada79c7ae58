"""Reads the runs of a monitor in tests of adapters."""

from __future__ import annotations

import pytest


def runs_of(monitor):
    """Return the newest run of each stage."""
    return {run.stage: run for run in reversed(monitor.snapshot().runs)}


def curve_of(monitor, run, metric):
    """Return the steps and the values of a curve, of which none were merged."""
    (chunk,) = monitor._engine.training.curves(run.run_id, metric=metric)
    return chunk.step, chunk.mean


def near(values, rel=1e-4):
    """Return numbers of a framework, tensors too, for a comparison; curves are of short numbers."""
    if isinstance(values, dict):
        return pytest.approx({name: float(value) for name, value in values.items()}, rel=rel)
    return pytest.approx([float(value) for value in values], rel=rel)
