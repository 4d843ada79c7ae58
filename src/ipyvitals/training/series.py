"""The values of one run over time: newest and best of each metric, curves, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from ipyvitals.schema import BestValue, Goal, NotFiniteKind
from ipyvitals.training.curve_feed import CurveFeed
from ipyvitals.training.curves import Curve, kind_of
from ipyvitals.training.goals import goal_of

__all__ = ["MAX_CURVES", "MetricBreak", "RunSeries"]

MAX_CURVES = 100
"""Curves of one run; further metrics have a newest and a best value, but no curve."""


class MetricBreak(NamedTuple):
    """A metric that stopped being finite."""

    step: float
    last_finite: float | None
    kind: NotFiniteKind


class RunSeries:
    """Collects what a run logs. Not thread-safe: the tracker's fold lock guards it.

    Parameters
    ----------
    run_id : str
    goals : mapping of str to {"min", "max"}
        Goals of metrics that the user named; for others their names decide.
    """

    def __init__(self, run_id: str, goals: Mapping[str, Goal] | None = None) -> None:
        self.run_id = run_id
        self.goals = dict(goals or {})
        self.metrics: dict[str, float | None] = {}
        self.best: dict[str, BestValue] = {}
        self.curves: dict[str, Curve] = {}
        self.breaks: dict[str, MetricBreak] = {}
        """Metrics that are not finite now."""
        self.stored: dict[str, tuple[float, int]] = {}
        """Of each curve that was stored before its end: when, and its number of values."""
        self.feed: CurveFeed | None = None
        """What else takes the values: the changes for the panel."""
        self._last_finite: dict[str, float] = {}

    def add(self, name: str, step: float, seconds: float, value: float) -> bool | None:
        """Add a value, which may be NaN or infinite; return whether the metric turned.

        Returns
        -------
        bool or None
            True when the value is the first that is not finite, False when it is the first finite
            one after such values, ``None`` when nothing changed.
        """
        curve = self.curves.get(name)
        if curve is None and len(self.curves) < MAX_CURVES:
            curve = self.curves[name] = Curve()
        if curve is not None:
            before = curve.count
            curve.add(step, seconds, value)
            if self.feed is not None:
                self.feed.add(self.run_id, name, before, step, seconds, value)
        if not isfinite(value):
            self.metrics[name] = None
            if name in self.breaks:
                return None
            self.breaks[name] = MetricBreak(step, self._last_finite.get(name), kind_of(value))
            return True
        self.metrics[name] = self._last_finite[name] = value
        best = self.best.get(name)
        if best is None:
            goal = self.goals.get(name) or goal_of(name)
            if goal is not None:
                self.best[name] = BestValue(value=value, step=step, goal=goal)
        elif value < best.value if best.goal == "min" else value > best.value:
            self.best[name] = BestValue(value=value, step=step, goal=best.goal)
        if not self.breaks:
            return None
        return False if self.breaks.pop(name, None) is not None else None

    def drop_curves(self) -> None:
        """Free the memory of the curves: no snapshot has the run any more."""
        self.curves.clear()
