"""Compute regression errors over the last labels."""

from __future__ import annotations

from math import frexp, sqrt

import numpy as np

from ipyvitals.stats.seconds import Floats

__all__ = ["ErrorWindow"]

SMALLEST, LARGEST = 1e-100, 1e100
"""Errors whose squares, and the sums of these, are far from the limits of a float."""


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
        if not self._last.size:
            return None
        errors, scale = _scaled(np.abs(self._last))
        return scale * float(errors.mean())

    @property
    def rmse(self) -> float | None:
        """Root mean squared error, in the unit of the target; ``None`` without labels."""
        if not self._last.size:
            return None
        errors, scale = _scaled(np.abs(self._last))
        return scale * sqrt(float(np.square(errors).mean()))


def _scaled(errors: Floats) -> tuple[Floats, float]:
    """Return errors divided by a power of two, and that power; usual errors are not divided.

    The squares of the quotients neither overflow nor underflow.
    """
    largest = float(errors.max())
    if largest == 0.0 or SMALLEST < largest < LARGEST:
        return errors, 1.0
    scale = 2.0 ** (frexp(largest)[1] - 1)
    return errors / scale, scale
