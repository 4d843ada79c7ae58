"""The state of one model: its facts, its figures, and the verdicts about it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, Protocol, TypeAlias

import numpy as np

from ipyvitals.health import (
    HEALTH_RULES,
    DriftCheck,
    ErrorChange,
    Finding,
    Lifecycle,
    ModelRule,
    RuleFigures,
    RuleSettings,
    SilenceRule,
    Thresholds,
    WindowRule,
)
from ipyvitals.models.journal import ModelJournal
from ipyvitals.models.scored_labels import ScoredLabels
from ipyvitals.models.seen_totals import SeenTotals
from ipyvitals.schema import DriftSection, Health, ModelInfo, Rule, Status
from ipyvitals.schema.messages import Message
from ipyvitals.stats.durations import DurationHistogram
from ipyvitals.stats.errors import ErrorWindow
from ipyvitals.stats.latency import SlidingHistogram
from ipyvitals.stats.rate import SlidingCounter
from ipyvitals.stats.seconds import Flags, Floats, Ints
from ipyvitals.stats.segments import SegmentWindows
from ipyvitals.stats.streams import StreamTracker
from ipyvitals.stats.window import Scores, ScoreWindow

__all__ = ["ModelState", "ReportedSecond", "Watch"]

_DEPLOYMENTS = count(1)

ReportedSecond: TypeAlias = tuple[float, int, int, int]
"""Monotonic second, and rows, calls and errors in it."""


class Watch(Protocol):
    """Compares the rows of a deployment with its reference."""

    reference: bytes
    """What `resume` takes in another kernel; empty while there is none."""

    @property
    def verdicts(self) -> list[bool]:
        """Flags of the columns that have drifted, after one for any."""
        ...

    def resume(self, reference: bytes, verdicts: list[bool]) -> None:
        """Go on with those of another kernel."""
        ...

    def update(self, predictions: Any, features: Any) -> None:
        """Take rows, oldest first."""
        ...

    def update_errors(self, scores: Scores) -> None:
        """Take the scores of labels, oldest first."""
        ...

    def take_checks(self) -> list[DriftCheck]:
        """Return the checks since the last call, oldest first."""
        ...

    def take_error_changes(self) -> list[ErrorChange]:
        """Return the changes of the mean error since the last call, oldest first."""
        ...

    def reset(self) -> None:
        """Forget all but the reference."""
        ...

    def set_reference(self, predictions: Any, features: Any) -> None:
        """Compare with these rows from here on."""
        ...

    def section(self) -> DriftSection:
        """Return how things stand."""
        ...


class ModelState:
    """Holds the figures of one model, and applies the rules to them.

    Parameters
    ----------
    model_id : str
        Tells models apart.
    window_size : int
        Labels that the accuracy rests on.
    thresholds : Thresholds
        Where good ends.
    make_watch : callable or None
        Takes the checks in a row after which a verdict turns; returns what watches a deployment
        for drift.
    rules : sequence of rule classes
        What makes the model degraded.
    now, at : float
        Monotonic and Unix seconds.
    """

    def __init__(
        self,
        model_id: str,
        *,
        window_size: int,
        thresholds: Thresholds,
        make_watch: Callable[[int], Watch] | None = None,
        rules: Sequence[type[ModelRule]] = HEALTH_RULES,
        now: float,
        at: float,
    ) -> None:
        self.model_id = model_id
        self.name: str | None = None
        self.version: str | None = None
        self.trained_at: float | None = None
        self.baseline_accuracy: float | None = None
        self.lifecycle: Lifecycle = "registered"
        self.status: Status = "registered"
        self.status_since = at
        self.message: Message | None = None
        """Why the status is what it is."""
        self.evidence: Finding | None = None
        """The finding behind ``status`` and ``message``, if a rule decided them."""
        self.acknowledged_at: float | None = None
        self.durations = DurationHistogram()
        self.total_predictions = 0
        self.total_labelled = 0
        self.total_errors = 0
        self.total_streams_left = 0
        self.resumed_from_at: float | None = None
        self.resumed_predictions: int | None = None
        """Predictions of earlier kernels; ``None`` for a model that began in this one."""
        self.deployment = 0
        """Number of the deployment, which no other one of this process has."""
        self.dormant = False
        """Whether nothing will change before something comes in."""
        self.journal: ModelJournal | None = None
        """Records what a worker reports; ``None`` in a process that does not report."""
        self.seen: dict[str, SeenTotals] = {}
        """What was added of each worker that may report again, by its token."""
        self.row: ModelInfo | None = None
        """Its last row, while it is dormant."""
        self._findings: list[Finding] = []
        self._alerts: dict[Rule, Finding] = {}
        """The rules that are raised, oldest first."""
        self._window_size = window_size
        self._thresholds = thresholds
        self._rule_types = tuple(rules)
        self._make_watch = make_watch
        self.deploy(now, at)

    def deploy(self, now: float, at: float) -> None:
        """Begin anew: a deployment has its own figures, verdicts and uptime; totals go on."""
        self.deployed_at = at
        self.deployed_monotonic = now
        self.last_prediction = now
        self.watch: Watch | None = None
        if self._make_watch is not None:
            self.watch = self._make_watch(self._thresholds.look_hold)
        self.reset()

    def reset(self) -> None:
        """Forget what was seen and judged of this deployment; totals and uptime go on."""
        self.dormant = False
        self.deployment = next(_DEPLOYMENTS)
        self.rows = SlidingCounter()
        self.calls = SlidingCounter()
        self.errors = SlidingCounter()
        self.latency = SlidingHistogram()
        self.streams: StreamTracker | None = None
        self.window = ScoreWindow(self._window_size)
        self.residuals = ErrorWindow(self._window_size)
        self.segments: SegmentWindows | None = None
        if self.watch is not None:
            self.watch.reset()
        self._delays: deque[float] = deque(maxlen=self._window_size)
        self._findings.clear()
        self._alerts.clear()
        self._make_rules()

    def adjust(self, thresholds: Thresholds) -> None:
        """Judge by other thresholds from here on; verdicts stay until a streak turns them."""
        self.dormant = False
        self._thresholds = thresholds
        before = self.rules
        self._make_rules()
        for rule, old in zip(self.rules, before, strict=True):
            self._findings += rule.take_over(old)

    def set_facts(self, **facts: Any) -> None:
        """Set facts about the model; ``None`` leaves one as it is."""
        for name, value in facts.items():
            if value is not None:
                setattr(self, name, value)
        self.dormant = False
        self._make_rules()

    def _make_rules(self) -> None:
        limit = self._thresholds.latency_p95
        if self.latency.limit != limit:
            self.latency.compare_with(limit)
        settings = RuleSettings(self._thresholds, self._window_size, self.baseline_accuracy)
        self.rules = [make(settings) for make in self._rule_types]
        self._silence = SilenceRule(settings)

    # What it did

    def add_calls(self, times: Floats, rows: Ints | None = None) -> None:
        """Count calls that succeeded, shape (n,), each of one row unless `rows` says more."""
        if not times.size:
            return
        self.dormant = False
        self.total_predictions += times.size if rows is None else int(rows.sum())
        self.rows.update(times, rows)
        self.calls.update(times)
        self.last_prediction = max(self.last_prediction, float(times.max()))
        if self.lifecycle in ("registered", "failed"):
            self.lifecycle = "active"

    def add_durations(self, times: Floats, seconds: Floats) -> None:
        """Take how long calls took that ended at these times, both shape (n,)."""
        self.latency.update(times, seconds)
        self.durations.update(seconds)
        if self.journal is not None:
            self.journal.add_durations(seconds)

    def add_errors(self, times: Floats) -> None:
        """Count calls that failed, shape (n,)."""
        self.dormant = False
        self.total_errors += times.size
        self.errors.update(times)

    def add_first_items(self, times: Floats, seconds: Floats) -> None:
        """Take how long streams took to their first item, which came at these times."""
        self.dormant = False
        self._streams().add_first_items(times, seconds)

    def add_streams(self, times: Floats, seconds: Floats, items: Ints, left: Flags) -> None:
        """Take streams that ended at these times: only those that were not left are calls."""
        self.dormant = False
        self.total_streams_left += int(left.sum())
        self._streams().add_items(times, seconds, items)
        self.add_calls(times[~left])
        self.add_durations(times[~left], seconds[~left])

    def _streams(self) -> StreamTracker:
        if self.streams is None:
            self.streams = StreamTracker()
        return self.streams

    def add_labels(self, labels: ScoredLabels) -> None:
        """Take labels in the order in which they came."""
        scores = labels.scores
        if not scores.size:
            return
        self.dormant = False
        means, counts = self.window.means_after(scores)
        for rule in self.rules:
            self._findings += rule.check_labels(means, counts)
        self.window.update(scores)
        self.total_labelled += scores.size
        if self.journal is not None:
            self.journal.add_labels(labels)
        if labels.residuals is not None:
            self.residuals.update(labels.residuals)
        if labels.segments is not None:
            if self.segments is None:
                self.segments = SegmentWindows(self._window_size)
            self.segments.update(labels.segments, scores)
        if self.watch is not None:
            self.watch.update_errors(scores)

    def add_stale_labels(self, count: int) -> None:
        """Count labels of a former deployment, which are in no window."""
        self.total_labelled += count
        self.dormant = False

    def add_reported(self, seen: SeenTotals, now: float, counts: Iterable[ReportedSecond]) -> None:
        """Count calls of another process.

        Parameters
        ----------
        seen : SeenTotals
            What is new in its totals; labels are added by `add_labels`.
        now : float
            Monotonic seconds.
        counts : iterable of ReportedSecond
            How the new calls are spread over the last minute.
        """
        self.dormant = False
        self.total_predictions += seen.predictions
        self.total_errors += seen.errors
        if seen.duration_counts:
            self.durations.add(seen.duration_counts, seen.duration_nanoseconds / 1e9)
        newest = self.last_prediction if not seen.predictions else now
        for second, rows, calls, errors in counts:
            at = np.array([second], dtype=np.float64)
            self.rows.update(at, np.array([rows]))
            self.calls.update(at, np.array([calls]))
            self.errors.update(at, np.array([errors]))
        self.last_prediction = max(self.last_prediction, newest)
        if seen.predictions and self.lifecycle in ("registered", "failed"):
            self.lifecycle = "active"

    def add_delays(self, seconds: list[float]) -> None:
        """Take how long after their prediction late labels came."""
        self._delays.extend(seconds)

    def add_rows(self, predictions: Any, features: Any) -> None:
        """Watch rows for drift, oldest first."""
        if self.watch is not None:
            self.watch.update(predictions, features)

    def set_reference(self, predictions: Any, features: Any) -> None:
        """Compare the rows of this deployment with these from here on."""
        if self.watch is not None:
            self.watch.set_reference(predictions, features)
            for rule in self.rules:
                if rule.compares_with_reference:
                    rule.begin_anew()
                    self._alerts.pop(rule.name, None)
            self.dormant = False

    def prepend_delays(self, seconds: list[float]) -> None:
        """Put delays before those that are there, as far as there is room."""
        room = self._window_size - len(self._delays)
        self._delays.extendleft(reversed(seconds[max(0, len(seconds) - room) :]))

    @property
    def delays(self) -> list[float]:
        """Seconds from prediction to label, of the last late labels, oldest first."""
        return list(self._delays)

    @property
    def median_delay_seconds(self) -> float | None:
        """From prediction to label, over the last late labels."""
        if not self._delays:
            return None
        # Not numpy.median, which imports more of NumPy when it is first called: a fork in that
        # moment leaves its lock to the child, which would wait for it for ever.
        ordered, half = sorted(self._delays), len(self._delays) // 2
        return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2

    # How it is judged

    def judge(self, now: float) -> None:
        """Apply the rules about the last minute, and about drift; once a tick."""
        figures = RuleFigures(now, self.calls, self.errors, self.latency)
        if self.watch is not None:
            figures = figures._replace(
                drift_checks=self.watch.take_checks(),
                error_changes=self.watch.take_error_changes(),
            )
        for rule in self.rules:
            self._findings += rule.check(figures)

    def silent_for(self, now: float) -> float:
        """Return the seconds since the last prediction, or since the deployment."""
        return now - self.last_prediction

    def is_idle(self, now: float) -> bool:
        """Return whether it has been silent for too long."""
        return self._silence.is_silent(self.silent_for(now))

    def silence(self, now: float) -> Finding:
        """Return why the model is idle."""
        return self._silence.silence(self.silent_for(now), self.total_predictions)

    def try_to_become_dormant(self, now: float) -> None:
        """Become dormant when time alone will change nothing more."""
        streams = self.streams is not None and self.streams.is_active(now)
        still = not (self.calls.get(now) or self.errors.get(now) or self._findings or streams)
        never_idle = not self._silence.enabled or self.lifecycle != "active"
        settled = never_idle or self.is_idle(now)
        self.dormant = still and settled
        self.row = None

    @property
    def known(self) -> bool:
        """True for a model with a name or a call; false for the nameless one of a new monitor."""
        return self.name is not None or bool(self.total_predictions or self.total_errors)

    def take_findings(self) -> list[Finding]:
        """Return the turns that rules took since the last call, oldest first."""
        findings, self._findings = self._findings, []
        return findings

    def add_findings(self, findings: list[Finding]) -> None:
        """Add turns that were found elsewhere, such as in a checkpoint."""
        self._findings += findings

    @property
    def active_alerts(self) -> list[Finding]:
        """The rules that are raised, the one raised first in front."""
        return list(self._alerts.values())

    def apply(self, finding: Finding) -> None:
        """Let a turn count in `health`."""
        self._alerts.pop(finding.rule, None)
        if finding.on:
            self._alerts[finding.rule] = finding

    @property
    def primary_alert(self) -> Finding | None:
        """The newest rule that is raised, unless it yields to another one that is."""
        alerts = self._alerts
        suppressed_by = {rule.name: rule.suppressed_by for rule in self.rules}
        rules = [rule for rule in alerts if suppressed_by.get(rule) not in alerts]
        return alerts[rules[-1]] if rules else None

    @property
    def health(self) -> Health:
        """The worst verdict; unknown before any rule has evidence."""
        if self._alerts:
            return "degraded"
        return "healthy" if self.window.count >= self.min_labels else "unknown"

    @property
    def min_labels(self) -> int:
        """Labels in the window from which on the health is known."""
        return min(self._thresholds.min_labels, self._window_size)

    @property
    def accuracy_threshold(self) -> float | None:
        """The highest accuracy below which a rule may raise."""
        limits = (rule.threshold for rule in self.rules if isinstance(rule, WindowRule))
        return max((limit for limit in limits if limit is not None), default=None)
