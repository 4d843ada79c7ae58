"""Decides each model's one status, and says why whenever it changes."""

from __future__ import annotations

from collections.abc import Callable

from ipyvitals.events.event_log import EventLog
from ipyvitals.health import Finding, SilenceRule, status_of
from ipyvitals.models.model_state import ModelState
from ipyvitals.schema import ModelStatusChange, Status
from ipyvitals.schema.messages import Message, message

__all__ = ["StatusEvaluator"]

REASONS: dict[tuple[Status | None, Status], Message] = {
    ("idle", "active"): message("status.predictions_resumed"),
    ("registered", "active"): message("status.first_prediction"),
    (None, "training"): message("status.training_started"),
    (None, "stopped"): message("status.closed"),
}
"""By old and new status; ``None`` is any old one."""


class StatusEvaluator:
    """Moves models from status to status, and emits an event for each change.

    Parameters
    ----------
    events : EventLog
        Takes the events.
    time : callable
        Returns the Unix time in seconds.
    """

    def __init__(self, events: EventLog, time: Callable[[], float]) -> None:
        self._events = events
        self._time = time

    def update_status(
        self, model: ModelState, now: float, *, training: bool, reason: Message | None = None
    ) -> None:
        """Bring a model's status up to date, through every turn that its rules took.

        Parameters
        ----------
        model : ModelState
            The model.
        now : float
            Monotonic seconds.
        training : bool
            Whether a run is open for it.
        reason : Message, optional
            Why, where the caller knows more than the two statuses show.
        """
        idle = model.is_idle(now)

        def status() -> Status:
            return status_of(model.lifecycle, model.health, training=training, idle=idle)

        # What predictions alone did comes before what their labels showed.
        self._move(model, status(), model.silence(now) if idle else None, reason)
        for finding in model.take_findings():
            model.apply(finding)
            self._move(model, status(), finding, None)

    def _move(
        self, model: ModelState, status: Status, finding: Finding | None, reason: Message | None
    ) -> None:
        old = model.status
        if status == "degraded":
            finding = model.primary_alert
        elif finding is not None and finding.rule == SilenceRule.name and status != "idle":
            finding = None
        if status == old:
            if finding is not None and status == "degraded":
                # One of two rules recovered, or a second one turned: the newest is the reason.
                model.message, model.evidence = finding.message, finding
            return
        if finding is not None:
            reason = finding.message
        elif reason is None:
            reason = REASONS.get((old, status)) or REASONS.get((None, status))
        model.dormant = False
        model.status, model.status_since = status, self._time()
        model.acknowledged_at = None
        model.message, model.evidence = reason, finding
        self._events.emit(
            ModelStatusChange,
            model_id=model.model_id,
            old_status=old,
            new_status=status,
            reason=reason.text if reason else None,
            reason_code=reason.code if reason else None,
            reason_args=reason.args if reason else {},
            rule=finding.rule if finding else None,
            value=finding.value if finding else None,
            threshold=finding.threshold if finding else None,
            n=finding.n if finding else None,
        )
