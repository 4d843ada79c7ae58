"""Errors can be caught by our root and by Python's own types."""

from __future__ import annotations

import pytest

import ipyvitals
from ipyvitals import errors
from ipyvitals.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    ClosedMonitorWarning,
    ForkedMonitorWarning,
    IpyvitalsError,
    IpyvitalsWarning,
    LabelTypeWarning,
    MetricWarning,
    UnknownModelError,
)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ArgumentValueError, ValueError),
        (ArgumentTypeError, TypeError),
        (UnknownModelError, ValueError),
    ],
)
def test_bad_arguments_are_also_the_builtin_error(error, builtin):
    for kind in (builtin, IpyvitalsError):
        with pytest.raises(kind, match="expected"):
            raise error("expected something else")


def test_an_unknown_model_is_a_bad_value():
    assert issubclass(UnknownModelError, ArgumentValueError)


@pytest.mark.parametrize(
    "warning", [ClosedMonitorWarning, ForkedMonitorWarning, LabelTypeWarning, MetricWarning]
)
def test_our_warnings_can_be_filtered_as_one(warning):
    assert issubclass(warning, IpyvitalsWarning)
    assert issubclass(IpyvitalsWarning, UserWarning)


def test_every_public_name_is_there_in_order_and_in_the_tree():
    own = [name for name, one in vars(errors).items() if isinstance(one, type)]
    assert errors.__all__ == sorted(own)
    assert set(own) <= set(ipyvitals.__all__)
    for name in errors.__all__:
        assert isinstance(getattr(errors, name), type)
        assert name in errors.__doc__
