"""Downsample a line to the minimum and maximum of each pixel; its drawing stays the same."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "downsample", "envelope", "gap_starts", "pixel_indices"]

Floats: TypeAlias = NDArray[np.float64]

GAP_STEPS = 8.0
"""A pause longer than this many median steps is a gap: nothing was recorded."""
NEARBY_STEPS = 4
"""Steps on each side of a pause that the median is taken over."""
MIN_GAP_SECONDS = 60.0


def downsample(at: Floats, values: Floats, pixels: int) -> NDArray[np.intp]:
    """Return the indices of the points to draw, ascending.

    They are the lowest and the highest point of each pixel, one unknown point (NaN) of each pixel
    that has one, and both ends of the line. So neither a spike nor a gap is lost.

    Parameters
    ----------
    at : array of float, shape (n,)
        Seconds, ascending.
    values : array of float, shape (n,)
        NaN where unknown.
    pixels : int
        Width of the drawing.

    Returns
    -------
    array of int, shape (m,)
        Indices into `values`; all of them when there are at most two points per pixel.

    Examples
    --------
    >>> at = np.arange(1_000.0)
    >>> values = np.zeros(1_000)
    >>> values[501] = 9.0
    >>> shown = downsample(at, values, 10)
    >>> len(shown) < 50, float(values[shown].max())
    (True, 9.0)
    """
    n = len(at)
    if n <= 2 * pixels:
        return np.arange(n)
    starts = _starts(at, pixels)
    sizes = np.diff(np.append(starts, n))
    indices = np.arange(n)
    unknown = np.isnan(values)
    found = [np.array([0, n - 1])]
    for extreme in (np.fmin, np.fmax):
        extremes = np.repeat(extreme.reduceat(values, starts), sizes)
        found.append(np.minimum.reduceat(np.where(values == extremes, indices, n), starts))
    found.append(np.minimum.reduceat(np.where(unknown, indices, n), starts))
    chosen = np.unique(np.concatenate(found))
    return chosen[chosen < n]


def envelope(at: Floats, low: Floats, high: Floats, pixels: int) -> tuple[Floats, Floats, Floats]:
    """Return a band of at most two points per pixel that contains the whole band.

    Parameters
    ----------
    at, low, high : array of float, shape (n,)
        Seconds, ascending, and the two edges; NaN where unknown.
    pixels : int
        Width of the drawing.

    Returns
    -------
    at, low, high : array of float, shape (m,)

    Examples
    --------
    >>> at = np.arange(1_000.0)
    >>> _, low, high = envelope(at, -at, at, 10)
    >>> len(low), float(low.min()), float(high.max())
    (20, -999.0, 999.0)
    """
    n = len(at)
    if n <= 2 * pixels:
        return at, low, high
    starts = _starts(at, pixels)
    ends = np.append(starts[1:], n) - 1
    lowest, highest = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
    # Two points per pixel, one at each end: with one, the band would slope between pixels.
    edges = np.column_stack([at[starts], at[ends]]).ravel()
    return edges, np.repeat(lowest, 2), np.repeat(highest, 2)


def gap_starts(at: Floats) -> NDArray[np.intp]:
    """Return the indices of the points that follow an unusually long pause in recording.

    Examples
    --------
    >>> gap_starts(np.array([0.0, 1.0, 2.0, 3.0, 900.0, 901.0]))
    array([4])
    """
    steps = np.diff(at)
    long = np.flatnonzero(steps > MIN_GAP_SECONDS)
    # The median of nearby steps, since old points may be stored once an hour.
    width = min(2 * NEARBY_STEPS + 1, len(steps))
    firsts = np.clip(long - NEARBY_STEPS, 0, len(steps) - width)
    medians = np.median(steps[firsts[:, None] + np.arange(width)], axis=1) if len(long) else 0.0
    return long[steps[long] > GAP_STEPS * medians] + 1


def pixel_indices(at: Floats, pixels: int) -> NDArray[np.intp]:
    """Return the pixel of each point, counted from 0."""
    if len(at) == 0:
        return np.empty(0, dtype=np.intp)
    span = float(at[-1] - at[0])
    if not span > 0:
        return np.zeros(len(at), dtype=np.intp)
    indices: NDArray[np.intp] = ((at - at[0]) / span * pixels).astype(np.intp)
    return np.clip(indices, 0, pixels - 1)


def _starts(at: Floats, pixels: int) -> NDArray[np.intp]:
    """Return the index of the first point of each pixel that has points."""
    return np.flatnonzero(np.diff(pixel_indices(at, pixels), prepend=-1))
