"""Compute quantiles of the gamma distribution."""

from __future__ import annotations

from math import lgamma

import numpy as np

from ipyvitals.stats.seconds import Floats

__all__ = ["gamma_quantile"]

BISECTIONS = 48
"""Each halves the interval that contains the quantile."""
PRECISION = 1e-17
"""Relative size of the first term of the series that is left out."""


def gamma_quantile(alpha: float, shape: Floats) -> Floats:
    """Return the values that gamma variables of scale 1 exceed with probability `alpha`.

    Parameters
    ----------
    alpha : float
        Probability in (0, 1).
    shape : ndarray of float, shape (n,)
        Shape parameters, from 0.01 to 1,000.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> round(2 * float(gamma_quantile(0.01, np.array([4.5]))[0]), 3)  # chi-squared, 9 degrees
    21.666
    """
    scale = np.array([lgamma(a + 1.0) for a in shape.tolist()])
    low = np.zeros(shape.shape)
    high = shape + 40.0 + 12.0 * np.sqrt(shape)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        above = _tail(shape, middle, scale) > alpha
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


def _tail(shape: Floats, x: Floats, log_scale: Floats) -> Floats:
    """Return the probability above `x`: one minus the series of the lower incomplete gamma."""
    term = np.ones(x.shape)
    total = np.ones(x.shape)
    divisor = shape
    while (term > PRECISION * total).any():
        divisor = divisor + 1.0
        term = term * x / divisor
        total = total + term
    result: Floats = 1.0 - np.exp(shape * np.log(x) - x - log_scale) * total
    return result
