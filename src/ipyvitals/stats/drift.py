"""Compute the population stability index (PSI)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.seconds import Floats

__all__ = ["SMOOTHING", "psi"]

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
    does not make the index infinite. Bins that are empty on both sides are ignored.

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
