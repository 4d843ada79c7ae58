"""Chooses the axes of compared runs: whole steps, room around a constant, logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ipyvitals.charts.runs import By, MetricCurve, RunCurves
from ipyvitals.charts.ticks import whole_step
from ipyvitals.stats.downsampling import Floats

__all__ = ["set_axes"]

CONSTANT_SHARE = 0.05
"""Room above and below a constant, as a share of the constant itself."""
ROUNDING = 1e-9
"""A line whose values differ by a smaller share than this is a constant."""


def set_axes(
    layout: dict[str, Any], names: Sequence[str], runs: list[RunCurves], by: By, *, log: bool
) -> None:
    """Set the ticks and ranges of the axes of all panels in a layout."""
    if by == "step":
        _set_whole_steps(layout, runs)
    for place, name in enumerate(names):
        axis = layout[f"yaxis{'' if place == 0 else place + 1}"]
        # 0.0001 is 1e-4, and not 100 micro.
        axis["exponentformat"] = "e"
        known = _values([run.curves[name] for run in runs if name in run.curves])
        if not known.size:
            continue
        low, high = float(known.min()), float(known.max())
        if log and low > 0:
            axis |= {"type": "log", "tickformat": "~g"}
        elif log:
            layout["annotations"][place]["text"] += "   linear: values at or below 0"
        if axis.get("type") != "log" and high - low <= ROUNDING * max(abs(low), abs(high)):
            room = CONSTANT_SHARE * abs(low) or 1.0
            axis["range"] = (low - room, high + room)


def _set_whole_steps(layout: dict[str, Any], runs: list[RunCurves]) -> None:
    steps = [curve.steps for run in runs for curve in run.curves.values()]
    known = np.concatenate([one[np.isfinite(one)] for one in steps] or [np.empty(0)])
    if known.size and np.all(known == np.floor(known)):
        ticks = whole_step(float(known.min()), float(known.max()))
        for axis in (name for name in layout if name.startswith("xaxis")):
            layout[axis] |= {"tickformat": ",d", **ticks}


def _values(curves: list[MetricCurve]) -> Floats:
    ends = [one for curve in curves for one in (curve.values, curve.low, curve.high)]
    values: Floats = np.concatenate([one for one in ends if one is not None] or [np.empty(0)])
    return values[np.isfinite(values)]
