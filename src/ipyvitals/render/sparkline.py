"""Draw one small line chart as a self-contained image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias
from urllib.parse import quote

import numpy as np

from ipyvitals.stats.downsampling import Floats, downsample, gap_starts

__all__ = ["Range", "sparkline"]

Range: TypeAlias = Literal["ratio", "zero", "percent"]
"""Which values the height spans: those of the data, from zero, or at least 20 percent points."""

WIDTH, HEIGHT = 160, 30
PIXELS = 80
SHORTEST_SECONDS = 60.0
LEAST_PERCENTS = 20.0


def sparkline(
    at: Sequence[float],
    values: Sequence[float | None],
    *,
    colour: str,
    span: Range,
    threshold: float | None = None,
    threshold_colour: str = "",
    fill: bool = False,
) -> str:
    """Return a line as the address of an image: an SVG inside a ``data:`` URI.

    Parameters
    ----------
    at : sequence of float
        Unix seconds, ascending.
    values : sequence of float or None
        As many; ``None`` makes a gap.
    colour, threshold_colour : str
        As ``#rrggbb``.
    span : {"ratio", "zero", "percent"}
        Which values the height spans.
    threshold : float, optional
        Where a dashed line is drawn.
    fill : bool
        Whether the area below the line is tinted.

    Returns
    -------
    str
        Empty where no value is known.

    Examples
    --------
    >>> sparkline([0.0, 60.0], [0.0, 5.0], colour="#2563c9", span="zero")[:20]
    'data:image/svg+xml,%'
    """
    seconds = np.asarray(at, dtype=float)
    numbers = np.array([np.nan if value is None else value for value in values], dtype=float)
    numbers[~np.isfinite(numbers)] = np.nan
    if np.isnan(numbers).all():
        return ""
    low, high = _limits(span, float(np.nanmin(numbers)), float(np.nanmax(numbers)))
    last = seconds[-1]
    first = min(seconds[0], last - SHORTEST_SECONDS)

    def height_of(value: Floats | float) -> Floats | float:
        return np.clip(HEIGHT - 1 - (value - low) / (high - low) * (HEIGHT - 2), 0, HEIGHT)

    x = (seconds - first) / (last - first) * WIDTH
    lines = [
        list(zip(x[part].tolist(), height_of(numbers[part]).tolist(), strict=True))  # type: ignore[union-attr]
        for part in _parts(seconds, numbers)
    ]
    shapes = []
    if threshold is not None:
        y = float(height_of(threshold))
        shapes.append(
            f'<path d="M0 {y:.1f}H{WIDTH}" stroke="{threshold_colour}" stroke-dasharray="3 3"/>'
        )
    if fill:
        areas = "".join(
            f"M{line[0][0]:.1f} {HEIGHT}{_steps(line, 'L')}L{line[-1][0]:.1f} {HEIGHT}Z"
            for line in lines
        )
        shapes.append(f'<path d="{areas}" fill="{colour}" fill-opacity=".13"/>')
    paths = "".join(_steps(line, "M") for line in lines)
    shapes.append(
        f'<path d="{paths}" stroke="{colour}" stroke-width="1.5" stroke-linecap="round"/>'
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"><g fill="none" '
        f'vector-effect="non-scaling-stroke">{"".join(shapes)}</g></svg>'
    )
    return "data:image/svg+xml," + quote(svg, safe=" =:/,.()-'")


def _limits(span: Range, low: float, high: float) -> tuple[float, float]:
    if span == "ratio":
        margin = max(0.02, (high - low) * 0.15)
        return max(0.0, low - margin), min(1.005, high + margin)
    if span == "zero":
        return 0.0, high * 1.12 or 1.0
    spare = max(0.0, LEAST_PERCENTS - (high - low)) / 2
    floor = max(0.0, min(low - spare, 100.0 - LEAST_PERCENTS))
    return floor, min(100.0, max(high + spare, floor + LEAST_PERCENTS))


def _parts(seconds: Floats, numbers: Floats) -> list[np.ndarray]:
    """Return the points to draw, a piece for each stretch without a gap."""
    shown = downsample(seconds, numbers, PIXELS)
    known = ~np.isnan(numbers[shown])
    ends = set(np.flatnonzero(np.diff(known)) + 1)
    ends |= set(np.searchsorted(shown, gap_starts(seconds)).tolist())
    pieces = np.split(shown, sorted(ends))
    return [piece for piece in pieces if len(piece) and not np.isnan(numbers[piece[0]])]


def _steps(line: list[tuple[float, float]], first: str) -> str:
    text = "L".join(f"{x:.1f} {y:.1f}" for x, y in line)
    # A lonely point is a line without length: its round ends make a dot.
    return f"{first}{text}h0" if len(line) == 1 else f"{first}{text}"
