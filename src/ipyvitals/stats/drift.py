"""Compute the population stability index (PSI), and its quantiles in the absence of drift."""

from __future__ import annotations

from functools import lru_cache
from math import erfc, exp, gamma, sqrt

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["chi2_quantile", "psi", "psi_threshold", "used_bins"]

SMOOTHING = 0.5
"""Rows added to each bin."""


def psi(reference_counts: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """Return the population stability index of two histograms over the same bins.

    Parameters
    ----------
    reference_counts, counts : array_like, shape (..., bins)
        Number of rows in each bin; leading axes are broadcast.

    Returns
    -------
    ndarray of float, shape (...)
        Sum of ``(p - q) * ln(p / q)`` over the bins, 0 or more; `p` are the relative
        frequencies of `counts`, `q` those of `reference_counts`.

    Notes
    -----
    Half a row is added to each bin, the prior of Jeffreys (Krichevsky and Trofimov, 1981, "The
    performance of universal encoding", IEEE Trans. Inf. Theory 27(2)), so that an empty bin
    does not make the index infinite. Bins that are empty on both sides are ignored. Of the
    usual corrections, this one matches `psi_threshold`: with 10 bins and 100 rows, filling only
    the empty bins doubles the false alarm rate, and adding a whole row halves it.

    Examples
    --------
    >>> round(float(psi([50, 50, 0], [70, 30, 0])), 3)
    0.166
    """
    reference, current = np.asarray(reference_counts), np.asarray(counts)
    used = reference + current > 0
    added = SMOOTHING * np.maximum(used.sum(axis=-1, keepdims=True), 1)
    q = (reference + SMOOTHING) / (reference.sum(axis=-1, keepdims=True) + added)
    p = (current + SMOOTHING) / (current.sum(axis=-1, keepdims=True) + added)
    total: Floats = ((p - q) * np.log(p / q) * used).sum(axis=-1)
    return total


def used_bins(reference_counts: npt.ArrayLike, counts: npt.ArrayLike) -> Ints:
    """Return the number of bins that `psi` uses, shape (...): those with a row on either side."""
    used: Ints = (np.add(reference_counts, counts) > 0).sum(axis=-1)
    return used


def psi_threshold(n: int, m: int, bins: int, alpha: float = 0.01) -> float:
    """Return the value that `psi` exceeds with probability `alpha` in the absence of drift.

    Parameters
    ----------
    n, m : int
        Rows of the reference and of the window.
    bins : int
        Number of bins with a row on either side, see `used_bins`.
    alpha : float
        Probability in (0, 1).

    Returns
    -------
    float
        ``(1 / n + 1 / m)`` times the quantile of the chi-squared distribution with
        ``bins - 1`` degrees of freedom that is exceeded with probability `alpha`.

    Notes
    -----
    Yurdakul, B. (2018), "Statistical properties of population stability index", Western
    Michigan University: the index of two samples of one distribution follows that distribution.

    Examples
    --------
    >>> round(psi_threshold(1000, 500, 10), 3), round(psi_threshold(1000, 100, 10), 3)
    (0.065, 0.238)
    """
    return (1 / n + 1 / m) * chi2_quantile(alpha, max(1, bins - 1))


@lru_cache(maxsize=1024)
def chi2_quantile(alpha: float, df: int) -> float:
    """Return the value that a chi-squared variable exceeds with probability `alpha`.

    Parameters
    ----------
    alpha : float
        Probability in (0, 1).
    df : int
        Degrees of freedom.

    Examples
    --------
    >>> round(chi2_quantile(0.01, 9), 3)
    21.666
    """
    low, high = 0.0, 2.0 * df
    while _chi2_tail(high, df) > alpha:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if _chi2_tail(middle, df) > alpha:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _chi2_tail(x: float, df: int) -> float:
    """Return the probability above `x`, by the closed-form recurrence in steps of two degrees."""
    half = x / 2
    a = 0.5 if df % 2 else 1.0
    tail = erfc(sqrt(half)) if df % 2 else exp(-half)
    term = half**a * exp(-half) / gamma(a + 1)
    while a < df / 2:
        tail += term
        a += 1
        term *= half / a
    return tail
