"""Compute the value that the PSI of two samples of one distribution seldom exceeds."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import comb, log

import numpy as np
import numpy.typing as npt

from ipyvitals.stats.drift import SMOOTHING
from ipyvitals.stats.gamma import gamma_quantile
from ipyvitals.stats.seconds import Floats, Ints

__all__ = ["PsiThresholdEstimator"]

MARGIN = 0.5
"""Part of alpha that is used; the rest covers sparse bins, and looks that share most rows."""
SHARES = 48
"""Shares of rows, evenly spaced on a log scale, for which moments are computed."""
CELLS = 1_024
"""Shares, likewise spaced, to which the moments are interpolated."""
POINTS = 128
"""Maximum number of row counts over which an expectation is summed."""
EXACT_FACTORIALS = 256
MAX_TABULATED_ROWS = 65_536
SKEWNESSES: Floats = np.geomspace(0.2, 12.0, 40)


class PsiThresholdEstimator:
    """Compute the value that the PSI exceeds with probability `alpha` without drift.

    Parameters
    ----------
    n, m : int
        Rows of the reference and of the window.
    bins : int
        Maximum number of bins.
    alpha : float
        Probability in (0, 1).

    Notes
    -----
    Without drift, the rows of reference and window together estimate the share of each bin. Given
    that share, the numbers of rows in the bin are nearly independent Poisson variables; the
    expectations of the bin's term of the PSI, of its square and of its cube are sums over them,
    which are tabulated by share. The cumulants of the terms add up. That the sizes of both
    samples are fixed takes away one degree of freedom: with c = 1/n + 1/m, the cumulants of c
    times a chi-squared variable. The threshold is the quantile of the gamma distribution, shifted
    and scaled, that has these three cumulants. Where all bins contain many rows, it is c times the
    quantile of chi-squared with ``bins - 1`` degrees of freedom (Yurdakul, B., 2018, "Statistical
    properties of population stability index", Western Michigan University).

    Examples
    --------
    >>> estimator = PsiThresholdEstimator(1000, 500, 10, 0.01)
    >>> round(float(estimator.get(np.full(10, 100), np.full(10, 50))), 3)
    0.071
    """

    def __init__(self, n: int, m: int, bins: int, alpha: float) -> None:
        self._n, self._m = n, m
        few_rows = n + m <= MAX_TABULATED_ROWS
        self._cells = self._cells_of(np.arange(n + m + 1)) if few_rows else None
        """Cell of each number of rows, unless there are too many rows for a table."""
        self._tables: Floats = np.zeros((3, bins + 1, CELLS + 1))
        """Cumulants of one bin's term, by their order, number of bins in use, and cell."""
        self._tabulated = {0}
        self._alpha = MARGIN * alpha

    def get(self, reference_counts: Ints, counts: Ints) -> Floats:
        """Return the threshold of each pair of histograms.

        Parameters
        ----------
        reference_counts, counts : ndarray of int, shape (..., bins)
            Number of rows in each bin, `n` and `m` in all; leading axes are broadcast.

        Returns
        -------
        ndarray of float, shape (...)
        """
        pooled = reference_counts + counts
        cells = self._cells_of(pooled) if self._cells is None else self._cells[pooled]
        used_bins = np.count_nonzero(cells, axis=-1)
        self._tabulate(set(used_bins.ravel().tolist()))
        cells += used_bins[..., np.newaxis] * (CELLS + 1)
        terms = self._tables.reshape(3, -1).take(cells, axis=1).sum(axis=-1)
        scale = 1 / self._n + 1 / self._m
        mean, variance, third = terms[0] - scale, terms[1], terms[2]
        # Rounding alone is left where one bin contains all rows.
        variance = np.maximum(variance - 2 * scale**2, 0.02 * scale**2)
        skewness = (third - 8 * scale**3) / variance**1.5
        quantile = np.interp(skewness, SKEWNESSES, _standard_quantiles(self._alpha))
        threshold: Floats = np.maximum(mean + np.sqrt(variance) * quantile, 0.1 * scale)
        return threshold

    def _cells_of(self, rows: Ints) -> npt.NDArray[np.intp]:
        """Return the cell of each number of rows; that of no rows is 0, with cumulants of 0."""
        size = self._n + self._m
        lowest = log(0.5 / size)
        position = np.log(np.maximum(rows, 1) / size) * ((1 - CELLS) / lowest) + CELLS
        return np.where(rows > 0, np.rint(position), 0).astype(np.intp)

    def _tabulate(self, used_bins: set[int]) -> None:
        for used in used_bins - self._tabulated:
            self._tables[:, used, 1:] = _bin_cumulants(self._n, self._m, used)
        self._tabulated |= used_bins


@lru_cache(maxsize=16)
def _standard_quantiles(alpha: float) -> Floats:
    """Return the quantile of a gamma variable of mean 0 and variance 1 for each skewness."""
    shape = 4 / SKEWNESSES**2
    quantiles: Floats = (gamma_quantile(alpha, shape) - shape) / np.sqrt(shape)
    return quantiles


@lru_cache(maxsize=256)
def _bin_cumulants(n: int, m: int, used: int) -> Floats:
    """Return three cumulants of the term of a bin for each cell's share, shape (3, CELLS)."""
    logs = np.linspace(log(0.5 / (n + m)), 0.0, SHARES)
    shares = np.exp(logs)
    reference, window = _log_moments(shares, n, used), _log_moments(shares, m, used)
    # The term of a bin with share p is p·(v − u)·(ln(1 + v) − ln(1 + u)).
    moments = [
        shares**r
        * sum(
            (-1) ** (i + j) * comb(r, i) * comb(r, j) * reference[i, j] * window[r - i, r - j]
            for i, j in product(range(r + 1), repeat=2)
        )
        for r in (1, 2, 3)
    ]
    first, second, third = moments
    cumulants = first, second - first**2, third - 3 * first * second + 2 * first**3
    cells = np.linspace(logs[0], 0.0, CELLS)
    return np.stack([np.interp(cells, logs, one) for one in cumulants])


def _log_moments(shares: Floats, rows: int, used: int) -> dict[tuple[int, int], Floats]:
    """Return the expectations of ``u**i * ln(1 + u)**j``.

    ``1 + u`` is the smoothed relative frequency of a bin, divided by its share.
    """
    mean = shares * rows
    deviation = np.sqrt(mean)
    lowest = np.floor(np.maximum(0.0, mean - 7 * deviation - 4))
    step = np.maximum(1.0, np.ceil((15 * deviation + 16) / POINTS))
    counts = lowest[:, np.newaxis] + step[:, np.newaxis] * np.arange(POINTS)
    weights = counts * np.log(mean)[:, np.newaxis] - _log_factorial(counts)
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    ratio = (counts + SMOOTHING) / mean[:, np.newaxis] * (rows / (rows + SMOOTHING * used))
    powers, logs = ratio - 1, np.log(ratio)
    return {
        (i, j): (weights * powers**i * logs**j).sum(axis=1) for i, j in product(range(4), repeat=2)
    }


def _log_factorial(counts: Floats) -> Floats:
    exact = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, EXACT_FACTORIALS)))])
    large = np.maximum(counts, 1.0)
    stirling = large * np.log(large) - large + 0.5 * np.log(2 * np.pi * large) + 1 / (12 * large)
    small = np.minimum(counts, EXACT_FACTORIALS - 1).astype(np.intp)
    return np.where(counts < EXACT_FACTORIALS, exact[small], stirling)
