"""Thresholds become health, health and lifecycle become one status."""

from __future__ import annotations

from math import isfinite
from numbers import Real
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.snapshot import Health, Rule, Status, SystemSection
from ipyvitals.stats.streak import Switch
from ipyvitals.stats.window import Scores, ScoreWindow

__all__ = [
    "AccuracyRule",
    "Finding",
    "Lifecycle",
    "LimitRule",
    "SystemRule",
    "Thresholds",
    "status_of",
]

Lifecycle: TypeAlias = Literal["registered", "active", "stopped", "failed"]

MIN_LABELS = 30
LABEL_HOLD = 20
ACCURACY_MARGIN = 0.02
ROUNDING = 1e-9
"""Less than any label moves the accuracy: 0.8 + 0.02 is a little more than 82 of 100, and a
running sum of scores of 0.8 a little less than 0.8 each."""
MIN_CALLS = 30
SAMPLE_HOLD = 3

REASONS: dict[str, tuple[str, str]] = {
    "accuracy": ("Accuracy dropped below threshold", "Accuracy recovered"),
    "error_rate": ("Error rate rose above threshold", "Error rate recovered"),
    "latency_p95": ("Latency p95 rose above threshold", "Latency p95 recovered"),
}


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Where good ends. ``None`` turns a rule off.

    Parameters
    ----------
    accuracy : float, optional
        Ratio in [0, 1]. Below it for 20 labels in a row, with at least 30 labels in the
        window, a model is degraded; 0.02 above it for 20 labels, it has recovered.
    error_rate : float, optional
        Failed calls of all calls in the last 60 s, ratio in [0, 1], from 30 calls on.
    latency_p95 : float, optional
        Seconds; 95 % of the calls of the last 60 s should be faster.
    cpu, memory, disk : float, optional
        Percent at which the system is degraded when three samples in a row reach it.
    critical : float, optional
        Percent at which memory or disk make the system unhealthy, held likewise.

    Raises
    ------
    ArgumentTypeError, ArgumentValueError
        When a threshold is no number, or outside its range.

    Examples
    --------
    >>> Thresholds(accuracy=0.85).accuracy
    0.85
    """

    accuracy: float | None = 0.8
    error_rate: float | None = 0.05
    latency_p95: float | None = None
    cpu: float | None = 95.0
    memory: float | None = 90.0
    disk: float | None = 90.0
    critical: float | None = 97.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value: Any = getattr(self, name)
            if value is None:
                continue
            top = {"accuracy": 1.0, "error_rate": 1.0, "latency_p95": float("inf")}.get(name, 100.0)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise ArgumentTypeError(
                    f"Thresholds({name}=…): expected a number or None, got {value!r}."
                )
            number = float(value)
            if not (isfinite(number) and 0 <= number <= top):
                hint = f" Do you mean {number / 100:g}?" if top == 1 and 1 < number <= 100 else ""
                raise ArgumentValueError(
                    f"Thresholds({name}=…): expected a value from 0 to {top:g}, "
                    f"got {value!r}.{hint}"
                )


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule turned: what it saw, and against what."""

    rule: Rule
    on: bool
    reason: str
    value: float
    threshold: float
    n: int


def _finding(rule: Rule, on: bool, value: float, threshold: float, n: int) -> Finding:
    reason = REASONS[rule][0 if on else 1]
    return Finding(rule=rule, on=on, reason=reason, value=value, threshold=threshold, n=n)


