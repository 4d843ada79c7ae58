"""Numbers that users log, in the forms in which frameworks have them."""

from __future__ import annotations

import gc
import math
import threading
import weakref
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from ipyvitals.training.metric_values import read_deferred, take_value


class GpuTensor:
    """Stands in for a tensor on a GPU; knows where and how often it was read."""

    is_cuda = True

    def __init__(self, value, reads=None):
        self.value = value
        self.reads = [] if reads is None else reads
        self.graph = object()

    def detach(self):
        tensor = GpuTensor(self.value, self.reads)
        tensor.graph = None
        return tensor

    def item(self):
        if isinstance(self.value, list):
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        self.reads.append(threading.get_ident())
        return self.value

    def tolist(self):
        self.reads.append(threading.get_ident())
        return self.value

    def __float__(self):
        return float(self.item())

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


class CpuTensor:
    """Stands in for a tensor on the CPU that needs a gradient, which float() warns of."""

    def __init__(self, value, needs_gradient=True):
        self.device = "cpu"
        self.value, self.needs_gradient = value, needs_gradient

    def detach(self):
        return CpuTensor(self.value, needs_gradient=False)

    def __float__(self):
        raise AssertionError("converting a tensor with requires_grad=True to a scalar")

    def __array__(self, dtype=None, copy=None):
        if self.needs_gradient:
            raise RuntimeError("call .detach() first")
        return np.array(self.value, dtype=dtype)


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        np.float32(0.5),
        np.array(0.5),
        np.array([0.5]),
        np.array([[0.5]]),
        pd.Series([0.5]),
        Decimal("0.5"),
        Fraction(1, 2),
        CpuTensor(0.5),
        CpuTensor([0.5]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_number_in_any_form_is_taken(value):
    taken = take_value(value)

    assert taken == 0.5
    assert type(taken) is float


@pytest.mark.parametrize("value", [None, pd.NA, pd.NaT, np.ma.masked, Decimal("sNaN")])
def test_what_stands_for_no_value_is_unknown(value):
    assert take_value(value) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, np.float32("nan"), np.array([np.inf])])
def test_what_is_not_finite_is_a_number_still(value):
    assert not math.isfinite(take_value(value))


@pytest.mark.parametrize(
    "value",
    ["low", "0.5", b"1", [1e-3, 1e-4], (1,), {"loss": 1}, np.array([1.0, 2.0]), [], object(), 1j],
)
def test_what_is_no_number_raises_for_the_caller_to_tell(value):
    with pytest.raises((TypeError, ValueError)):
        take_value(value)


def test_an_integer_beyond_all_floats_raises_too():
    with pytest.raises(OverflowError):
        take_value(10**400)


def test_a_value_is_that_of_the_call():
    buffer = np.zeros(())
    taken = take_value(buffer)
    buffer[...] = 1.0

    assert taken == 0.0


def test_a_number_on_a_gpu_is_read_later_once_and_on_that_thread():
    tensor = GpuTensor(0.25)
    deferred = take_value(tensor)
    assert tensor.reads == []

    found = []
    thread = threading.Thread(target=lambda: found.extend([deferred.read(), deferred.read()]))
    thread.start()
    thread.join()
    assert found == [0.25, 0.25]
    assert len(tensor.reads) == 1
    assert tensor.reads != [threading.get_ident()]


def test_neither_the_tensor_nor_its_graph_lives_on():
    tensor = GpuTensor(0.25)
    deferred, alive = take_value(tensor), weakref.ref(tensor)
    del tensor
    gc.collect()

    assert alive() is None
    assert deferred.read() == 0.25


def test_several_numbers_on_a_gpu_raise_when_they_are_read():
    deferred = take_value(GpuTensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="one number, got an array of 2"):
        deferred.read()


def reported(*values):
    """Return reports of numbers on a GPU, by name or by number."""
    return [("a", {"loss": take_value(GpuTensor(value))}) for value in values]


def test_numbers_on_a_gpu_are_read_in_their_place():
    reports = [("a", {"loss": take_value(GpuTensor(1.0)), "lr": 0.1}), *reported(2.0)]

    assert read_deferred(reports) == []
    assert reports == [("a", {"loss": 1.0, "lr": 0.1}), ("a", {"loss": 2.0})]


def test_of_a_gpu_that_is_behind_the_newest_number_of_each_metric_is_read():
    reports = [*reported(1.0, 2.0), ("b", {"loss": take_value(GpuTensor(3.0))}), *reported(4.0)]

    read_deferred(reports, seconds=0.0)
    assert [values for _, values in reports] == [{}, {}, {"loss": 3.0}, {"loss": 4.0}]


def test_a_number_that_cannot_be_read_is_removed_and_named():
    reports = reported([1.0, 2.0], 3.0)

    [(name, error)] = read_deferred(reports)
    assert (name, type(error)) == ("loss", TypeError)
    assert [values for _, values in reports] == [{}, {"loss": 3.0}]
