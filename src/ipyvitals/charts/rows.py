"""Which lines a figure has, in which rows: the same for figures that stand and that move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from ipyvitals.charts.palette import Palette
from ipyvitals.stats.downsampling import Floats

__all__ = ["BAND", "ROWS", "Line", "Role", "Row", "Scale", "latency_scale"]

Role: TypeAlias = Literal["accent", "second", "third", "limit"]
Scale: TypeAlias = tuple[float, str]

BAND = ("accuracy_low", "accuracy_high")


@dataclass(frozen=True)
class Line:
    """One column of the history."""

    section: Literal["metrics", "system"]
    column: str
    name: str
    role: Role
    step: bool = False
    """Whether the value holds until the next one, as a threshold does."""

    def look(self, palette: Palette) -> dict[str, object]:
        """Return colour, width and dash, as plotly takes them."""
        colour, width, dash = {
            "accent": (palette.accent, 1.6, "solid"),
            "second": (palette.muted, 1.2, "solid"),
            "third": (palette.muted, 1.2, "dot"),
            "limit": (palette.warn, 1.2, "dash"),
        }[self.role]
        shape = "hv" if self.step else "linear"
        return {"color": colour, "width": width, "dash": dash, "shape": shape}


@dataclass(frozen=True)
class Row:
    """One panel of a figure: lines of one unit."""

    key: str
    title: str
    lines: tuple[Line, ...]
    weight: float = 1.0
    """How high it is, in the height of the others."""
    unit: str = ""
    tickformat: str = ""
    hover: str = "%{y}"
    from_zero: bool = True
    shown: float | None = None
    """A value that the scale reaches at least."""
    most: float | None = None
    """A value that the scale does not reach, whatever is drawn."""


ROWS = (
    Row(
        "accuracy",
        "Accuracy",
        (
            Line("metrics", "current_accuracy", "Accuracy", "accent"),
            Line("metrics", "accuracy_threshold", "Threshold", "limit", step=True),
        ),
        weight=1.6,
        tickformat=".0%",
        hover="%{y:.1%}",
        from_zero=False,
        most=1.05,
    ),
    Row(
        "error",
        "Error",
        (
            Line("metrics", "mae", "MAE", "accent"),
            Line("metrics", "rmse", "RMSE", "second"),
        ),
        hover="%{y:.4~g}",
    ),
    Row(
        "predictions",
        "Predictions",
        (Line("metrics", "predictions_per_minute", "Predictions", "accent"),),
        unit="per minute",
        tickformat="~s",
        shown=5,
        hover="%{y:,.0f} /min",
    ),
    Row(
        "latency",
        "Latency",
        (
            Line("metrics", "latency_p95_seconds", "p95", "accent"),
            Line("metrics", "latency_p50_seconds", "p50", "second"),
            Line("metrics", "latency_p99_seconds", "p99", "third"),
        ),
        hover="%{y:.3~g}",
    ),
    Row(
        "system",
        "System",
        (
            Line("system", "cpu_percent", "CPU", "accent"),
            Line("system", "memory_percent", "Memory", "second"),
            Line("system", "disk_percent", "Disk", "third"),
        ),
        unit="% in use",
        hover="%{y:.0f} %",
        shown=100,
    ),
)


def latency_scale(seconds: Floats) -> Scale:
    """Return what to multiply seconds with, and the unit that then suits most of them.

    Examples
    --------
    >>> latency_scale(np.array([0.004, 0.012, np.nan]))
    (1000.0, 'ms')
    """
    known = seconds[np.isfinite(seconds)]
    usual = float(np.median(known)) if known.size else 1e-3
    if usual >= 1:
        return 1.0, "s"
    return (1e3, "ms") if usual >= 1e-3 else (1e6, "\N{MICRO SIGN}s")
