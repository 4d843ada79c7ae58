"""Decides each model's one status, and says why whenever it changes."""

from __future__ import annotations

from collections.abc import Callable

from ipyvitals.events.event_log import EventLog
from ipyvitals.health import Finding, status_of
from ipyvitals.models.model_state import ModelState
from ipyvitals.schema import ModelStatusChange, Status

__all__ = ["StatusEvaluator"]

REASONS: dict[tuple[Status | None, Status], str] = {
    ("idle", "active"): "Predictions resumed",
    ("registered", "active"): "First prediction",
    (None, "training"): "Training started",
    (None, "stopped"): "Monitor closed",
}
"""By old and new status; ``None`` is any old one."""


class StatusEvaluator:
    """Moves models from status to status.

    Parameters
    ----------
    events : EventLog
        Where changes are told.
    time : callable
        Returns the Unix time in seconds.
    """

    def __init__(self, events: EventLog, time: Callable[[], float]) -> None:
        self._events = events
        self._time = time

    def update_status(
        self, model: ModelState, now: float, *, training: bool, reason: str | None = None
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
        reason : str, optional
            Why, where the caller knows better than the two statuses tell.
        """
        idle = model.is_idle(now)

        def status() -> Status:
            return status_of(model.lifecycle, model.health, training=training, idle=idle)

        # What predictions alone did comes before what their labels showed.
        self._move(model, status(), _silence(model, now) if idle else None, reason)
        for finding in model.take_findings():
            model.apply(finding)
            self._move(model, status(), finding, None)

    def _move(
        self, model: ModelState, status: Status, finding: Finding | None, reason: str | None
    ) -> None:
        old = model.status
        if status == "degraded":
            finding = model.primary_alert
        elif finding is not None and finding.rule == "silence" and status != "idle":
            finding = None
        if status == old:
            if finding is not None and status == "degraded":
                # One of two rules recovered, or a second one turned: the newest is the reason.
                model.reason, model.evidence = finding.reason, finding
            return
        if finding is not None:
            reason = finding.reason
        elif reason is None:
            reason = REASONS.get((old, status)) or REASONS.get((None, status))
        model.dormant = False
        model.status, model.status_since = status, self._time()
        model.acknowledged_at = None
        model.reason, model.evidence = reason, finding
        self._events.emit(
            ModelStatusChange,
            model_id=model.model_id,
            old_status=old,
            new_status=status,
            reason=reason,
            rule=finding.rule if finding else None,
            value=finding.value if finding else None,
            threshold=finding.threshold if finding else None,
            n=finding.n if finding else None,
        )


def _silence(model: ModelState, now: float) -> Finding:
    limit = model.idle_seconds or 0.0
    return Finding(
        rule="silence",
        on=True,
        reason=f"No prediction for {limit:g} s",
        value=model.silent_for(now),
        threshold=limit,
        n=model.total_predictions,
    )
