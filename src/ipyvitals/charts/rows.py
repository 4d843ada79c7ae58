"""Lists the rows of a figure and the lines in each, for static and live figures alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from ipyvitals.charts.palette import Palette
from ipyvitals.render.formatting import error_size, percent, ratio_text
from ipyvitals.schema import MetricsSection, SystemSection
from ipyvitals.schema.metrics import metrics_of
from ipyvitals.stats.downsampling import Floats

__all__ = ["BAND", "ROWS", "Line", "Role", "Row", "Scale", "latency_scale"]

Role: TypeAlias = Literal["accent", "second", "third", "limit"]
Scale: TypeAlias = tuple[float, str]
Section: TypeAlias = Literal["metrics", "system"]

BAND = ("accuracy_low", "accuracy_high")
SECTIONS: dict[Section, type[msgspec.Struct]] = {
    "metrics": MetricsSection,
    "system": SystemSection,
}


@dataclass(frozen=True)
class Line:
    """Draws one column of the history."""

    section: Section
    column: str
    role: Role
    short: str = ""
    """Name of the line where the title of its row says the rest of the metric's label."""
    step: bool = False
    """Whether the value is valid until the next one, as a threshold is."""

    @property
    def name(self) -> str:
        """Name of the line: the label of its metric, or a short form of it."""
        return self.short or metrics_of(SECTIONS[self.section])[self.column].label

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
    """Draws lines of one unit in one panel of a figure."""

    key: str
    title: str
    lines: tuple[Line, ...]
    weight: float = 1.0
    """Height of the row, relative to that of the others."""
    unit: str = ""
    tickformat: str = ""
    hover: str = "%{y}"
    write: Callable[[float | None], str] | None = None
    """Writes the values under the pointer where plotly would round to a claim, such as 100 %."""
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
            Line("metrics", "current_accuracy", "accent"),
            Line("metrics", "accuracy_threshold", "limit", short="Threshold", step=True),
        ),
        weight=1.6,
        tickformat=".3~%",
        write=ratio_text,
        from_zero=False,
        most=1.05,
    ),
    Row(
        "error",
        "Error",
        (
            Line("metrics", "mae", "accent"),
            Line("metrics", "rmse", "second"),
        ),
        write=error_size,
    ),
    Row(
        "predictions",
        "Predictions",
        (Line("metrics", "predictions_per_minute", "accent", short="Predictions"),),
        unit="per minute",
        tickformat="~s",
        shown=5,
        hover="%{y:,.0f} /min",
    ),
    Row(
        "latency",
        "Latency",
        (
            Line("metrics", "latency_p95_seconds", "accent", short="p95"),
            Line("metrics", "latency_p50_seconds", "second", short="p50"),
            Line("metrics", "latency_p99_seconds", "third", short="p99"),
        ),
        hover="%{y:.3~g}",
    ),
    Row(
        "system",
        "System",
        (
            Line("system", "cpu_percent", "accent"),
            Line("system", "memory_percent", "second"),
            Line("system", "disk_percent", "third"),
        ),
        unit="% in use",
        write=percent,
        shown=100,
    ),
)


def latency_scale(seconds: Floats) -> Scale:
    """Return the factor and the unit in which most of the latencies read well.

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
