"""Bases of the rules about a model: hysteresis, evidence and reasons. The rules are in `rules`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np

from ipyvitals.health.findings import DriftCheck, ErrorChange, Finding, Verdict
from ipyvitals.health.verdict_settings import VerdictSettings
from ipyvitals.schema import Rule
from ipyvitals.schema.messages import Message, message, render
from ipyvitals.stats.interval import wilson_high
from ipyvitals.stats.latency import SlidingHistogram
from ipyvitals.stats.rate import SlidingCounter
from ipyvitals.stats.seconds import Floats, Ints
from ipyvitals.stats.streak import Flags, HysteresisSwitch

__all__ = [
    "CHANGED",
    "ROUNDING",
    "Evidence",
    "LimitRule",
    "ModelRule",
    "RuleFigures",
    "RuleSettings",
    "Unit",
    "WindowRule",
]

ROUNDING = 1e-9
"""Less than any label moves the accuracy: 0.8 + 0.02 is a little more than 82 of 100, and a
running sum of scores of 0.8 a little less than 0.8 each."""
CHANGED = message("status.thresholds_changed")

Unit: TypeAlias = Literal["ratio", "latency", "duration", "psi"]
"""How a page writes the value and the threshold of a finding."""
Evidence: TypeAlias = Literal["labels", "calls", "rows", "predictions"]
"""What a page counts as the evidence of a finding."""


class RuleSettings(NamedTuple):
    """Thresholds, and the facts of a model from which others follow."""

    thresholds: VerdictSettings
    window_size: int
    """Labels that the accuracy rests on."""
    baseline_accuracy: float | None = None


class RuleFigures(NamedTuple):
    """RuleFigures of one model that rules read once a tick."""

    now: float
    """Monotonic seconds."""
    calls: SlidingCounter
    """Calls that succeeded."""
    errors: SlidingCounter
    """Calls that failed."""
    latency: SlidingHistogram
    drift_checks: Sequence[DriftCheck] = ()
    """Since the last tick, oldest first; likewise the next."""
    error_changes: Sequence[ErrorChange] = ()


class ModelRule:
    """Base of the rules about a model; a subclass names itself and reads its figure.

    Parameters
    ----------
    settings : RuleSettings
        Thresholds, and what else a threshold follows from.
    """

    name: ClassVar[Rule]
    threshold_field: ClassVar[str]
    """The field of `Thresholds` that turns the rule off by ``None`` or ``False``."""
    unit: ClassVar[Unit]
    evidence: ClassVar[Evidence]
    messages: ClassVar[dict[str, str]]
    """Reasons: ``"raised"`` when the rule turns on, ``"recovered"`` when it turns off."""
    hold_field: ClassVar[str] = "look_hold"
    """The field of `Thresholds` with the steps in a row after which a verdict turns."""
    checkpoint_key: ClassVar[str]
    """The name of its verdict in a checkpoint."""
    suppressed_by: ClassVar[Rule | None] = None
    """A rule that is the reason in place of this one while both are raised."""
    needs_drift_detector: ClassVar[bool] = False
    """Whether it judges only where the model's rows are watched for drift."""
    compares_with_reference: ClassVar[bool] = False
    """Whether its verdict ends with the reference that it rests on."""

    def __init__(self, settings: RuleSettings) -> None:
        setting: float | bool | None = getattr(settings.thresholds, self.threshold_field)
        self.threshold = self.limit(setting, settings)
        self.enabled = self.threshold is not None or setting is True
        self._hold = self.hold(settings.thresholds)
        self._switch = HysteresisSwitch(self._hold)

    def limit(self, setting: float | bool | None, settings: RuleSettings) -> float | None:
        """Return the threshold, given the field of `Thresholds`."""
        return None if isinstance(setting, bool) else setting

    def hold(self, thresholds: VerdictSettings) -> int:
        """Return the steps in a row after which a verdict turns."""
        steps: int = getattr(thresholds, self.hold_field)
        return steps

    @property
    def on(self) -> bool:
        """True while the rule is raised."""
        return self._switch.on

    # What it judges: a subclass overrides one of the two.

    def check_labels(self, means: Floats, counts: Ints) -> list[Finding]:
        """Judge the accuracy after each of some labels; return each turn, oldest first.

        Parameters
        ----------
        means : ndarray of float, shape (n,)
            Mean score of the window after each label.
        counts : ndarray of int, shape (n,)
            Labels in the window then.
        """
        return []

    def check(self, figures: RuleFigures) -> list[Finding]:
        """Judge the figures of one tick; return each turn, oldest first."""
        return []

    # How its verdict goes on

    def take_over(self, before: ModelRule) -> list[Finding]:
        """Go on from the verdict of the same rule under another threshold."""
        if self.enabled:
            self._switch.on = before.on
            return []
        return [self.changed()] if before.on else []

    def begin_anew(self) -> None:
        """Forget the verdict and its streaks."""
        self._switch = HysteresisSwitch(self._hold)

    def save(self, verdicts: dict[str, Verdict]) -> None:
        """Add the verdict to those of a checkpoint."""
        entered, left = self._switch.streaks
        verdicts[self.checkpoint_key] = Verdict(
            threshold=self.threshold, on=self.on, entered=entered.tolist(), left=left.tolist()
        )

    def resume(self, verdicts: dict[str, Verdict]) -> None:
        """Go on from the verdicts of a checkpoint; streaks only under the same threshold."""
        verdict = verdicts.get(self.checkpoint_key)
        if verdict is None or not self.enabled:
            return
        self._switch.on = verdict.on
        if verdict.threshold == self.threshold:
            flags = (np.array(one, dtype=np.bool_) for one in (verdict.entered, verdict.left))
            self._switch.resume(*flags)

    # How it explains itself

    @classmethod
    def catalogue(cls) -> dict[str, str]:
        """Return the templates of its reasons, by code."""
        return {f"{cls.name}.{key}": template for key, template in cls.messages.items()}

    def explain(self, key: str, **args: str | float) -> Message:
        """Return a reason of `messages`."""
        return Message(render(self.messages[key], args), f"{self.name}.{key}", args)

    def changed(self) -> Finding:
        """Return the finding of a rule that new thresholds turned off."""
        return changed(self.name)

    def finding(
        self,
        *,
        on: bool,
        value: float,
        threshold: float | None,
        n: int,
        reason: Message | None = None,
    ) -> Finding:
        """Return a turn with its evidence."""
        why = reason or self.explain("raised" if on else "recovered")
        return Finding(
            rule=self.name,
            on=on,
            reason=why.text,
            code=why.code,
            args=why.args,
            value=value,
            threshold=threshold,
            n=n,
        )

    def _turns(
        self,
        enter: Flags,
        leave: Flags,
        see: Callable[[int, bool], Finding],
        ready: Flags | None = None,
    ) -> list[Finding]:
        """Take the next steps; `see` returns the finding of a step at which the rule turned."""
        on = self._switch.on
        findings: list[Finding] = []
        for step in self._switch.update(enter, leave, ready):
            on = not on
            findings.append(see(step, on))
        return findings


