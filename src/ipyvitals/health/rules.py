"""The rules about a model: what they saw, against what, and when they turn."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from ipyvitals.health.thresholds import Thresholds
from ipyvitals.schema import Rule
from ipyvitals.stats.interval import wilson_high
from ipyvitals.stats.streak import Flags, Switch
from ipyvitals.stats.window import Scores, ScoreWindow

__all__ = ["AccuracyRule", "DriftRule", "ErrorChange", "Finding", "LimitRule", "Look", "Verdict"]

ROUNDING = 1e-9
"""Less than any label moves the accuracy: 0.8 + 0.02 is a little more than 82 of 100, and a
running sum of scores of 0.8 a little less than 0.8 each."""

REASONS: dict[Rule, tuple[str, str]] = {
    "accuracy": ("Accuracy dropped below threshold", "Accuracy recovered"),
    "baseline": ("Accuracy dropped too far below its baseline", "Accuracy back near its baseline"),
    "error_rate": ("Error rate rose above threshold", "Error rate recovered"),
    "latency_p95": ("Latency p95 rose above threshold", "Latency p95 recovered"),
    "error_drift": ("Mean error rose", "Mean error fell again"),
}
CHANGED = "Thresholds changed"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule turned: what it saw, and against what."""

    rule: Rule
    on: bool
    reason: str
    value: float | None = None
    threshold: float | None = None
    n: int | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Where a rule stands, for a new kernel to go on from."""

    threshold: float | None = None
    on: bool = False
    entered: list[bool] = []
    left: list[bool] = []
    """The last flags of its streaks."""
    rising: bool = False
    """Of drift: whether the mean error rose."""


class Look(msgspec.Struct, frozen=True):
    """One comparison of a window with its reference."""

    what: str
    """What was furthest off, e.g. ``"feature 'age'"``."""
    value: float
    threshold: float
    n: int


class ErrorChange(msgspec.Struct, frozen=True, kw_only=True):
    """The mean error became another one."""

    rising: bool
    """Whether it is for the worse."""
    value: float
    """Mean error of the `n` labels since the change, as far as can be told."""
    threshold: float
    """Mean error of the labels before them."""
    n: int


def _finding(rule: Rule, on: bool, value: float, threshold: float, n: int) -> Finding:
    reason = REASONS[rule][0 if on else 1]
    return Finding(rule=rule, on=on, reason=reason, value=value, threshold=threshold, n=n)


class AccuracyRule:
    """Judges every single label, so that the verdict does not depend on when it is asked.

    Parameters
    ----------
    rule : {"accuracy", "baseline"}
        Under which name it finds.
    threshold : float or None
        Ratio in [0, 1]; ``None`` finds nothing.
    window_size : int
        Of the `ScoreWindow` judged; a window under ``min_labels`` is judged once it is full.
    thresholds : Thresholds
        By which policy, and how long a verdict takes.
    """

    def __init__(
        self, rule: Rule, threshold: float | None, window_size: int, thresholds: Thresholds
    ) -> None:
        self.rule = rule
        self.threshold = threshold
        self.min_labels = min(thresholds.min_labels, window_size)
        self._margin = thresholds.recovery_margin
        self._confident = thresholds.policy == "confident"
        self._switch = Switch(thresholds.label_hold)

    @property
    def on(self) -> bool:
        """Whether the accuracy counts as dropped."""
        return self._switch.on

    def take_over(self, before: AccuracyRule) -> list[Finding]:
        """Go on from the verdict of another rule, whose threshold was another."""
        if before.on and self.threshold is None:
            return [Finding(rule=self.rule, on=False, reason=CHANGED)]
        self._switch.on = before.on
        return []

    @property
    def verdict(self) -> Verdict:
        """Where it stands."""
        return _verdict_of(self._switch, self.threshold)

    def resume(self, verdict: Verdict) -> None:
        """Go on from a verdict; a streak under another threshold says nothing."""
        if self.threshold is not None:
            _resume(self._switch, verdict, streak=verdict.threshold == self.threshold)

    def update(self, window: ScoreWindow, scores: Scores) -> list[Finding]:
        """Judge `scores`, which `window` has not seen yet; return each turn, oldest first."""
        if self.threshold is None or not scores.size:
            return []
        enter_below = self.threshold - ROUNDING
        leave_at = min(self.threshold + self._margin, 1.0) - ROUNDING
        rights = window.rights_after(scores) if scores.size >= window.size else None
        if rights is None:
            means, counts = window.means_after(scores)
            ready = counts >= self.min_labels
            low = wilson_high(np.clip(means, 0.0, 1.0), counts) if self._confident else means
            turns = self._switch.update(low < enter_below, means >= leave_at, ready)
            seen = [(float(means[step]), int(counts[step])) for step in turns]
        else:
            levels = np.arange(window.size + 1) / window.size
            low = wilson_high(levels, window.size) if self._confident else levels
            fewest, enough = np.searchsorted(low, enter_below), np.searchsorted(levels, leave_at)
            turns = self._switch.update(rights < fewest, rights >= enough)
            seen = [(int(rights[step]) / window.size, window.size) for step in turns]
        on = self._switch.on ^ (len(turns) % 2 == 1)
        findings: list[Finding] = []
        for mean, n in seen:
            on = not on
            findings.append(_finding(self.rule, on, mean, self.threshold, n))
        return findings


class LimitRule:
    """Judges a figure of the last minute once a tick; turns after some in a row.

    Parameters
    ----------
    rule : {"error_rate", "latency_p95"}
        Under which name it finds.
    threshold : float or None
        In the unit of the figure; ``None`` finds nothing.
    thresholds : Thresholds
        On how many calls a figure must rest, and how long a verdict takes.
    """

    def __init__(self, rule: Rule, threshold: float | None, thresholds: Thresholds) -> None:
        self.rule: Rule = rule
        self.threshold = threshold
        self._min_calls = thresholds.min_calls
        self._switch = Switch(thresholds.look_hold)

    @property
    def on(self) -> bool:
        """Whether the figure counts as too high."""
        return self._switch.on

    def take_over(self, before: LimitRule) -> list[Finding]:
        """Go on from the verdict of another rule, whose threshold was another."""
        if before.on and self.threshold is None:
            return [Finding(rule=self.rule, on=False, reason=CHANGED)]
        self._switch.on = before.on
        return []

    @property
    def verdict(self) -> Verdict:
        """Where it stands."""
        return _verdict_of(self._switch, self.threshold)

    def resume(self, verdict: Verdict) -> None:
        """Go on from a verdict; a streak under another threshold says nothing."""
        if self.threshold is not None:
            _resume(self._switch, verdict, streak=verdict.threshold == self.threshold)

    def update(self, value: float | None, n: int) -> list[Finding]:
        """Judge `value`, which rests on `n` calls; too few calls are no evidence."""
        if self.threshold is None or value is None or n < self._min_calls:
            return []
        over = np.array([value > self.threshold])
        if not self._switch.update(over, ~over):
            return []
        return [_finding(self.rule, self.on, value, self.threshold, n)]


class DriftRule:
    """Judges looks at drift, and turns after some in a row; and changes of the error, at once.

    Parameters
    ----------
    thresholds : Thresholds
        Whether drift counts, and how long a verdict takes.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self._counts = thresholds.drift
        self._switch = Switch(thresholds.look_hold)
        self._rising = False

    @property
    def on(self) -> bool:
        """Whether something counts as drifted."""
        return self._switch.on or self._rising

    def take_over(self, before: DriftRule) -> list[Finding]:
        """Go on from the verdict of another rule."""
        if self._counts:
            self._switch.on, self._rising = before._switch.on, before._rising
            return []
        raised: list[tuple[Rule, bool]] = [
            ("drift", before._switch.on),
            ("error_drift", before._rising),
        ]
        return [Finding(rule=rule, on=False, reason=CHANGED) for rule, on in raised if on]

    def begin_anew(self) -> None:
        """Forget what looks found, since they look at another reference now."""
        self._switch = Switch(self._switch.hold)

    @property
    def verdict(self) -> Verdict:
        """Where it stands."""
        verdict = _verdict_of(self._switch, None)
        return msgspec.structs.replace(verdict, rising=self._rising)

    def resume(self, verdict: Verdict) -> None:
        """Go on from a verdict."""
        if self._counts:
            _resume(self._switch, verdict, streak=True)
            self._rising = verdict.rising

    def update_errors(self, changes: Iterable[ErrorChange]) -> list[Finding]:
        """Judge changes of the mean error, oldest first; return each turn."""
        findings: list[Finding] = []
        for change in changes if self._counts else ():
            if change.rising != self._rising:
                self._rising = change.rising
                findings.append(
                    _finding("error_drift", change.rising, change.value, change.threshold, change.n)
                )
        return findings

    def update(self, looks: Iterable[Look]) -> list[Finding]:
        """Judge looks, oldest first; return each turn."""
        found = list(looks)
        if not self._counts or not found:
            return []
        over: Flags = np.array([look.value > look.threshold for look in found], dtype=np.bool_)
        on = self._switch.on
        findings: list[Finding] = []
        for step in self._switch.update(over, ~over):
            on, look = not on, found[step]
            findings.append(
                Finding(
                    rule="drift",
                    on=on,
                    reason=f"Drift of {look.what}" if on else "Drift is gone",
                    value=look.value,
                    threshold=look.threshold,
                    n=look.n,
                )
            )
        return findings


def _verdict_of(switch: Switch, threshold: float | None) -> Verdict:
    entered, left = switch.streaks
    return Verdict(threshold=threshold, on=switch.on, entered=entered.tolist(), left=left.tolist())


def _resume(switch: Switch, verdict: Verdict, *, streak: bool) -> None:
    switch.on = verdict.on
    if streak:
        flags = (np.array(one, dtype=np.bool_) for one in (verdict.entered, verdict.left))
        switch.resume(*flags)
