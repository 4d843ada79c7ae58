"""Aggregates the records of all models of a monitor and evaluates their status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ipyvitals.drift.detector import DriftDetector
from ipyvitals.events.event_log import EventLog
from ipyvitals.health import Thresholds
from ipyvitals.ingest.accumulator import AccumulatorsByModel
from ipyvitals.ingest.label_join import LabelJoiner
from ipyvitals.ingest.labeling import LabelEvaluator
from ipyvitals.ingest.queue import RecordQueue
from ipyvitals.ingest.scoring import Scorer
from ipyvitals.models.checkpoint import Checkpoint, resume
from ipyvitals.models.journal import ModelJournal
from ipyvitals.models.model_state import ModelState
from ipyvitals.models.registry import Registry
from ipyvitals.models.status_evaluator import StatusEvaluator
from ipyvitals.runtime.config import MonitorConfig
from ipyvitals.runtime.snapshot_builder import durations, metrics_section, model_info, model_section
from ipyvitals.schema import DriftSection, LabelsSection, MetricsSection, ModelDeployed, ModelInfo
from ipyvitals.schema.messages import Message, message
from ipyvitals.utils.clock import Clock
from ipyvitals.utils.locks import Lock
from ipyvitals.utils.notices import Notices
from ipyvitals.utils.weak_callbacks import weak_callback

__all__ = ["ModelAggregator"]

WARMING_SECONDS = 60.0
"""Time after the start during which rates of the last minute are incomplete."""
ACKNOWLEDGEABLE = ("degraded", "unhealthy", "failed")


class ModelAggregator:
    """Adds the records of the queue to the models and evaluates them.

    The caller must have the engine's lock for every call. Only draining the queue needs none: the
    queue evaluates records without the lock, and acquires it to add them to the models.

    Parameters
    ----------
    settings : MonitorConfig
        The arguments of `Monitor`.
    clock : Clock
        Source of all times.
    notices : Notices
        Counts problems with records.
    events : EventLog
        Receives deployments and changes of status.
    training : callable
        Returns whether a training run is open.
    on_mismatch : callable
        Called once, with a message, when labels have another type than predictions.
    lock : Lock
        The engine's lock.
    """

    def __init__(
        self,
        settings: MonitorConfig,
        clock: Clock,
        notices: Notices,
        events: EventLog,
        *,
        training: Callable[[], bool],
        on_mismatch: Callable[[Message], None],
        lock: Lock,
    ) -> None:
        self.lock = lock
        self._settings = settings
        self._clock = clock
        self._notices = notices
        self._events = events
        self._training = training
        self._started = clock.monotonic()
        self._started_at = clock.time()
        self.thresholds = settings.thresholds
        self.registry = Registry(
            settings.name,
            _model_factory(settings, settings.thresholds, notices),
            notices,
            now=self._started,
            at=clock.time(),
        )
        self.label_evaluator = LabelEvaluator(
            Scorer(settings.score, notices, on_mismatch),
            notices,
            regression=settings.task == "regression",
            tolerance=settings.tolerance,
            segment_of=settings.segment_of,
        )
        self._join = LabelJoiner(settings.pending_limit, settings.label_ttl, notices)
        self.queue = RecordQueue(
            self.registry,
            self._join,
            self.label_evaluator,
            notices,
            weak_callback(self, ModelAggregator._fold),
        )
        self._labels: LabelsSection = self._join.section()
        self.journal: Callable[[], ModelJournal] | None = None
        """Makes what a worker records of each model; ``None`` in a process that does not report."""
        self._pending: Mapping[str, int] = {}
        """Number of predictions that wait for their label, by model id."""
        self.queue.drift_enabled = settings.drift is not None
        self._evaluator = StatusEvaluator(events, clock.time)

    @property
    def active(self) -> ModelState:
        """The model that predictions without a `model_id` belong to."""
        return self.registry.active

    def deploy(
        self, model_id: str, *, announce: bool, checkpoint: Checkpoint | None = None, **facts: Any
    ) -> None:
        """Make a model the active one.

        Parameters
        ----------
        model_id : str
            Id of the model.
        announce : bool
            Whether to emit a deployment event.
        checkpoint : Checkpoint, optional
            Stored state from which the model resumes.
        **facts
            Name, version and times of the model.
        """
        previous = self.active
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
        if previous is not model and previous.model_id in self.registry:
            self._evaluator.update_status(
                previous, now, training=False, reason=message("status.replaced")
            )
        self.update_status(reason=message("status.deployed"))

    def reported(self, model_id: str, name: str | None, version: str | None) -> ModelState:
        """Return the model that a worker's model of this id counts for; made if it is new."""
        model = self.registry.ensure(model_id, self._clock.monotonic(), self._clock.time())
        if model.name is None:
            model.set_facts(name=name, version=version)
        return model

    @property
    def labels(self) -> LabelsSection:
        """Outcome of the predictions that wait for labels."""
        return self._labels

    def _fold(self, records: AccumulatorsByModel) -> None:
        """Add evaluated records to the models, and update every status; no user code runs here."""
        with self.lock:
            if self.journal is not None:
                self._add_journals(self.journal)
            records.add_to_models()
            self._labels, self._pending = self._join.section(), dict(self._join.pending_by_model)
            self.update_status()

    def _add_journals(self, make: Callable[[], ModelJournal]) -> None:
        for model in self.registry:
            if model.journal is None:
                model.journal = make()

    def evaluate(self) -> None:
        """Apply the rules about the last minute."""
        now = self._clock.monotonic()
        for model in self.registry:
            if not model.dormant:
                model.judge(now)
        self.update_status()
        for model in self.registry:
            if not model.dormant:
                model.try_to_become_dormant(now)

    def update_status(self, reason: Message | None = None) -> None:
        """Bring every status up to date; `reason` is that of the active model."""
        now = self._clock.monotonic()
        for model in self.registry:
            active = model is self.active
            if model.dormant and not active:
                continue
            self._evaluator.update_status(
                model,
                now,
                training=active and self._training(),
                reason=reason if active else None,
            )

    def acknowledge(self, model_id: str | None = None) -> int:
        """Acknowledge the status of a model; return 0 without anything to acknowledge."""
        model = self.registry.get(model_id)
        if model.status not in ACKNOWLEDGEABLE or model.acknowledged_at is not None:
            return 0
        model.acknowledged_at = self._clock.time()
        model.dormant = False
        return 1

    def adjust(self, thresholds: Thresholds) -> None:
        """Evaluate all models with new thresholds from now on."""
        self.update_status()
        self.thresholds = thresholds
        self.registry.make = _model_factory(self._settings, thresholds, self._notices)
        for model in self.registry:
            model.adjust(thresholds)
        self.update_status()

    def retire(self, model_id: str) -> None:
        """Stop one model."""
        self.update_status()
        model = self.registry.get(model_id)
        model.lifecycle, model.dormant = "stopped", False
        now = self._clock.monotonic()
        self._evaluator.update_status(model, now, training=False, reason=message("status.retired"))

    def reset(self) -> None:
        """Clear the window, rates and status of the active model."""
        self.update_status()
        self.active.reset()
        self.update_status(reason=message("status.reset"))

    def stop(self) -> None:
        """Stop all models."""
        now = self._clock.monotonic()
        for model in self.registry:
            if model.known and model.lifecycle not in ("failed", "stopped"):
                model.lifecycle = "stopped"
                self._evaluator.update_status(model, now, training=False)

    def resume(self, model_id: str, checkpoint: Checkpoint, facts: dict[str, Any]) -> None:
        """Resume a registered model from a checkpoint that was loaded after its deployment."""
        model = self.registry.find(model_id)
        if model is not None:
            resume(model, checkpoint, self._clock.monotonic(), facts)

    def metrics(self, model: ModelState | None = None) -> MetricsSection:
        """Return the metrics of a model, by default the active one."""
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
        return self._pending.get(model.model_id, 0)

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
        """Return the drift of predictions and features of the active model."""
        detector = self.active.watch
        return detector.section() if detector is not None else DriftSection()

    def set_reference(self, model_id: str | None, predictions: Any, features: Any) -> None:
        """Set the reference that the rows of a model are compared with from now on."""
        self.update_status()
        self.registry.get(model_id).set_reference(predictions, features)

    def sections(self) -> dict[str, Any]:
        """Return the sections of a snapshot that are about models."""
        return {
            "model": model_section(self.active, self._clock.monotonic(), self._started_at),
            "metrics": self.metrics(),
            "models": self.models(),
            "durations": durations(self.active),
            "labels": self._labels,
            "drift": self.drift(),
        }


def _model_factory(
    settings: MonitorConfig, thresholds: Thresholds, notices: Notices
) -> Callable[[str, float, float], ModelState]:
    """Return a function that creates models.

    It is a closure instead of a method, since a method would make a reference cycle with the
    aggregator.
    """
    drift = settings.drift
    make_watch = partial(DriftDetector, drift, notices) if drift is not None else None

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
