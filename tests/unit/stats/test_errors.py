"""Compare the error window with NumPy over the end of a list."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.stats.errors import ErrorWindow

RESIDUALS = st.lists(st.floats(-1e6, 1e6), max_size=20)


def test_without_labels_nothing_is_known():
    window = ErrorWindow(100)
    assert (window.mae, window.rmse) == (None, None)
    window.update(np.array([]))
    assert (window.mae, window.rmse) == (None, None)


@given(size=st.integers(1, 12), chunks=st.lists(RESIDUALS, max_size=8))
def test_it_is_the_error_of_the_last_labels_in_whatever_batches_they_come(size, chunks):
    window, seen = ErrorWindow(size), []
    for chunk in chunks:
        window.update(np.array(chunk, dtype=float))
        seen += chunk
        last = np.array(seen[-size:])
        if seen:
            assert window.mae == np.abs(last).mean()
            assert window.rmse == pytest.approx(math.hypot(*last) / math.sqrt(last.size), rel=1e-14)


def test_a_single_far_off_prediction_weighs_more_in_the_squared_error():
    window = ErrorWindow(100)
    window.update(np.array([0.0] * 99 + [100.0]))
    assert (window.mae, window.rmse) == (1.0, pytest.approx(10.0))


def test_the_window_copies_its_input():
    residuals, window = np.array([1.0, 1.0]), ErrorWindow(2)
    window.update(residuals)
    residuals[:] = 9.0
    assert window.mae == 1.0


@pytest.mark.parametrize("error", [1e-200, 1e-320, 1e200, 1.7e308])
def test_errors_whose_squares_are_no_floats_have_a_mean_all_the_same(error):
    window = ErrorWindow(3)
    window.update(np.array([error, -error, error]))
    assert window.mae == pytest.approx(error, rel=1e-15)
    assert window.rmse == pytest.approx(error, rel=1e-15)
