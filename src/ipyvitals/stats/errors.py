"""How far the last predictions of a number were off."""

from __future__ import annotations

import numpy as np

from ipyvitals.stats.seconds import Floats

__all__ = ["ErrorWindow"]


class ErrorWindow:
    """Mean absolute and root mean squared error of the last `size` labels.

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
        """Add differences of prediction and truth, shape (n,), finite, oldest first."""
        self._last = np.concatenate([self._last, residuals])[-self.size :]

    @property
    def mae(self) -> float | None:
        """Mean absolute error, in the unit of the target; ``None`` without labels."""
        return float(np.abs(self._last).mean()) if self._last.size else None

    @property
    def rmse(self) -> float | None:
        """Root mean squared error, in the unit of the target; ``None`` without labels."""
        return float(np.sqrt(np.square(self._last).mean())) if self._last.size else None
