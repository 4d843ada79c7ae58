"""The figures of all models of a monitor, and their judgement."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ipyvitals.drift.detector import DriftDetector
from ipyvitals.events.event_log import EventLog
from ipyvitals.health import Thresholds
from ipyvitals.ingest.label_join import LabelJoin
from ipyvitals.ingest.labeling import Labeler
from ipyvitals.ingest.queue import RecordQueue
from ipyvitals.ingest.scoring import Scorer
from ipyvitals.models.checkpoint import Checkpoint, resume
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import Registry
from ipyvitals.models.status_evaluator import StatusEvaluator
from ipyvitals.runtime.config import MonitorConfig
from ipyvitals.runtime.snapshot_builder import durations, metrics_section, model_info, model_section
from ipyvitals.schema import DriftSection, MetricsSection, ModelDeployed, ModelInfo
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.notices import Notices

__all__ = ["ModelAggregator"]

WARMING_SECONDS = 60.0
TROUBLE = ("degraded", "unhealthy", "failed")


class ModelAggregator:
    """Folds what came in and judges it. Its owner holds a lock around every call.

    Parameters
    ----------
    settings : MonitorConfig
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
        settings: MonitorConfig,
        clock: Clock,
        notices: Notices,
        events: EventLog,
        *,
        training: Callable[[], bool],
        on_mismatch: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._notices = notices
        self._events = events
        self._training = training
        self._started = clock.monotonic()
        self.thresholds = settings.thresholds
        self.registry = Registry(
            settings.name,
            _maker(settings, settings.thresholds, notices),
            notices,
            now=self._started,
            at=clock.time(),
        )
        self.labeler = Labeler(
            Scorer(settings.score, notices, on_mismatch),
            notices,
            regression=settings.task == "regression",
            tolerance=settings.tolerance,
            segment_of=settings.segment_of,
        )
        self._join = LabelJoin(settings.pending_limit, settings.label_ttl, notices)
        self.queue = RecordQueue(self.registry, self._join, self.labeler, notices)
        self.queue.watching = settings.drift is not None
        self._judge = StatusEvaluator(events, clock.time)

    @property
    def active(self) -> ModelState:
        """The model that predictions belong to."""
        return self.registry.active

    def deploy(
        self, model_id: str, *, announce: bool, checkpoint: Checkpoint | None = None, **facts: Any
    ) -> None:
        """Make a model the active one and note `facts` about it; `announce` a deployment.

        With a `checkpoint` it goes on from there.
        """
        replaced = self.active
        now = self._clock.monotonic()
        model = self.registry.add(model_id, now, self._clock.time())
        model.set_facts(**facts)
        if checkpoint is not None:
            resume(model, checkpoint, now, facts)
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
            self._judge.update_status(replaced, now, training=False, reason="Replaced")
        self.update_status(reason="Deployed")

    def drain(self) -> None:
        """Add everything recorded so far."""
        self.queue.drain()
        self._join.expire(self._clock.monotonic())
        self.update_status()

    def review(self) -> None:
        """Fold, and apply the rules about the last minute."""
        now = self._clock.monotonic()
        self.queue.drain()
        self._join.expire(now)
        for model in self.registry:
            if not model.dormant:
                model.judge(now)
        self.update_status()
        for model in self.registry:
            if not model.dormant:
                model.try_to_become_dormant(now)

    def update_status(self, reason: str | None = None) -> None:
        """Bring every status up to date; `reason` is that of the active model."""
        now = self._clock.monotonic()
        for model in self.registry:
            active = model is self.active
            if model.dormant and not active:
                continue
            self._judge.update_status(
                model,
                now,
                training=active and self._training(),
                reason=reason if active else None,
            )

    def acknowledge(self, model_id: str | None = None) -> int:
        """Note that somebody has seen a model's trouble; return whether there is any."""
        model = self.registry.get(model_id)
        if model.status not in TROUBLE or model.acknowledged_at is not None:
            return 0
        model.acknowledged_at = self._clock.time()
        model.dormant = False
        return 1

    def adjust(self, thresholds: Thresholds) -> None:
        """Judge all models by other thresholds from here on."""
        self.drain()
        self.thresholds = thresholds
        self.registry.make = _maker(self._settings, thresholds, self._notices)
        for model in self.registry:
            model.adjust(thresholds)
        self.update_status()

    def retire(self, model_id: str) -> None:
        """Let one model end."""
        self.drain()
        model = self.registry.get(model_id)
        model.lifecycle, model.dormant = "stopped", False
        now = self._clock.monotonic()
        self._judge.update_status(model, now, training=False, reason="Retired")

    def reset(self) -> None:
        """Forget what was seen and judged of the active model."""
        self.drain()
        self.active.reset()
        self.update_status(reason="Reset")

    def stop(self) -> None:
        """Let all models end."""
        now = self._clock.monotonic()
        for model in self.registry:
            if model.known and model.lifecycle not in ("failed", "stopped"):
                model.lifecycle = "stopped"
                self._judge.update_status(model, now, training=False)

    def resume(self, model_id: str, checkpoint: Checkpoint, facts: dict[str, Any]) -> None:
        """Let a model that is here go on from its past, which came late."""
        model = self.registry.find(model_id)
        if model is not None:
            resume(model, checkpoint, self._clock.monotonic(), facts)

    def metrics(self, model: ModelState | None = None) -> MetricsSection:
        """Return what a model, by default the active one, did of late."""
        now = self._clock.monotonic()
        model = self.active if model is None else model
        return metrics_section(
            model,
            now,
            warming=now - self._started < WARMING_SECONDS,
            pending=self.pending(model),
            task=self._settings.task,
            tolerance=self._settings.tolerance,
        )

    def pending(self, model: ModelState) -> int:
        """Return how many predictions of a model wait for their label."""
        return self._join.pending_of[model.model_id]

    def models(self) -> list[ModelInfo]:
        """Return the models that have a name or made a prediction, oldest first."""
        now = self._clock.monotonic()
        return [self._row(model, now) for model in self.registry if model.known]

    def _row(self, model: ModelState, now: float) -> ModelInfo:
        active, pending = model is self.active, self.pending(model)
        row = model.row
        if (
            row is None
            or not model.dormant
            or (row.active, row.labels_pending) != (active, pending)
        ):
            row = model_info(model, now, active=active, pending=pending)
            model.row = row if model.dormant else None
        return row

    def drift(self) -> DriftSection:
        """Return whether what the active model sees and says has drifted."""
        watch = self.active.watch
        return watch.section() if watch is not None else DriftSection()

    def set_reference(self, model_id: str | None, predictions: Any, features: Any) -> None:
        """Compare a model's rows with these from here on."""
        self.drain()
        self.registry.get(model_id).set_reference(predictions, features)

    def sections(self) -> dict[str, Any]:
        """Return the parts of a snapshot that are about models."""
        return {
            "model": model_section(self.active, self._clock.monotonic()),
            "metrics": self.metrics(),
            "models": self.models(),
            "durations": durations(self.active),
            "labels": self._join.section(),
            "drift": self.drift(),
        }


def _maker(
    settings: MonitorConfig, thresholds: Thresholds, notices: Notices
) -> Callable[[str, float, float], ModelState]:
    """Return what makes models; no method, or the figures would hold themselves."""
    wanted = settings.drift
    make_watch = partial(DriftDetector, wanted, notices) if wanted is not None else None

    def make(model_id: str, now: float, at: float) -> ModelState:
        return ModelState(
            model_id,
            window_size=settings.accuracy_window,
            thresholds=thresholds,
            make_watch=make_watch,
            now=now,
            at=at,
        )

    return make
