"""Notices that a run stalls, and that a metric is not finite."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipyvitals.render import formatting as fmt
from ipyvitals.schema import AlertKind, NotFiniteKind, RunAlert
from ipyvitals.schema.messages import Args, message

if TYPE_CHECKING:
    from ipyvitals.training.record import RunRecord
    from ipyvitals.training.run import TrainingRun

__all__ = ["SLOW_FACTOR", "Alert", "metric_alert", "stall_alert"]

SLOW_FACTOR = 10.0
"""A step is overdue after this many times the 95th percentile of the run's steps."""
SYMBOLS: dict[NotFiniteKind, str] = {"nan": "NaN", "inf": "inf", "-inf": "-inf"}


class Alert(NamedTuple):
    """One `TrainingAlert`, without what the event log adds."""

    run_id: str
    kind: AlertKind
    metric: str | None
    value: float | None
    reason: str
    step: float | None
    reason_code: str
    reason_args: Args
    not_finite_kind: NotFiniteKind = ""


def metric_alert(record: RunRecord, name: str, step: float, value: float, at: float) -> Alert:
    """Return the alert of a metric that is not finite any more, or is finite again."""
    broken = record.series.breaks.get(name)
    if broken is None:
        record.alerts.pop(name, None)
        return _alert(
            record,
            "recovered",
            name,
            value,
            step,
            "run.finite_again",
            {"metric": name, "step": fmt.metric(step)},
        )
    args: Args = {"metric": name, "step": fmt.metric(broken.step), "what": SYMBOLS[broken.kind]}
    code = "run.never_finite"
    if broken.last_finite is not None:
        code, args = "run.not_finite", {**args, "value": fmt.metric(broken.last_finite)}
    alert = _alert(record, "not_finite", name, broken.last_finite, broken.step, code, args)
    alert = alert._replace(not_finite_kind=broken.kind)
    record.alerts[name] = _shown(alert, at)
    return alert


def stall_alert(run: TrainingRun, now: float, at: float, floor: float | None) -> Alert | None:
    """Return the alert when a run has stalled or goes on again since the last call.

    Parameters
    ----------
    run : TrainingRun
        An open run.
    now, at : float
        Monotonic and Unix seconds.
    floor : float, optional
        Shortest time without a step that is a stall; ``None`` for no such alert.
    """
    record = run.record
    idle = now - record.stepped
    if record.stalled is not None:
        if record.stepped <= record.stalled_since:
            return None
        record.stalled = None
        seconds = round(record.stepped - record.stalled_since, 1)
        args: Args = {"seconds": seconds}
        return _alert(record, "recovered", None, seconds, run.current, "run.steps_again", args)
    # A run is idle on behalf of the runs inside it, which are judged themselves, and of a
    # validation beside it.
    if floor is None or idle < floor or run.children or _has_aside(run.parent):
        return None
    slow, usual = record.timer.slow_seconds(), record.timer.usual_seconds()
    args = {"seconds": round(idle)}
    if slow is None or usual is None:
        if not _awaits_first_step(run):
            return None
        code = "run.no_step_yet"
    elif idle < SLOW_FACTOR * slow:
        return None
    else:
        code, args = "run.stalled", {**args, "usual": float(f"{usual:.2g}")}
    code += {None: "", True: "_iterable", False: "_body"}[run.is_waiting()]
    alert = _alert(record, "stalled", None, usual, run.current, code, args)
    record.stalled_since = record.stepped
    record.stalled = _shown(alert, at - idle)
    return alert


def _has_aside(parent: TrainingRun | None) -> bool:
    return parent is not None and any(child.aside for child in list(parent.children))


def _awaits_first_step(run: TrainingRun) -> bool:
    """Return whether a run is to make steps, and neither the run nor one inside it made any."""
    return bool(run._counter is not None or run.total) and not run.record.seen_steps


def _alert(
    record: RunRecord,
    kind: AlertKind,
    metric: str | None,
    value: float | None,
    step: float | None,
    code: str,
    args: Args,
) -> Alert:
    text = message(code, **args).text
    return Alert(record.run_id, kind, metric, value, text, step, code, args)


def _shown(alert: Alert, at: float) -> RunAlert:
    return RunAlert(
        kind=alert.kind,
        metric=alert.metric,
        value=alert.value,
        step=alert.step,
        at=at,
        reason=alert.reason,
        reason_code=alert.reason_code,
        reason_args=alert.reason_args,
        not_finite_kind=alert.not_finite_kind,
    )
