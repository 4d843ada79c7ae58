"""All rules of "degraded", with their thresholds: one class a rule, one entry a component.

To add a rule about a model, write its class below, add it to `HEALTH_RULES`, and add its field to
`Thresholds`. To add a component of the machine, add its entry to `COMPONENTS` and its field to
`Thresholds`. ``scripts/generate_contract.py`` then writes the files of the page, and
`ipyvitals.schema.generated` for the packages that may import only the contract.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import msgspec
import numpy as np

from ipyvitals.health.findings import DriftCheck, Finding, Verdict
from ipyvitals.health.model_rule import (
    LimitRule,
    ModelRule,
    RuleFigures,
    RuleSettings,
    WindowRule,
)
from ipyvitals.health.verdict_settings import Percent, Ratio, Seconds, VerdictSettings
from ipyvitals.schema import Rule
from ipyvitals.schema.messages import Message

__all__ = [
    "COMPONENTS",
    "HEALTH_RULES",
    "RULES",
    "AccuracyRule",
    "BaselineRule",
    "Component",
    "DriftRule",
    "ErrorDriftRule",
    "ErrorRateRule",
    "LatencyRule",
    "SilenceRule",
    "Thresholds",
]


class Thresholds(VerdictSettings, frozen=True, kw_only=True):
    """Limits beyond which a model or the machine is degraded. ``None`` turns a rule off.

    Parameters
    ----------
    accuracy : float, optional
        Ratio in [0, 1]. A model is degraded below it, and has recovered `recovery_margin` above.
    baseline_drop : float, optional
        How far below the ``baseline_accuracy`` of its deployment a model is degraded, in [0, 1].
    error_rate : float, optional
        Failed calls of all calls in the last 60 s, ratio in [0, 1].
    latency_p95 : float, optional
        Seconds; 95 % of the calls of the last 60 s should be faster.
    drift : bool
        Whether a model is degraded while its features or predictions have drifted; needs
        ``Monitor(drift=…)``.
    idle : float, optional
        Seconds without a prediction after which a model is idle.
    policy : {"threshold", "confident"}
        Whether the accuracy is low when it is below the threshold, or only when its whole
        95 % interval is.
    min_labels : int
        Minimum number of labels in the window before the accuracy is judged.
    label_hold : int
        Number of consecutive labels that change a verdict about the accuracy (debounce).
    recovery_margin : float
        How far above its threshold the accuracy must be to have recovered, in [0, 1].
    min_calls : int
        Minimum number of calls in the last 60 s before error rate and latency are judged.
    look_hold : int
        Number of consecutive evaluations that change a verdict about calls, drift or the machine.
    cpu, memory, disk : float, optional
        Percent at which the system is degraded.
    gpu_memory, shared_memory, open_files : float, optional
        The same for the fullest GPU, ``/dev/shm``, and the limit of open files of the kernel.
    stall : float, optional
        Seconds without a step after which a training run has stalled, or longer where its steps
        take long; ``None`` for no such alert.
    not_finite : bool
        Whether a metric of a training run that is NaN or infinite is an alert.
    critical : float, optional
        Percent at which memory, disk, shared memory or open files make the system unhealthy,
        since exhausting one of them ends the process.

    Raises
    ------
    ArgumentTypeError, ArgumentValueError
        When a threshold is no number, or outside its range.

    Examples
    --------
    >>> Thresholds(accuracy=0.85, policy="confident").accuracy
    0.85
    """

    accuracy: Ratio = 0.8
    baseline_drop: Ratio = 0.1
    error_rate: Ratio = 0.05
    latency_p95: Seconds = None
    drift: bool = True
    idle: Seconds = 300.0
    cpu: Percent = 95.0
    memory: Percent = 90.0
    disk: Percent = 90.0
    gpu_memory: Percent = 95.0
    shared_memory: Percent = 90.0
    open_files: Percent = 90.0
    critical: Percent = 97.0
    stall: Seconds = 30.0
    not_finite: bool = True


class AccuracyRule(WindowRule):
    """The accuracy is below ``Thresholds.accuracy``."""

    name = "accuracy"
    threshold_field = "accuracy"
    checkpoint_key = "accuracy_rule"
    messages: ClassVar[dict[str, str]] = {
        "raised": "Accuracy dropped below threshold",
        "recovered": "Accuracy recovered",
    }


class BaselineRule(WindowRule):
    """The accuracy is ``Thresholds.baseline_drop`` below the one measured before deployment."""

    name = "baseline"
    threshold_field = "baseline_drop"
    checkpoint_key = "baseline_rule"
    suppressed_by = "accuracy"
    messages: ClassVar[dict[str, str]] = {
        "raised": "Accuracy dropped too far below its baseline",
        "recovered": "Accuracy back near its baseline",
    }

    def limit(self, setting: float | bool | None, settings: RuleSettings) -> float | None:
        """Return the baseline less the drop."""
        baseline = settings.baseline_accuracy
        return None if baseline is None or setting is None else max(0.0, baseline - setting)


class ErrorRateRule(LimitRule):
    """Failed calls are more than ``Thresholds.error_rate`` of all calls of the last minute."""

    name = "error_rate"
    threshold_field = "error_rate"
    unit = "ratio"
    checkpoint_key = "error_rule"
    messages: ClassVar[dict[str, str]] = {
        "raised": "Error rate rose above threshold",
        "recovered": "Error rate recovered",
    }

    def read(self, figures: RuleFigures) -> tuple[float | None, int]:
        """Return the share of failed calls."""
        failed = figures.errors.get(figures.now)
        calls = figures.calls.get(figures.now) + failed
        return failed / calls if calls else None, calls


class LatencyRule(LimitRule):
    """The 95th percentile of the latency is above ``Thresholds.latency_p95``."""

    name = "latency_p95"
    threshold_field = "latency_p95"
    unit = "latency"
    checkpoint_key = "latency_rule"
    messages: ClassVar[dict[str, str]] = {
        "raised": "Latency p95 rose above threshold",
        "recovered": "Latency p95 recovered",
    }

    def read(self, figures: RuleFigures) -> tuple[float | None, int]:
        """Return the quantile over the last minute."""
        (p95,) = figures.latency.get(figures.now, [0.95])
        return p95, figures.latency.count(figures.now)


class DriftRule(ModelRule):
    """Predictions or a feature differ from the reference."""

    name = "drift"
    threshold_field = "drift"
    unit = "psi"
    evidence = "rows"
    checkpoint_key = "drift_rule"
    needs_drift_detector = True
    compares_with_reference = True
    messages: ClassVar[dict[str, str]] = {
        "predictions": "Drift of predictions",
        "feature": "Drift of feature '{feature}'",
        "recovered": "Drift is gone",
    }

    def check(self, figures: RuleFigures) -> list[Finding]:
        """Judge the checks since the last tick."""
        checks = figures.drift_checks
        if not self.enabled or not checks:
            return []
        over = np.array([check.value > check.threshold for check in checks], dtype=np.bool_)
        return self._turns(over, ~over, lambda step, on: self._finding_of(checks[step], on=on))

    def _finding_of(self, check: DriftCheck, *, on: bool) -> Finding:
        return self.finding(
            on=on,
            value=check.value,
            threshold=check.threshold,
            n=check.n,
            reason=self._reason(check, on=on),
        )

    def _reason(self, check: DriftCheck, *, on: bool) -> Message:
        if not on:
            return self.explain("recovered")
        if check.feature is None:
            return self.explain("predictions")
        return self.explain("feature", feature=check.feature)


class ErrorDriftRule(ModelRule):
    """The mean error rose, as ADWIN finds it."""

    name = "error_drift"
    threshold_field = "drift"
    unit = "ratio"
    evidence = "labels"
    checkpoint_key = "drift_rule"
    needs_drift_detector = True
    messages: ClassVar[dict[str, str]] = {
        "raised": "Mean error rose",
        "recovered": "Mean error fell again",
    }

    def hold(self, thresholds: VerdictSettings) -> int:
        """Return 1: a change is found after many labels, and counts at once."""
        return 1

    def check(self, figures: RuleFigures) -> list[Finding]:
        """Judge the changes since the last tick."""
        changes = figures.error_changes
        if not self.enabled or not changes:
            return []
        rising = np.array([change.rising for change in changes], dtype=np.bool_)
        return self._turns(
            rising,
            ~rising,
            lambda step, on: self.finding(
                on=on,
                value=changes[step].value,
                threshold=changes[step].threshold,
                n=changes[step].n,
            ),
        )

    def save(self, verdicts: dict[str, Verdict]) -> None:
        """Add the verdict to that of `DriftRule`, where every version looks for it."""
        drift = verdicts.get(self.checkpoint_key, Verdict())
        verdicts[self.checkpoint_key] = msgspec.structs.replace(drift, rising=self.on)

    def resume(self, verdicts: dict[str, Verdict]) -> None:
        """Go on from the verdicts of a checkpoint."""
        verdict = verdicts.get(self.checkpoint_key)
        if verdict is not None and self.enabled:
            self._switch.on = verdict.rising


class SilenceRule(ModelRule):
    """No prediction came for ``Thresholds.idle`` seconds; the model is idle, not degraded."""

    name = "silence"
    threshold_field = "idle"
    unit = "duration"
    evidence = "predictions"
    messages: ClassVar[dict[str, str]] = {"raised": "No prediction for {seconds} s"}

    def is_silent(self, seconds: float) -> bool:
        """Return whether `seconds` without a prediction reach the threshold."""
        return self.threshold is not None and seconds >= self.threshold

    def silence(self, seconds: float, predictions: int) -> Finding:
        """Return the finding of a silent model."""
        limit = self.threshold or 0.0
        return self.finding(
            on=True,
            value=seconds,
            threshold=limit,
            n=predictions,
            reason=self.explain("raised", seconds=limit),
        )


HEALTH_RULES: tuple[type[ModelRule], ...] = (
    AccuracyRule,
    BaselineRule,
    ErrorRateRule,
    LatencyRule,
    DriftRule,
    ErrorDriftRule,
)
"""The rules that make a model degraded, in the order in which one tick applies them."""

RULES: dict[Rule, type[ModelRule]] = {rule.name: rule for rule in HEALTH_RULES} | {
    SilenceRule.name: SilenceRule
}
"""Every rule that may be the reason for a status."""


class Component(NamedTuple):
    """One component of the machine's health, read from a percentage of `SystemSection`."""

    name: str
    """Name of the field of `Thresholds`, and of the figure: ``cpu`` reads ``cpu_percent``."""
    label: str
    critical: bool = False
    """Whether ``Thresholds.critical`` applies, since exhausting the component ends the process."""
    optional: bool = False
    """Whether a machine may lack it; then it counts as unknown only if it was read before."""
    needs_two_samples: bool = False
    """Whether the figure is a difference, which the first reading cannot have."""

    @property
    def figure(self) -> str:
        """The field of `SystemSection` that is judged."""
        return f"{self.name}_percent"


COMPONENTS: tuple[Component, ...] = (
    Component("cpu", "CPU", needs_two_samples=True),
    Component("memory", "memory", critical=True),
    Component("disk", "disk", critical=True),
    # No critical level: frameworks reserve all GPU memory, so a full GPU is not a fault.
    Component("gpu_memory", "GPU memory", optional=True),
    Component("shared_memory", "shared memory", critical=True, optional=True),
    Component("open_files", "open files", critical=True, optional=True),
)
"""The components that are judged, in the order in which a reading is judged."""
