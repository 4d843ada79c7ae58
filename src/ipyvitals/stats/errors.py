"""Compute regression errors over the last labels."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from ipyvitals.stats.seconds import Floats

__all__ = ["ErrorWindow"]


class ErrorWindow:
    """Compute the mean absolute and root mean squared error of the last `size` labels.

    Parameters
    ----------
    size : int
        Number of labels.

    Examples
    --------
    >>> window = ErrorWindow(2)
    >>> window.update(np.array([100.0, 3.0, -4.0]))
    >>> window.mae, round(window.rmse, 3)
    (3.5, 3.536)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._last: Floats = np.empty(0)

    def update(self, residuals: Floats) -> None:
        """Add residuals (prediction minus label), shape (n,), finite, oldest first."""
        self._last = np.concatenate([self._last, residuals])[-self.size :]

    @property
    def residuals(self) -> Floats:
        """Residuals in the window, oldest first; read-only by convention."""
        return self._last

    def prepend(self, older: Floats) -> None:
        """Insert older residuals before those in the window, as far as there is room."""
        self._last = np.concatenate([older, self._last])[-self.size :]

    @property
    def mae(self) -> float | None:
        """Mean absolute error, in the unit of the target; ``None`` without labels."""
        return _mean(np.abs(self._last)) if self._last.size else None

    @property
    def rmse(self) -> float | None:
        """Root mean squared error, in the unit of the target; ``None`` without labels."""
        if not self._last.size:
            return None
        with np.errstate(over="ignore"):
            mean = _mean(np.square(self._last))
        return None if mean is None else sqrt(mean)


def _mean(errors: Floats) -> float | None:
    """Return the mean, or ``None`` on overflow, since JSON cannot represent infinity."""
    with np.errstate(over="ignore"):
        mean = float(errors.mean())
    return mean if isfinite(mean) else None
