"""Tables as a history gives them."""

from __future__ import annotations

import numpy as np
import pandas as pd

START = 1_767_323_045.0
"""2 January 2026, 03:04:05 UTC."""


def index(seconds):
    at = START + np.asarray(seconds, dtype=float)
    micros = np.round(at * 1e6).astype("int64").astype("datetime64[us]")
    return pd.DatetimeIndex(micros, name="time").tz_localize("UTC")


def metrics(seconds, **columns):
    """Return figures of one model; what is not named is plain and steady."""
    rows = len(seconds)
    known = {
        "model_id": "churn-1",
        "status": "active",
        "current_accuracy": 0.95,
        "accuracy_low": 0.9,
        "accuracy_high": 0.98,
        "accuracy_threshold": 0.85,
        "window_labelled": 100,
        "predictions_per_minute": 60,
        "total_predictions": np.arange(rows),
        "latency_p50_seconds": 0.004,
        "latency_p95_seconds": 0.012,
        "latency_p99_seconds": 0.03,
    }
    frame = pd.DataFrame({**known, **columns}, index=index(seconds))
    # As the history gives them: with types that know of missing values.
    return frame.convert_dtypes()


def system(seconds, **columns):
    """Return readings of the machine."""
    known = {"cpu_percent": 40.0, "memory_percent": 55.0, "disk_percent": 44.0}
    frame = pd.DataFrame({**known, **columns}, index=index(seconds))
    return frame.convert_dtypes()


def models(*deployments):
    """Return deployments: (second, id, name, version, baseline) each."""
    columns = ["model_id", "name", "version", "baseline_accuracy"]
    return pd.DataFrame(
        [one[1:] for one in deployments],
        columns=columns,
        index=index([one[0] for one in deployments]),
    )


def training(runs, *, stage="Fit", monitor="digits", state="completed", apart=100):
    """Return the steps of runs as the history has them: run → metric → values, a step a second."""
    rows, seconds = [], []
    for place, (run, curves) in enumerate(runs.items()):
        for metric, values in curves.items():
            for step, value in enumerate(values, start=1):
                done = "running" if step < len(values) else state
                rows.append((run, monitor, stage, done, step, len(values), metric, value))
                seconds.append(apart * place + step)
    columns = ["run", "monitor", "stage", "state", "step", "total", "metric", "value"]
    frame = pd.DataFrame(rows, columns=columns, index=index(seconds))
    return frame.sort_index(kind="stable").convert_dtypes()
