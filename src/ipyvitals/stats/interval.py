"""The Wilson score interval of a proportion."""

from __future__ import annotations

from math import sqrt

__all__ = ["wilson"]

Z_95 = 1.959963984540054


def wilson(mean: float, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the interval in which the true proportion lies, given `n` observations.

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
    inference", JASA 22(158), 209-212. Unlike the normal approximation it stays inside [0, 1]
    and has width at a mean of 0 or 1.

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
