"""Compute the Wilson score interval of a proportion."""

from __future__ import annotations

from math import sqrt

import numpy as np

from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["wilson", "wilson_high"]

Z_95 = 1.959963984540054


def wilson(mean: float, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion observed `n` times.

    Parameters
    ----------
    mean : float
        Observed proportion, in [0, 1].
    n : int
        Number of observations, at least 1.
    z : float
        Standard normal quantile; the default gives 95 %.

    Returns
    -------
    tuple of float
        Lower and upper bound, in [0, 1].

    Notes
    -----
    Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical
    inference", JASA 22(158), 209-212. Unlike the normal approximation, the interval stays
    inside [0, 1] and has a positive width at a mean of 0 or 1.

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson(0.94, 100)]
    [0.875, 0.972]
    """
    z2 = z * z
    centre = mean + z2 / (2 * n)
    half = z * sqrt(mean * (1 - mean) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    low = 0.0 if mean == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if mean == 1 else min(1.0, (centre + half) / scale)
    return low, high


def wilson_high(means: Floats, counts: Ints | int, z: float = Z_95) -> Floats:
    """Return the upper bounds of many intervals at once; see `wilson`.

    Parameters
    ----------
    means : ndarray of float, shape (n,)
        Observed proportions, in [0, 1].
    counts : ndarray of int, shape (n,), or int
        Number of observations of each proportion, at least 1.
    z : float
        Standard normal quantile.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> wilson_high(np.array([0.94]), 100).round(3)
    array([0.972])
    """
    z2 = z * z
    half = z * np.sqrt(means * (1 - means) / counts + z2 / (4.0 * counts * counts))
    bounds: Floats = np.minimum(1.0, (means + z2 / (2.0 * counts) + half) / (1 + z2 / counts))
    return bounds
