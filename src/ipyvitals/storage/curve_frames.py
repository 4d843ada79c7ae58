"""Makes a DataFrame of the curves of training runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ipyvitals.schema import CurveChunk

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["curve_frame"]

TYPES = {
    "run": "string",
    "metric": "string",
    "step": "Float64",
    "seconds": "Float64",
    "value": "Float64",
    "low": "Float64",
    "high": "Float64",
    "count": "Int64",
    "not_finite": "Int64",
    "not_finite_kind": "string",
}


def curve_frame(curves: Iterable[tuple[str, CurveChunk]]) -> pd.DataFrame:
    """Return one row a bucket of some curves, each with the id of its run."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in TYPES}
    for run, curve in curves:
        size = len(curve.step)
        columns["run"] += [run] * size
        columns["metric"] += [curve.metric] * size
        columns["step"] += curve.step
        columns["seconds"] += curve.seconds
        columns["value"] += curve.mean
        columns["low"] += curve.low or curve.mean
        columns["high"] += curve.high or curve.mean
        columns["count"] += curve.count or [1] * size
        columns["not_finite"] += curve.not_finite or [0] * size
        columns["not_finite_kind"] += [
            kind or None for kind in curve.not_finite_kind or [""] * size
        ]
    return pd.DataFrame(columns).astype(TYPES)
