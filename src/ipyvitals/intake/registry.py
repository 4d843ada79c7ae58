"""The models that a monitor knows, each with its own figures."""

from __future__ import annotations

from collections.abc import Iterator

from ipyvitals.errors import UnknownModelError
from ipyvitals.notices import Notices
from ipyvitals.snapshot import Health, Rule, Status
from ipyvitals.stats.durations import DurationTotals
from ipyvitals.stats.latency import SlidingHistogram
from ipyvitals.stats.rate import SlidingCount
from ipyvitals.stats.seconds import Floats, Ints
from ipyvitals.stats.window import Scores, ScoreWindow
from ipyvitals.status import AccuracyRule, Finding, Lifecycle, LimitRule, Thresholds

__all__ = ["ModelState", "Registry"]

MAX_MODELS = 256


class ModelState:
    """One model: who it is, what it did, and how it is judged."""

    def __init__(
        self, model_id: str, *, window_size: int, thresholds: Thresholds, now: float, at: float
    ) -> None:
        self.model_id = model_id
        self.name: str | None = None
        self.version: str | None = None
        self.trained_at: float | None = None
        self.baseline_accuracy: float | None = None
        self.lifecycle: Lifecycle = "registered"
        self.status: Status = "registered"
        self.status_since = at
        self.reason: str | None = None
        self.evidence: Finding | None = None
        """The finding behind ``status`` and ``reason``, if a rule decided them."""
        self.acknowledged_at: float | None = None
        self.durations = DurationTotals()
        self.total_predictions = 0
        self.total_labelled = 0
        self.total_errors = 0
        self.deployment = 0
        """Counts the deployments of this model here."""
        self._findings: list[Finding] = []
        self._raised: dict[Rule, Finding] = {}
        self._window_size = window_size
        self._thresholds = thresholds
        self.deploy(now, at)

    def deploy(self, now: float, at: float) -> None:
        """Begin anew: a deployment has its own figures, verdicts and uptime; totals go on."""
        self.deployed_at = at
        self.deployed_monotonic = now
        self.last_prediction = now
        self.reset()

    def reset(self) -> None:
        """Forget what was seen and judged of this deployment; totals and uptime go on."""
        self.deployment += 1
        self.rows = SlidingCount()
        self.calls = SlidingCount()
        self.errors = SlidingCount()
        self.latency = SlidingHistogram()
        self.window = ScoreWindow(self._window_size)
        self.accuracy_rule = AccuracyRule(self._thresholds.accuracy, self._window_size)
        self.error_rule = LimitRule("error_rate", self._thresholds.error_rate)
        self.latency_rule = LimitRule("latency_p95", self._thresholds.latency_p95)
        self._findings.clear()
        self._raised.clear()

    def add_calls(self, times: Floats, rows: Ints | None = None) -> None:
        """Count calls that succeeded, shape (n,), each of one row unless `rows` says more."""
        if not times.size:
            return
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

    def add_errors(self, times: Floats) -> None:
        """Count calls that failed, shape (n,)."""
        self.total_errors += times.size
        self.errors.update(times)

    def add_scores(self, scores: Scores) -> None:
        """Take labels in the order in which they came, shape (n,)."""
        self._findings += self.accuracy_rule.update(self.window, scores)
        self.window.update(scores)
        self.total_labelled += scores.size

    def judge(self, now: float) -> None:
        """Apply the rules about the last minute; once a tick."""
        failed = self.errors.get(now)
        calls = self.calls.get(now) + failed
        self._findings += self.error_rule.update(failed / calls if calls else None, calls)
        if self.latency_rule.threshold is not None:
            (p95,) = self.latency.get(now, [0.95])
            self._findings += self.latency_rule.update(p95, self.latency.count(now))

    @property
    def known(self) -> bool:
        """Whether there is anything to tell: not so for the nameless model of a new monitor."""
        return self.name is not None or bool(self.total_predictions or self.total_errors)

    def take_findings(self) -> list[Finding]:
        """Return the turns that rules took since the last call, oldest first."""
        findings, self._findings = self._findings, []
        return findings

    def weigh(self, finding: Finding) -> None:
        """Let a turn count in `health`."""
        self._raised.pop(finding.rule, None)
        if finding.on:
            self._raised[finding.rule] = finding

    @property
    def cause(self) -> Finding | None:
        """The newest rule that is raised."""
        return next(reversed(self._raised.values()), None)

    @property
    def health(self) -> Health:
        """The worst verdict; unknown before any rule has evidence."""
        if self._raised:
            return "degraded"
        return "healthy" if self.window.count >= self.accuracy_rule.min_labels else "unknown"


class Registry:
    """Bounded set of models, one of them active.

    Parameters
    ----------
    default_id : str
        Of the nameless model that predictions belong to before any model is named.
    """

    def __init__(
        self,
        default_id: str,
        *,
        window_size: int,
        thresholds: Thresholds,
        notices: Notices,
        now: float,
        at: float,
    ) -> None:
        self._window_size = window_size
        self._thresholds = thresholds
        self._notices = notices
        self.active = self._make(default_id, now, at)
        self._models = {default_id: self.active}

    def __iter__(self) -> Iterator[ModelState]:
        return iter(list(self._models.values()))

    def __contains__(self, model_id: object) -> bool:
        return isinstance(model_id, str) and model_id in self._models

    def get(self, model_id: str | None) -> ModelState:
        """Return a model; ``None`` is the active one.

        Raises
        ------
        UnknownModelError
            When no model has that id.
        """
        if model_id is None:
            return self.active
        try:
            return self._models[model_id]
        except (KeyError, TypeError):
            raise unknown_model(model_id, list(self._models)) from None

    def find(self, model_id: str) -> ModelState | None:
        """Return a model, unless it made room for newer ones meanwhile."""
        return self._models.get(model_id)

    def add(self, model_id: str, now: float, at: float) -> ModelState:
        """Return the model of this id, made if it is new, and active from here on."""
        model = self._models.get(model_id)
        if model is None:
            replaced = self.active
            if not replaced.known:
                del self._models[replaced.model_id]
            model = self._models[model_id] = self._make(model_id, now, at)
            self._make_room(model)
        else:
            model.deploy(now, at)
        self.active = model
        return model

    def _make(self, model_id: str, now: float, at: float) -> ModelState:
        return ModelState(
            model_id, window_size=self._window_size, thresholds=self._thresholds, now=now, at=at
        )

    def _make_room(self, newest: ModelState) -> None:
        if len(self._models) <= MAX_MODELS:
            return
        oldest = min(
            (model for model in self if model is not newest),
            key=lambda model: model.last_prediction,
        )
        del self._models[oldest.model_id]
        self._notices.add(
            "models.evicted", f"more than {MAX_MODELS} models; forgot {oldest.model_id!r}"
        )


def unknown_model(model_id: object, known: list[str]) -> UnknownModelError:
    """Return the error that names the models there are."""
    listed = ", ".join(repr(one) for one in known[-5:])
    return UnknownModelError(
        f"model_id={model_id!r}: expected a model of this monitor (such as {listed}); "
        "deploy it first, or leave model_id out for the active one."
    )
