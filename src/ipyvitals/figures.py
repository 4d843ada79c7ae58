"""The figures of all models of a monitor, and their judgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipyvitals.clock import Clock
from ipyvitals.intake.labels import LabelJoin
from ipyvitals.intake.predictions import Inbox
from ipyvitals.intake.registry import ModelState, Registry
from ipyvitals.intake.scoring import Scorer
from ipyvitals.judge import Judge
from ipyvitals.notices import Notices
from ipyvitals.sections import durations, metrics_section, model_info, model_section
from ipyvitals.settings import Settings
from ipyvitals.sinks.events import EventLog
from ipyvitals.snapshot import MetricsSection, ModelDeployed, ModelInfo

__all__ = ["Figures"]

WARMING_SECONDS = 60.0
TROUBLE = ("degraded", "unhealthy", "failed")


class Figures:
    """Folds what came in and judges it. Its owner holds a lock around every call.

    Parameters
    ----------
    settings : Settings
        What the user chose.
    clock : Clock
        Where all times come from.
    notices : Notices
        What goes wrong is counted here.
    events : EventLog
        What changes is told here.
    training : callable
        Whether a run is open.
    on_mismatch : callable
        Told once that labels are of another kind than predictions.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        notices: Notices,
        events: EventLog,
        *,
        training: Callable[[], bool],
        on_mismatch: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._events = events
        self._training = training
        self._started = clock.monotonic()
        self.registry = Registry(
            settings.name,
            window_size=settings.accuracy_window,
            thresholds=settings.thresholds,
            notices=notices,
            now=self._started,
            at=clock.time(),
        )
        self.scorer = Scorer(settings.score, notices, on_mismatch)
        self._join = LabelJoin(settings.pending_limit, settings.label_ttl, notices)
        self.inbox = Inbox(self.registry, self._join, self.scorer, notices)
        self._judge = Judge(events, clock.time)

    @property
    def active(self) -> ModelState:
        """The model that predictions belong to."""
        return self.registry.active

    def deploy(self, model_id: str, *, announce: bool, **facts: Any) -> None:
        """Make a model the active one and note `facts` about it; `announce` a deployment."""
        replaced = self.active
        now = self._clock.monotonic()
        model = self.registry.add(model_id, now, self._clock.time())
        for name, value in facts.items():
            if value is not None:
                setattr(model, name, value)
        if not announce:
            return
        model.lifecycle = "active"
        self._events.emit(
            ModelDeployed,
            model_id=model_id,
            model_name=model.name,
            model_version=model.version,
            deployment_timestamp=model.deployed_at,
        )
        if replaced is not model and replaced.model_id in self.registry:
            self._judge.settle(replaced, now, training=False, reason="Replaced")
        self.settle(reason="Deployed")

    def fold(self) -> None:
        """Add everything recorded so far."""
        self.inbox.fold()
        self.settle()

    def review(self) -> None:
        """Fold, and apply the rules about the last minute."""
        now = self._clock.monotonic()
        self._join.expire(now)
        self.inbox.fold()
        for model in self.registry:
            model.judge(now)
        self.settle()

    def settle(self, reason: str | None = None) -> None:
        """Bring every status up to date; `reason` is that of the active model."""
        now = self._clock.monotonic()
        for model in self.registry:
            active = model is self.active
            self._judge.settle(
                model,
                now,
                training=active and self._training(),
                reason=reason if active else None,
            )

    def acknowledge(self) -> int:
        """Note that somebody has seen the active model's trouble; return whether there is any."""
        if self.active.status not in TROUBLE or self.active.acknowledged_at is not None:
            return 0
        self.active.acknowledged_at = self._clock.time()
        return 1

    def reset(self) -> None:
        """Forget what was seen and judged of the active model."""
        self.fold()
        self.active.reset()
        self.settle(reason="Reset")

    def stop(self) -> None:
        """Let all models end."""
        now = self._clock.monotonic()
        for model in self.registry:
            if model.known and model.lifecycle != "failed":
                model.lifecycle = "stopped"
                self._judge.settle(model, now, training=False)

    def metrics(self) -> MetricsSection:
        """Return what the active model did of late."""
        now = self._clock.monotonic()
        return metrics_section(self.active, now, warming=now - self._started < WARMING_SECONDS)

    def models(self) -> list[ModelInfo]:
        """Return the models that have a name or made a prediction, oldest first."""
        known = [model for model in self.registry if model.known]
        return [model_info(model, active=model is self.active) for model in known]

    def sections(self) -> dict[str, Any]:
        """Return the parts of a snapshot that are about models."""
        return {
            "model": model_section(self.active, self._clock.monotonic()),
            "metrics": self.metrics(),
            "models": self.models(),
            "durations": durations(self.active),
        }
