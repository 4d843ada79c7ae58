"""Smooth a noisy line: the mean of what is near, in which a spike leaves no tail."""

from __future__ import annotations

import numpy as np

from ipyvitals.stats.downsampling import Floats

__all__ = ["near_mean", "without_spikes", "zigzags"]

MIN_POINTS = 60
TURNING_SHARE = 1 / 3
"""A line is smoothed from this number of points on, of which this share are turning points."""
SPAN = 3
"""Neighbours on each side of a value that decide whether the value is a spike."""
SCALE, LIMIT = 1.4826, 5.0
"""A spike is this many median deviations off, scaled to the standard deviation of normal noise."""


def zigzags(values: Floats) -> bool:
    """Return whether a line zigzags as noise does: two of three points of noise are turning points.

    Examples
    --------
    >>> zigzags(np.arange(100.0)), zigzags(np.arange(100.0) % 2)
    (False, True)
    """
    known = values[np.isfinite(values)]
    moves = np.sign(np.diff(known))
    moves = moves[moves != 0]
    turns = np.count_nonzero(moves[1:] != moves[:-1])
    return len(known) >= MIN_POINTS and bool(turns >= len(known) * TURNING_SHARE)


def without_spikes(values: Floats) -> Floats:
    """Return finite values in which a spike is replaced by the median of its neighbours.

    Examples
    --------
    >>> without_spikes(np.array([1.0, 2.0, 1.0, 90.0, 2.0, 1.0, 2.0])).tolist()[3]
    2.0
    """
    padded = np.pad(values, SPAN, constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * SPAN + 1)
    middle = np.nanmedian(near, axis=1)
    limit = LIMIT * SCALE * np.nanmedian(np.abs(near - middle[:, None]), axis=1)
    return np.where(np.abs(values - middle) > limit, middle, values)


def near_mean(x: Floats, values: Floats, weights: Floats, half: float) -> Floats:
    """Return the mean of what is near: a value that is `half` away on the axis counts half.

    Parameters
    ----------
    x : array of float, shape (n,)
        Ascending.
    values, weights : array of float, shape (n,)
        Finite values, and how much each counts.
    half : float
        Distance on the axis.

    Examples
    --------
    >>> near_mean(np.array([0.0, 4.0]), np.array([0.0, 3.0]), np.ones(2), 4.0).tolist()
    [1.0, 2.0]
    """
    fades = 2.0 ** (-np.diff(x) / half)
    own = weights * values
    sums, sizes = own.copy(), weights.astype(float)
    for forward in (True, False):
        order = range(1, len(x)) if forward else range(len(x) - 2, -1, -1)
        behind = -1 if forward else 1
        total = size = 0.0
        for at in order:
            fade = fades[at - 1 if forward else at]
            total = (total + own[at + behind]) * fade
            size = (size + weights[at + behind]) * fade
            sums[at] += total
            sizes[at] += size
    smooth: Floats = sums / sizes
    return smooth