class AccuracyRule:
    """Judges every single label, so that the verdict does not depend on when it is asked.

    Parameters
    ----------
    threshold : float or None
        Ratio in [0, 1].
    window_size : int
        Of the `ScoreWindow` judged; a window under 30 labels is judged once it is full.
    """

    def __init__(self, threshold: float | None, window_size: int) -> None:
        self.threshold = threshold
        self.min_labels = min(MIN_LABELS, window_size)
        self._switch = Switch(LABEL_HOLD)

    @property
    def on(self) -> bool:
        """Whether the accuracy counts as dropped."""
        return self._switch.on

    def update(self, window: ScoreWindow, scores: Scores) -> list[Finding]:
        """Judge `scores`, which `window` has not seen yet; return each turn, oldest first."""
        if self.threshold is None or not scores.size:
            return []
        enter_below = self.threshold - ROUNDING
        leave_at = min(self.threshold + ACCURACY_MARGIN, 1.0) - ROUNDING
        rights = window.rights_after(scores) if scores.size >= window.size else None
        if rights is None:
            means, counts = window.means_after(scores)
            ready = counts >= self.min_labels
            turns = self._switch.update(means < enter_below, means >= leave_at, ready)
            seen = [(float(means[step]), int(counts[step])) for step in turns]
        else:
            levels = np.arange(window.size + 1) / window.size
            fewest, enough = np.searchsorted(levels, [enter_below, leave_at])
            turns = self._switch.update(rights < fewest, rights >= enough)
            seen = [(int(rights[step]) / window.size, window.size) for step in turns]
        on = self._switch.on ^ (len(turns) % 2 == 1)
        findings: list[Finding] = []
        for mean, n in seen:
            on = not on
            findings.append(_finding("accuracy", on, mean, self.threshold, n))
        return findings


class LimitRule:
    """Judges a figure of the last minute once a tick; turns after three in a row."""

    def __init__(self, rule: Rule, threshold: float | None) -> None:
        self.rule: Rule = rule
        self.threshold = threshold
        self._switch = Switch(SAMPLE_HOLD)

    @property
    def on(self) -> bool:
        """Whether the figure counts as too high."""
        return self._switch.on

    def update(self, value: float | None, n: int) -> list[Finding]:
        """Judge `value`, which rests on `n` calls; too few calls are no evidence."""
        if self.threshold is None or value is None or n < MIN_CALLS:
            return []
        over = np.array([value > self.threshold])
        if not self._switch.update(over, ~over):
            return []
        return [_finding(self.rule, self.on, value, self.threshold, n)]


class SystemRule:
    """The worst of the known components, held for three samples each."""

    def __init__(self, thresholds: Thresholds) -> None:
        limits = {
            "cpu": (thresholds.cpu, None),
            "memory": (thresholds.memory, thresholds.critical),
            "disk": (thresholds.disk, thresholds.critical),
        }
        self._read = False
        self._levels: dict[str, list[tuple[Health, float, Switch]]] = {}
        for component, (degraded, unhealthy) in limits.items():
            if degraded is None:
                continue
            self._levels[component] = [("degraded", degraded, Switch(SAMPLE_HOLD))]
            if unhealthy is not None:
                self._levels[component].append(("unhealthy", unhealthy, Switch(SAMPLE_HOLD)))

    def update(self, reading: SystemSection) -> SystemSection:
        """Return the reading with its health, what limits it, and what could not be read."""
        health: Health = "unknown"
        limiter: str | None = None
        unknown: list[str] = []
        for component, levels in self._levels.items():
            percent: float | None = getattr(reading, f"{component}_percent")
            if percent is None:
                # A load is a difference: the first reading has none, and nothing is wrong.
                if self._read or component != "cpu":
                    unknown.append(component)
                continue
            verdict: Health = "healthy"
            for level, limit, switch in levels:
                over = np.array([percent >= limit])
                switch.update(over, ~over)
                if switch.on:
                    verdict = level
            if _SEVERITY[verdict] > _SEVERITY[health]:
                health = verdict
                limiter = component if verdict != "healthy" else None
        self._read = True
        return msgspec.structs.replace(
            reading, system_health=health, limiter=limiter, unknown_components=unknown
        )


_SEVERITY: dict[Health, int] = {"unknown": 0, "healthy": 1, "degraded": 2, "unhealthy": 3}


def status_of(lifecycle: Lifecycle, health: Health, *, training: bool, idle: bool) -> Status:
    """Return the one label of the two axes; the first match wins.

    Examples
    --------
    >>> status_of("active", "degraded", training=False, idle=True)
    'degraded'
    """
    if lifecycle in ("failed", "stopped"):
        return lifecycle
    if training:
        return "training"
    if health in ("unhealthy", "degraded"):
        return health
    return "idle" if idle and lifecycle == "active" else lifecycle
