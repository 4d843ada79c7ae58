"""Thresholds: what they take, and what they refuse."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.health import Thresholds

RATIOS = ("accuracy", "baseline_drop", "error_rate", "recovery_margin")
SECONDS = ("latency_p95", "idle", "stall")
PERCENTS = ("cpu", "memory", "disk", "gpu_memory", "shared_memory", "open_files", "critical")
COUNTS = ("min_labels", "label_hold", "min_calls", "look_hold")
NUMBERS = (*RATIOS, *SECONDS, *PERCENTS)


def test_these_are_all():
    names = {*NUMBERS, *COUNTS, "policy", "drift", "not_finite"}
    assert names == set(Thresholds.__struct_fields__)


@pytest.mark.parametrize("name", NUMBERS)
def test_each_may_be_off_and_at_both_ends_of_its_range(name):
    top = 1 if name in RATIOS else 100
    off = () if name == "recovery_margin" else (None,)
    for value in (*off, 0, top, 0.5, np.float64(0.5)):
        assert getattr(Thresholds(**{name: value}), name) == value


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_whole_numbers_from_one_on(name):
    for value in (1, 20, 20.0, np.int64(20), np.float32(20)):
        assert getattr(Thresholds(**{name: value}), name) == value
    for value in (0, -1, 0.5, 1.5, float("nan"), float("inf")):
        with pytest.raises(ArgumentValueError, match=rf"\({name}=…\): expected a whole number, 1"):
            Thresholds(**{name: value})


@pytest.mark.parametrize("name", ["recovery_margin", *COUNTS])
def test_what_a_verdict_rests_on_cannot_be_off(name):
    with pytest.raises(ArgumentTypeError, match=rf"\({name}=…\): expected a number, got None"):
        Thresholds(**{name: None})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), 1e9])
def test_out_of_range_is_an_error_that_names_it(name, value):
    if name in SECONDS and value == 1e9:
        assert getattr(Thresholds(**{name: value}), name) == value
        return
    with pytest.raises(ArgumentValueError, match=rf"Thresholds\({name}=…\): expected a value"):
        Thresholds(**{name: value})


@pytest.mark.parametrize("value", ["0.8", True, [0.8], 1j])
def test_what_is_no_number_is_an_error(value):
    with pytest.raises(ArgumentTypeError, match="expected a number or None, got"):
        Thresholds(accuracy=value)


def test_percent_in_place_of_a_ratio_gets_a_hint():
    with pytest.raises(ArgumentValueError, match=r"from 0 to 1, got 85\. Do you mean 0\.85\?"):
        Thresholds(accuracy=85)


@pytest.mark.parametrize("policy", ["sure", None, 1, ["confident"]])
def test_an_unknown_policy_is_an_error_that_names_the_two(policy):
    with pytest.raises(ArgumentValueError, match="expected 'threshold' or 'confident'"):
        Thresholds(policy=policy)


@pytest.mark.parametrize("drift", [1, None, "yes", 0.01])
def test_drift_is_a_yes_or_no(drift):
    with pytest.raises(ArgumentTypeError, match="expected True or False"):
        Thresholds(drift=drift)


def test_unknown_names_are_an_error():
    with pytest.raises(TypeError, match="acuracy"):
        Thresholds(acuracy=0.8)


def test_they_cannot_be_changed():
    with pytest.raises(AttributeError):
        Thresholds().accuracy = 0.5


def test_whatever_kind_of_number_comes_a_plain_one_is_kept():
    # What is in an event or a section goes onto wires that know no others.
    told = Thresholds(accuracy=np.float32(0.5), error_rate=Fraction(1, 4), cpu=90, look_hold=2.0)
    kept = (told.accuracy, told.error_rate, told.cpu, told.look_hold)
    assert kept == (0.5, 0.25, 90.0, 2)
    assert [type(value) for value in kept] == [float, float, float, int]