def changed(rule: Rule) -> Finding:
    """Return the finding of a rule that is off under the thresholds of now."""
    return Finding(rule=rule, on=False, reason=CHANGED.text, code=CHANGED.code)


class WindowRule(ModelRule):
    """Judges the accuracy after every label, so that a verdict is the same whenever it is read.

    A window smaller than ``min_labels`` is judged once it is full.
    """

    unit = "ratio"
    evidence = "labels"
    hold_field = "label_hold"

    def __init__(self, settings: RuleSettings) -> None:
        super().__init__(settings)
        thresholds = settings.thresholds
        self._min_labels = min(thresholds.min_labels, settings.window_size)
        self._margin = thresholds.recovery_margin
        self._confident = thresholds.policy == "confident"

    def check_labels(self, means: Floats, counts: Ints) -> list[Finding]:
        """Judge the accuracy after each of some labels."""
        limit = self.threshold
        if limit is None:
            return []
        low = wilson_high(np.clip(means, 0.0, 1.0), counts) if self._confident else means
        return self._turns(
            low < limit - ROUNDING,
            means >= min(limit + self._margin, 1.0) - ROUNDING,
            lambda step, on: self.finding(
                on=on, value=float(means[step]), threshold=limit, n=int(counts[step])
            ),
            ready=counts >= self._min_labels,
        )


class LimitRule(ModelRule):
    """Judges a figure of the last minute once a tick, against an upper limit."""

    evidence = "calls"

    def __init__(self, settings: RuleSettings) -> None:
        super().__init__(settings)
        self._min_calls = settings.thresholds.min_calls

    def read(self, figures: RuleFigures) -> tuple[float | None, int]:
        """Return the figure and the calls that it rests on."""
        raise NotImplementedError

    def check(self, figures: RuleFigures) -> list[Finding]:
        """Judge the figure."""
        return [] if self.threshold is None else self.judge(*self.read(figures))

    def judge(self, value: float | None, n: int) -> list[Finding]:
        """Judge a value that rests on `n` calls; too few calls are no evidence."""
        limit = self.threshold
        if limit is None or value is None or n < self._min_calls:
            return []
        seen, over = value, np.array([value > limit])
        return self._turns(
            over,
            ~over,
            lambda _, on: self.finding(on=on, value=seen, threshold=limit, n=n),
        )
