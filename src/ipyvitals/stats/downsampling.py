"""Fewer points for a line that looks the same: of each pixel, the lowest and the highest."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "breaks", "envelope", "pixels_of", "thin"]

Floats: TypeAlias = NDArray[np.float64]

GAP_STEPS = 8.0
"""A pause of so many usual steps is a gap: nobody was watching."""
NEARBY_STEPS = 4
SHORTEST_GAP_SECONDS = 60.0


def thin(at: Floats, values: Floats, pixels: int) -> NDArray[np.intp]:
    """Return which points to draw, in order.

    Of each pixel those are the lowest and the highest point, and one that is not known (NaN) where
    there is one, so that neither a spike nor a gap is lost; and both ends of the line.

    Parameters
    ----------
    at : array of float, shape (n,)
        Seconds, ascending.
    values : array of float, shape (n,)
        NaN where not known.
    pixels : int
        How wide the line is drawn.

    Returns
    -------
    array of int, shape (m,)
        Places in `values`; all of them when there are not more than two a pixel.

    Examples
    --------
    >>> at = np.arange(1_000.0)
    >>> values = np.zeros(1_000)
    >>> values[501] = 9.0
    >>> shown = thin(at, values, 10)
    >>> len(shown) < 50, float(values[shown].max())
    (True, 9.0)
    """
    n = len(at)
    if n <= 2 * pixels:
        return np.arange(n)
    starts = _starts(at, pixels)
    sizes = np.diff(np.append(starts, n))
    places = np.arange(n)
    unknown = np.isnan(values)
    found = [np.array([0, n - 1])]
    for extreme in (np.fmin, np.fmax):
        reached = np.repeat(extreme.reduceat(values, starts), sizes)
        found.append(np.minimum.reduceat(np.where(values == reached, places, n), starts))
    found.append(np.minimum.reduceat(np.where(unknown, places, n), starts))
    chosen = np.unique(np.concatenate(found))
    return chosen[chosen < n]


def envelope(at: Floats, low: Floats, high: Floats, pixels: int) -> tuple[Floats, Floats, Floats]:
    """Return a band with at most two points a pixel that contains the whole band.

    Parameters
    ----------
    at, low, high : array of float, shape (n,)
        Seconds, ascending, and the two edges; NaN where not known.
    pixels : int
        How wide the band is drawn.

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
    # Both ends of a pixel, lest the band slope from one pixel's middle to the next.
    both = np.column_stack([at[starts], at[ends]]).ravel()
    return both, np.repeat(lowest, 2), np.repeat(highest, 2)


def breaks(at: Floats) -> NDArray[np.intp]:
    """Return the places before which nothing was recorded for unusually long.

    Examples
    --------
    >>> breaks(np.array([0.0, 1.0, 2.0, 3.0, 900.0, 901.0]))
    array([4])
    """
    steps = np.diff(at)
    long = np.flatnonzero(steps > SHORTEST_GAP_SECONDS)
    # Usual is what is usual nearby: what lies far back may be kept by the hour.
    wide = min(2 * NEARBY_STEPS + 1, len(steps))
    firsts = np.clip(long - NEARBY_STEPS, 0, len(steps) - wide)
    usual = np.median(steps[firsts[:, None] + np.arange(wide)], axis=1) if len(long) else 0.0
    return long[steps[long] > GAP_STEPS * usual] + 1


def pixels_of(at: Floats, pixels: int) -> NDArray[np.intp]:
    """Return the pixel that each point falls into, from 0."""
    if len(at) == 0:
        return np.empty(0, dtype=np.intp)
    span = float(at[-1] - at[0])
    if not span > 0:
        return np.zeros(len(at), dtype=np.intp)
    found: NDArray[np.intp] = ((at - at[0]) / span * pixels).astype(np.intp)
    return np.clip(found, 0, pixels - 1)


def _starts(at: Floats, pixels: int) -> NDArray[np.intp]:
    """Return the first point of each pixel that has any."""
    return np.flatnonzero(np.diff(pixels_of(at, pixels), prepend=-1))
