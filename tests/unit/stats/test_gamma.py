"""Compare the quantiles of the gamma distribution with SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma

from ipyvitals.stats.gamma import gamma_quantile


@pytest.mark.parametrize("alpha", [0.5, 0.1, 0.01, 1e-3, 1e-6, 1e-9])
def test_the_quantile_is_that_of_scipy(alpha):
    shape = np.array([0.3, 0.5, 1.0, 4.5, 30.0, 100.0])
    assert gamma_quantile(alpha, shape) == pytest.approx(gamma.isf(alpha, shape), rel=1e-6)


def test_a_small_shape_has_its_quantile_near_zero():
    shape = np.array([0.02, 0.05])
    assert gamma_quantile(0.01, shape) == pytest.approx(gamma.isf(0.01, shape), abs=1e-9)
    assert gamma_quantile(0.9, shape) == pytest.approx([0.0, 0.0], abs=1e-9)
