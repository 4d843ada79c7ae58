"""Validates the arguments of `Monitor` and holds them as one configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from ipyvitals.drift.detector import Drift
from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.health import Thresholds
from ipyvitals.ingest.labeling import SegmentFunction
from ipyvitals.ingest.scoring import ScoreFunction
from ipyvitals.remote.address import Place
from ipyvitals.schema import Task
from ipyvitals.storage.paths import store_path
from ipyvitals.utils.validation import check_count, check_seconds, check_size, check_text

__all__ = ["MonitorConfig", "check_settings", "check_thresholds"]

MIN_INTERVAL_SECONDS = 0.1
TASKS = ("classification", "regression")


class MonitorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The validated arguments of `Monitor` that do not change during its life."""

    name: str
    accuracy_window: int
    task: Task
    tolerance: float | None
    score: ScoreFunction | None
    segment_of: SegmentFunction | None
    drift: Drift | None
    thresholds: Thresholds
    interval: float | None
    metrics_interval: float
    pending_limit: int
    label_ttl: float
    store: Path | None
    store_predictions: bool
    git: bool
    terminal: bool
    reports: Path | Place | bool
    """A folder to receive reports in, a home to report to, or whether to find out."""


def check_settings(
    *,
    name: Any,
    accuracy_window: Any,
    task: Any,
    tolerance: Any,
    score: Any,
    segment: Any,
    drift: Any,
    thresholds: Any,
    interval: Any,
    metrics_interval: Any,
    pending_limit: Any,
    label_ttl: Any,
    store: Any,
    store_predictions: Any,
    git: Any,
    terminal: Any,
    reports: Any,
) -> MonitorConfig:
    """Return the configuration.

    Raises
    ------
    ArgumentValueError, ArgumentTypeError
        When an argument is invalid; the message names it and says what is expected.
    """
    if score is not None and not callable(score):
        raise ArgumentTypeError(
            f"score={score!r}: expected a function of a prediction and its label."
        )
    if task not in TASKS:
        raise ArgumentValueError(
            f"task={task!r}: expected 'classification' or 'regression'; "
            "for anything else pass score=."
        )
    shortest = MIN_INTERVAL_SECONDS
    return MonitorConfig(
        name=check_text("name", name),
        accuracy_window=check_count("accuracy_window", accuracy_window),
        task=task,
        tolerance=_tolerance(task, tolerance, score),
        score=score,
        segment_of=_segment_of(segment),
        drift=_drift(drift),
        thresholds=Thresholds() if thresholds is None else check_thresholds(thresholds),
        interval=None if interval is None else check_seconds("interval", interval, shortest),
        metrics_interval=check_seconds("metrics_interval", metrics_interval, shortest),
        pending_limit=check_count("pending_limit", pending_limit),
        label_ttl=check_seconds("label_ttl", label_ttl, 0.0),
        store=_store(store, interval),
        store_predictions=_flag("store_predictions", store_predictions),
        git=_flag("git", git),
        terminal=_flag("terminal", terminal),
        reports=_reports(reports, interval),
    )


def check_thresholds(thresholds: Any) -> Thresholds:
    """Return the thresholds.

    Raises
    ------
    ArgumentTypeError
        When they are no `Thresholds`.
    """
    if not isinstance(thresholds, Thresholds):
        raise ArgumentTypeError(
            f"thresholds={thresholds!r}: expected ipyvitals.Thresholds(…), such as "
            "Thresholds(accuracy=0.85)."
        )
    return thresholds


def _store(store: Any, interval: Any) -> Path | None:
    if store is True and interval is None:
        # A monitor without a thread, as in tests, writes to the user's history only on request.
        return None
    return store_path(store)


def _reports(reports: Any, interval: Any) -> Path | Place | bool:
    if isinstance(reports, bool | Place):
        # A monitor without a thread, as in tests, has workers only on request.
        return reports if interval is not None or reports is not True else False
    try:
        path = Path(os.fspath(reports)).expanduser()
    except (TypeError, RuntimeError):
        raise ArgumentTypeError(
            f"reports={reports!r}: expected the path of a folder in which workers report, or True "
            "or False."
        ) from None
    if not str(reports) or "\0" in str(path) or path.is_file():
        raise ArgumentValueError(
            f"reports={reports!r}: expected the path of a folder, which need not exist yet."
        )
    return path


def _flag(what: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ArgumentTypeError(f"{what}={value!r}: expected True or False.")
    return value


def _tolerance(task: Task, tolerance: Any, score: Any) -> float | None:
    if tolerance is None:
        if task == "regression" and score is None:
            raise ArgumentValueError(
                "task='regression': expected tolerance=, how far off a prediction may be and "
                "still count as right, in the unit of the target; or score=."
            )
        return None
    if task != "regression" or score is not None:
        raise ArgumentValueError(
            f"tolerance={tolerance!r}: expected task='regression' and no score= beside it."
        )
    return check_size("tolerance", tolerance)


def _segment_of(segment: Any) -> SegmentFunction | None:
    if segment is None or callable(segment):
        return segment  # type: ignore[no-any-return]
    if segment == "class":
        return _class_of
    raise ArgumentTypeError(
        f"segment={segment!r}: expected 'class', for one segment a true class, or a function of "
        "a prediction and its label; a segment that is known beforehand goes to record()."
    )


def _class_of(prediction: Any, actual: Any) -> Any:
    return actual


def _drift(drift: Any) -> Drift | None:
    if drift is None or drift is False:
        return None
    if drift is True:
        return Drift()
    if not isinstance(drift, Drift):
        raise ArgumentTypeError(
            f"drift={drift!r}: expected True, or ipyvitals.Drift(…) such as Drift(window=500)."
        )
    return drift
