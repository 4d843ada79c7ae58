"""Arguments of users are accepted, or rejected with a helpful message."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.utils.clock import FakeClock, SystemClock
from ipyvitals.utils.validation import (
    as_rows,
    check_clock,
    check_count,
    check_hashable,
    check_latency,
    check_ratio,
    check_seconds,
    check_text,
    model_facts,
    model_id_of,
    unix_seconds,
)

NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize("value", [0, 0.004, 1, np.float32(0.5), np.int64(2), np.array(0.1)])
def test_a_latency_is_any_number_of_seconds(value):
    latency = check_latency(value)
    assert type(latency) is float
    assert latency == float(value)


@pytest.mark.parametrize("value", [-0.001, NAN, INF, -INF, np.float64("nan")])
def test_a_latency_that_cannot_be_is_refused(value):
    with pytest.raises(ArgumentValueError, match=r"latency=.*expected finite seconds, 0 or more"):
        check_latency(value)


@pytest.mark.parametrize("value", ["fast", "0.5", b"1", [0.1], 1j, timedelta(seconds=1)])
def test_a_latency_that_is_no_number_is_refused(value):
    with pytest.raises(ArgumentTypeError, match=r"latency=.*expected seconds as a number, or None"):
        check_latency(value)


@pytest.mark.parametrize("id", ["a", 7, (1, "b"), np.int64(3), frozenset({1})])
def test_what_can_be_looked_up_is_an_id(id):
    assert check_hashable("id", id) is id


@pytest.mark.parametrize("id", [[1], {}, {1}, np.array([1]), ([1], 2)])
def test_what_cannot_be_looked_up_is_refused(id):
    with pytest.raises(ArgumentTypeError, match=r"id=.*expected something hashable"):
        check_hashable("id", id)


@pytest.mark.parametrize("value", [0.1, 5, np.float32(0.5), np.int64(2)])
def test_a_length_of_time(value):
    seconds = check_seconds("interval", value, 0.1)
    assert type(seconds) is float
    assert seconds == float(value)


@pytest.mark.parametrize("value", [0, 0.099, -5, NAN, INF])
def test_a_length_of_time_out_of_range(value):
    with pytest.raises(ArgumentValueError, match=r"interval=.*expected 0\.1 s or more"):
        check_seconds("interval", value, 0.1)


@pytest.mark.parametrize("value", ["5", True, None, timedelta(seconds=5), 1j, np.complex64(1)])
def test_a_length_of_time_that_is_no_number(value):
    with pytest.raises(ArgumentTypeError, match=r"interval=.*expected seconds as a number"):
        check_seconds("interval", value, 0.1)


def test_a_count_is_a_whole_number_from_one_on():
    assert [check_count("window", value) for value in (1, 100, np.int32(7))] == [1, 100, 7]
    assert type(check_count("window", np.int32(7))) is int
    for value in (0, -1):
        with pytest.raises(ArgumentValueError, match=r"window=.*expected 1 or more"):
            check_count("window", value)
    for value in (1.0, "7", True, None):
        with pytest.raises(ArgumentTypeError, match=r"window=.*expected a whole number"):
            check_count("window", value)


def test_a_ratio_lies_between_zero_and_one():
    for value in (0, 1, 0.5, np.float32(0.25)):
        assert check_ratio("baseline_accuracy", value) == value
    for value in (-0.1, 1.1, 85, NAN):
        with pytest.raises(ArgumentValueError, match=r"baseline_accuracy=.*from 0 to 1"):
            check_ratio("baseline_accuracy", value)
    for value in ("0.9", True, None, [0.5], np.complex64(0.5)):
        with pytest.raises(ArgumentTypeError, match=r"baseline_accuracy=.*from 0 to 1"):
            check_ratio("baseline_accuracy", value)


def test_a_text_has_something_in_it():
    assert check_text("name", "fraud ✓") == "fraud ✓"
    # Only str itself can be serialised; numpy.str_ cannot.
    assert type(check_text("name", np.str_("fraud"))) is str
    for value in ("", "  \n"):
        with pytest.raises(ArgumentValueError, match=r"name=.*got an empty string"):
            check_text("name", value)
    for value in (b"fraud", 7, None):
        with pytest.raises(ArgumentTypeError, match=r"name=.*expected a string, got"):
            check_text("name", value)


def test_a_clock_has_both_times():
    for clock in (FakeClock(), SystemClock()):
        assert check_clock(clock) is clock
    with pytest.raises(ArgumentTypeError, match=r"it has no monotonic\(\)"):
        check_clock(datetime.now(UTC))


class Estimator:
    """Model object, as in machine learning libraries."""


def test_a_model_is_named_by_its_name_or_its_type():
    assert model_facts("churn", 2.1, None) == {
        "name": "churn",
        "version": "2.1",
        "trained_at": None,
    }
    assert model_facts(Estimator(), None, 5)["name"] == "Estimator"
    assert model_facts(Estimator, None, None)["name"] == "Estimator"
    assert model_facts("churn", None, 5)["trained_at"] == 5.0
    with pytest.raises(ArgumentTypeError, match="expected a name, or the model itself"):
        model_facts(None, None, None)
    with pytest.raises(ArgumentValueError, match="got an empty string"):
        model_facts(" ", None, None)


def test_an_id_is_made_of_name_and_version():
    assert model_id_of(model_facts("churn", "2.1", None)) == "churn-2.1"
    assert model_id_of(model_facts("churn", None, None)) == "churn"


NOON = 1_777_636_800.0


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        int(NOON),
        np.float64(NOON),
        datetime(2026, 5, 1, 12, tzinfo=UTC),
        datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))),
        "2026-05-01T12:00:00+00:00",
        "2026-05-01T12:00:00Z",
        pd.Timestamp("2026-05-01T12:00", tz="UTC"),
    ],
    ids=repr,
)
def test_a_moment_may_be_given_in_many_ways(moment):
    assert unix_seconds("trained_at", moment) == NOON


@pytest.fixture
def rome(monkeypatch):
    """Set the local time zone to Rome, two hours ahead of UTC on the day of these tests."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system's zone cannot be set")
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 5, 1, 14),  # noqa: DTZ001
        "2026-05-01T14:00",
        pd.Timestamp("2026-05-01T14:00"),
        np.datetime64("2026-05-01T14:00"),
        np.datetime64("2026-05-01T14:00:00.000000000"),
        np.array("2026-05-01T14:00", dtype="datetime64[s]"),
    ],
    ids=repr,
)
def test_a_moment_without_a_zone_is_in_local_time(rome, moment):
    assert unix_seconds("trained_at", moment) == NOON


@pytest.mark.parametrize(
    "day", ["2026-05-01", np.datetime64("2026-05-01"), np.datetime64("2026-05")], ids=repr
)
def test_a_date_is_its_local_midnight(rome, day):
    assert unix_seconds("trained_at", day) == NOON - 14 * 3_600


@pytest.mark.parametrize(
    "moment", [NOON * 1_000, int(NOON) * 10**9, 1e300, np.datetime64(10**18, "s")], ids=repr
)
def test_a_moment_beyond_the_calendar_is_refused(moment):
    with pytest.raises(ArgumentValueError, match="a moment of the years 1 to 9999"):
        unix_seconds("trained_at", moment)


def test_milliseconds_are_named_as_the_likely_cause():
    with pytest.raises(ArgumentValueError, match="looks like milliseconds: divide it by 1,000"):
        unix_seconds("trained_at", NOON * 1_000)


def test_no_moment_stays_unknown():
    assert unix_seconds("trained_at", None) is None


@pytest.mark.parametrize("moment", ["yesterday", NAN, INF, np.datetime64("NaT", "s")])
def test_a_moment_that_never_was_is_refused(moment):
    with pytest.raises(ArgumentValueError, match=r"trained_at=.*expected a"):
        unix_seconds("trained_at", moment)


@pytest.mark.parametrize("moment", [date(2026, 5, 1), [1], object(), pd.NaT, True])
def test_what_is_no_moment_is_refused(moment):
    with pytest.raises((ArgumentTypeError, ArgumentValueError), match=r"trained_at=.*expected a"):
        unix_seconds("trained_at", moment)


@pytest.mark.parametrize(
    "values",
    [
        [1, "a", None],
        (1, "a", None),
        (value for value in (1, "a", None)),
        pd.Series([1, "a", None], dtype=object),
        np.array([1, "a", None], dtype=object),
    ],
    ids=lambda values: type(values).__name__,
)
def test_rows_keep_their_values_as_they_are(values):
    assert list(as_rows("predictions", values)) == [1, "a", None]


def test_arrays_and_series_become_arrays():
    for values in (np.arange(3), pd.Series([0, 1, 2]), pd.Index([0, 1, 2]), pd.array([0, 1, 2])):
        rows = as_rows("predictions", values)
        assert isinstance(rows, np.ndarray)
        assert rows.tolist() == [0, 1, 2]


def test_no_rows_are_no_error():
    assert len(as_rows("predictions", [])) == len(as_rows("predictions", np.array([]))) == 0


@pytest.mark.parametrize("values", ["abc", b"abc", 7, None, {"a": 1}, Counter("ab"), object()])
def test_what_has_no_rows_is_refused(values):
    with pytest.raises(ArgumentTypeError, match=r"predictions: expected an array, a list or"):
        as_rows("predictions", values)


@pytest.mark.parametrize("values", [np.zeros((3, 2)), pd.DataFrame({"a": [1]}), np.array(1.0)])
def test_what_is_no_single_column_is_refused_with_a_remedy(values):
    with pytest.raises(ArgumentValueError, match=r"got shape \(.*\.argmax\(axis=1\)"):
        as_rows("predictions", values)


def test_what_refuses_to_become_an_array_says_why():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("call .detach() first")

    with pytest.raises(ArgumentTypeError, match=r"Tensor does not .*call \.detach\(\) first"):
        as_rows("predictions", Tensor())
