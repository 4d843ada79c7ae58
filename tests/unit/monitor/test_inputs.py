"""What people really hand in: missing truths, buffers, probabilities, other kinds, other units."""

from __future__ import annotations

import gc
import threading
import uuid
import weakref
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum

import numpy as np
import pandas as pd
import pytest

from ipyvitals import Drift, LabelTypeWarning, Monitor
from ipyvitals.models import registry

MISSING = [
    None,
    float("nan"),
    np.float32("nan"),
    np.array([np.nan]),
    pd.NA,
    pd.NaT,
    np.datetime64("NaT"),
    np.ma.masked,
    Decimal("NaN"),
    Decimal("sNaN"),
]


class Tensor:
    """Stands in for a tensor on the CPU: equal and hashed by identity, changed in place."""

    def __init__(self, value):
        self.array = np.array(value)

    @property
    def shape(self):
        return self.array.shape

    def __array__(self, dtype=None, copy=None):
        return self.array


class GpuTensor:
    """Stands in for a tensor on a GPU; knows on which threads it was read."""

    def __init__(self, value, reads):
        self.value, self.reads = value, reads
        self.device = type("device", (), {"type": "cuda"})()

    def detach(self):
        return self

    def clone(self):
        return GpuTensor(self.value, self.reads)

    def item(self):
        self.reads.append(threading.get_ident())
        return self.value

    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


def counts(monitor):
    """Return accuracy, labels counted, missing, mismatched and pending ones."""
    snapshot = monitor.snapshot()
    labels = snapshot.labels
    return (
        snapshot.metrics.current_accuracy,
        snapshot.metrics.total_labelled,
        labels.missing,
        labels.mismatched,
        labels.pending,
    )


class TestMissingTruths:
    @pytest.mark.parametrize(
        "truths",
        [
            [1, 0, None, None],
            [1, 0, float("nan"), pd.NA],
            pd.Series([1, 0, pd.NA, pd.NA], dtype="Int64"),
            np.array([1.0, 0.0, np.nan, np.nan]),
            np.ma.array([1, 0, 1, 0], mask=[0, 0, 1, 1]),
            [Decimal(1), Decimal(0), Decimal("NaN"), None],
        ],
        ids=lambda truths: type(truths).__name__,
    )
    def test_in_a_batch_they_are_no_evidence(self, monitor, truths):
        monitor.record_batch([1, 0, 1, 0], truths)

        assert counts(monitor) == (1.0, 2, 2, 0, 0)
        assert monitor.snapshot().metrics.total_predictions == 4

    def test_of_strings_and_moments_too(self, monitor):
        monitor.record_batch(["a", "b"], pd.Series(["a", None]))
        days = pd.to_datetime(["2026-01-01", "2026-01-02"])
        monitor.record_batch(days, pd.to_datetime(["2026-01-01", None]))

        assert counts(monitor) == (1.0, 2, 2, 0, 0)

    def test_rows_of_a_batch_wait_for_theirs(self, monitor):
        monitor.record_batch([1, 0, 1], [1, None, None], ids=["a", "b", "c"])
        assert counts(monitor) == (1.0, 1, 2, 0, 2)
        monitor.label_batch(["b", "c"], [0, 1])

        assert counts(monitor) == (1.0, 3, 2, 0, 0)

    @pytest.mark.parametrize("missing", MISSING, ids=repr)
    def test_one_counts_as_missing_and_uses_up_no_id(self, monitor, missing):
        monitor.record(1, missing)
        monitor.record(1, missing, id="a")
        monitor.label("a", missing)
        assert counts(monitor) == (None, 0, 3, 0, 1)
        monitor.label("a", 1)

        assert counts(monitor) == (1.0, 1, 3, 0, 0)
        assert monitor.snapshot().notices == []

    def test_labels_of_yesterday_may_be_handed_in_again(self, monitor):
        ids = monitor.record_batch([1, 0, 1], ids=True)
        monitor.label_batch(ids, [1, float("nan"), float("nan")])
        monitor.snapshot()
        monitor.label_batch(ids[1:], [0, 1])

        assert counts(monitor) == (1.0, 3, 2, 0, 0)

    def test_none_is_a_label_once_it_was_predicted(self, monitor):
        monitor.record(1, None)
        monitor.record(None, None)
        monitor.record(1, None)
        monitor.record(1, id="a")
        monitor.label("a", None)
        assert counts(monitor) == (1 / 3, 3, 1, 0, 0)
        monitor.record_batch([None, 1], [None, 1])

        assert counts(monitor) == (0.5, 4, 2, 0, 0)

    def test_a_score_of_the_users_is_not_asked_about_them(self, make):
        asked = []
        monitor = make(score=lambda prediction, actual: asked.append(actual) or 1.0)
        monitor.record(1, float("nan"))
        monitor.record_batch([1, 1], [None, 5])

        assert counts(monitor) == (1.0, 1, 2, 0, 0)
        assert asked == [5]

    def test_in_a_regression_they_are_no_bad_numbers(self, make, notice):
        monitor = make(task="regression", tolerance=1)
        monitor.record(1.0, float("nan"))
        monitor.record_batch(np.array([1.0, 2.0]), np.array([1.0, np.nan]))

        assert counts(monitor) == (1.0, 1, 2, 0, 0)
        assert notice(monitor, "labels.not_a_number") == 0

    def test_the_history_has_no_label_for_them(self, make):
        monitor = make(store_predictions=True)
        monitor.record(1, float("nan"))
        monitor.record_batch([1, 0], [None, 0])

        labels = monitor.history("predictions")["actual"]
        assert labels.isna().tolist() == [True, True, False]


class TestValuesAtTheCall:
    @pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
    def test_an_array_that_is_filled_anew_counts_as_it_was(self, monitor, accuracy, shape):
        buffer = np.zeros(shape, dtype=int)
        for truth in (0, 1, 0, 1):
            buffer[...] = truth
            monitor.record(buffer, truth)
            monitor.record(truth, buffer)

        assert accuracy(monitor) == 1.0

    def test_a_tensor_a_list_and_a_dict_too_also_for_a_late_label(self, monitor, accuracy):
        tensor, tags, answer = Tensor(1), ["a"], {"a": 1}
        for id, value in enumerate((tensor, tags, answer)):
            monitor.record(value, id=id)
        tensor.array[...] = 2
        tags[0], answer["a"] = "b", 2
        monitor.label_batch([0, 1, 2], [1, ["a"], {"a": 1}])

        assert accuracy(monitor) == 1.0

    def test_a_latency_too(self, monitor):
        latency = np.zeros(())
        monitor.record(1, latency=latency)
        latency[...] = 5.0

        assert monitor.snapshot().metrics.latency_p50_seconds < 0.001

    def test_ids_segments_and_classes_are_their_numbers(self, make):
        monitor = make(segment="class")
        for number in range(3):
            monitor.record(Tensor(1), id=Tensor(number))
            monitor.label(Tensor(number), Tensor(1))
            monitor.record(1, 1, segment=Tensor(7))
        monitor.record_batch([1], [1], segment=Tensor(7))
        monitor.record_batch([Tensor(1)], [Tensor(1)], ids=[Tensor(9)], segment=[Tensor(7)])

        assert counts(monitor) == (1.0, 8, 0, 0, 0)
        segments = monitor.snapshot().metrics.segments
        assert {one.name: one.total_labelled for one in segments} == {"7": 5, "1": 3}

    def test_nothing_of_the_callers_waits_for_a_label(self, monitor):
        class Predictions(np.ndarray):
            pass

        arrays = [np.zeros(5).view(Predictions) for _ in range(50)]
        alive = [weakref.ref(array) for array in arrays]
        for id, array in enumerate(arrays):
            monitor.record(array, id=id)
        del array
        arrays.clear()
        gc.collect()

        assert [one() for one in alive] == [None] * 50

    def test_a_value_on_a_gpu_is_read_once_and_not_on_the_thread_of_the_caller(self, monitor):
        reads = []
        for truth in (1, 0):
            monitor.record(GpuTensor(1, reads), GpuTensor(truth, reads))
        monitor.record(GpuTensor(1, reads), GpuTensor(float("nan"), reads))
        monitor.record(GpuTensor(1, reads), id="a")
        monitor.label("a", GpuTensor(1, reads))
        assert reads == []

        thread = threading.Thread(target=monitor.flush)
        thread.start()
        thread.join()
        assert counts(monitor) == (2 / 3, 3, 1, 0, 0)
        assert len(reads) == 8
        assert threading.get_ident() not in reads

    def test_a_value_on_a_gpu_that_cannot_be_read_loses_itself_alone(self, monitor, notice):
        monitor.record(1, 1)
        monitor.record(GpuTensor(object, None), 1)
        monitor.record(1, 1)

        assert counts(monitor) == (1.0, 2, 0, 0, 0)
        assert notice(monitor, "intake.fold_failed") == 1


class Color(Enum):
    RED = 1


NAIVE = datetime(2026, 5, 1)  # noqa: DTZ001
ID = uuid.UUID(int=1)


class TestNonsense:
    @pytest.mark.parametrize(
        ("prediction", "actual"),
        [
            (0.93, 1),
            (np.float32(0.07), np.int64(0)),
            (0.5, True),
            (0.5, 1.0),
            (2.3, 1),
            (np.array([0.1, 0.9]), 1),
            (np.array([-2.0, 3.0]), 1),
            ([0, 1], 1),
            ({"a": 0.9, "b": 0.1}, "a"),
        ],
    )
    def test_scores_of_classes_are_not_wrong_and_the_fix_is_told_once(
        self, monitor, prediction, actual
    ):
        monitor.record(prediction, actual)
        monitor.record(prediction, actual)
        monitor.tick()
        with pytest.warns(LabelTypeWarning, match=r"\.argmax\(\), by a threshold") as warned:
            monitor.record(1, 1)
        assert warned[0].filename == __file__
        monitor.record(prediction, actual)

        assert counts(monitor) == (1.0, 1, 0, 3, 0)

    def test_of_a_batch_they_are_told_at_once(self, monitor):
        with pytest.warns(LabelTypeWarning, match="threshold"):
            monitor.record_batch(np.array([0.93, 0.07, 0.81]), np.array([1, 0, 1]))

        assert counts(monitor) == (None, 0, 0, 3, 0)

    @pytest.mark.parametrize("predictions", [[0.5, 1.5], np.array([0.5, 1.5])])
    def test_classes_that_are_fractions_are_classes(self, monitor, predictions):
        monitor.record_batch(predictions, np.array([0.5, 1.0]))
        monitor.record_batch(predictions, [0.5, 0.0], segment="EU")
        monitor.record_batch([0.25, *predictions], [0.0, 0.5, 2.5])

        assert counts(monitor) == (3 / 7, 7, 0, 0, 0)

    @pytest.mark.parametrize(
        ("prediction", "actual", "words"),
        [
            ([1], (1,), "lists and labels are tuples"),
            (Color.RED, 1, "Colors and labels are numbers"),
            (ID, str(ID), "UUIDs and labels are strings"),
            (Decimal(1), "1", "Decimals and labels are strings"),
            (date(2026, 5, 1), "2026-05-01", "dates and labels are strings"),
            (NAIVE, NAIVE.replace(tzinfo=UTC), "naive datetimes and labels are aware datetimes"),
            (NAIVE, NAIVE.date(), "naive datetimes and labels are dates"),
            (pd.Timestamp(NAIVE), "2026-05-01", "Timestamps and labels are strings"),
            (np.datetime64("2026-05-01"), "2026-05-01", "datetime64s and labels are strings"),
            (1, [0, 1], "numbers and labels are lists"),
        ],
    )
    def test_kinds_that_can_never_be_equal_are_not_wrong(self, monitor, prediction, actual, words):
        monitor.record(prediction, actual)
        monitor.tick()
        with pytest.warns(LabelTypeWarning, match=words):
            monitor.record(1, 1)

        assert counts(monitor) == (1.0, 1, 0, 1, 0)

    @pytest.mark.parametrize("kind", [np.array, list])
    def test_arrays_in_one_record_are_one_prediction_and_the_other_way_is_told(self, monitor, kind):
        monitor.record(kind([1, 2, 3]), kind([1, 2, 3]))
        monitor.record(kind([1, 2, 3]), kind([1, 2, 4]))
        monitor.tick()
        with pytest.warns(LabelTypeWarning, match=r"use record_batch\(\).* score="):
            monitor.record(1, 1)

        assert counts(monitor) == (2 / 3, 3, 0, 0, 0)

    def test_series_whose_labels_are_in_another_order_are_not_compared(self, monitor):
        rows, truths = pd.Series([1, 0, 0]), pd.Series([1, 0, 0], index=[2, 0, 1])
        with pytest.warns(LabelTypeWarning, match="predictions and actuals .* another order"):
            ids = monitor.record_batch(rows, truths, ids=True)
        assert counts(monitor) == (None, 0, 0, 3, 3)
        monitor.label_batch(pd.Series(ids), pd.Series([0, 0, 1], index=[2, 0, 1]))
        assert counts(monitor) == (None, 0, 0, 6, 3)
        monitor.label_batch(pd.Series(ids), truths.to_numpy()[[0, 1, 2]])

        assert counts(monitor) == (1.0, 3, 0, 6, 0)

    def test_series_with_other_labels_belong_together_by_position(self, monitor):
        monitor.record_batch(pd.Series([1, 0]), pd.Series([1, 0], index=[17, 4]))

        assert counts(monitor) == (1.0, 2, 0, 0, 0)

    @pytest.mark.parametrize(
        ("moment", "unit"),
        [(1767225600000, "milli"), (1767225600 * 10**6, "micro"), (1767225600 * 10**9, "nano")],
    )
    def test_moments_in_smaller_units_are_refused_with_the_cause(self, make, moment, unit):
        monitor = make("churn")
        with pytest.raises(ValueError, match=f"looks like {unit}seconds: divide"):
            Monitor("x", interval=None, trained_at=moment)
        with pytest.raises(ValueError, match=f"looks like {unit}seconds"):
            monitor.deploy("churn", version="2", deployed_at=moment)
        with pytest.raises(ValueError, match=f"looks like {unit}seconds"):
            monitor.history(since=moment)

    def test_a_moment_is_no_latency(self, monitor):
        with pytest.raises(ValueError, match="subtract the moment at which the call began"):
            monitor.record(1, 1, latency=1767225600.0)


class TestNumbers:
    @pytest.mark.parametrize(
        ("prediction", "actual", "tolerance"),
        [
            (1.1, 1.0, 0.1),
            (1234.56, 1234.46, 0.1),
            (0.1 + 0.2, 0.3, 0),
            (np.float32(0.1), 0.1, 0),
        ],
    )
    def test_a_tolerance_allows_for_rounding(self, make, prediction, actual, tolerance):
        monitor = make(task="regression", tolerance=tolerance)
        monitor.record(prediction, actual)
        monitor.record_batch(np.array([prediction]), np.array([actual]))
        monitor.record(prediction, actual - 0.01)

        assert counts(monitor)[:2] == (2 / 3, 3)

    @pytest.mark.parametrize("kind", [int, np.int64])
    def test_integers_are_compared_as_integers(self, monitor, accuracy, kind):
        large = kind(2**53 + 1)
        monitor.record(large, 2.0**53)
        monitor.record_batch(np.array([large]), np.array([2.0**53]))
        assert accuracy(monitor) == 0.0
        monitor.record(large, 2**53 + 1)

        assert accuracy(monitor) == 1 / 3

    def test_moments_and_durations_of_any_unit_differ_by_seconds(self, make):
        monitor = make(task="regression", tolerance=5)
        monitor.record_batch(
            np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[ns]"),
            np.array(["2026-01-01T00:00:05", "2026-01-02T00:00:05"], dtype="datetime64[s]"),
        )
        monitor.record(timedelta(seconds=5), np.timedelta64(10_000, "ms"))
        monitor.record(datetime(2026, 1, 1, tzinfo=UTC), np.datetime64("2026-01-01T00:00:05"))

        metrics = monitor.snapshot().metrics
        assert (metrics.current_accuracy, metrics.mae, metrics.total_labelled) == (1.0, 5.0, 4)

    @pytest.mark.parametrize("error", [1e200, 1e-200])
    def test_errors_of_any_size_have_a_mean(self, make, error):
        monitor = make(task="regression", tolerance=1)
        monitor.record(error, 0.0)

        metrics = monitor.snapshot().metrics
        assert (metrics.mae, metrics.rmse) == (error, error)


class TestIds:
    def test_an_early_label_that_joined_leaves_no_notice(self, monitor, notice):
        monitor.label("a", 1)
        monitor.label("b", 1)
        assert notice(monitor, "labels.unknown") == 2
        monitor.record(1, id="a")
        assert notice(monitor, "labels.unknown") == 1
        monitor.record(1, 1, id="b")

        assert monitor.snapshot().notices[0].code == "labels.duplicate"
        assert notice(monitor, "labels.unknown") == 0

    def test_a_labelled_prediction_that_replaces_one_says_so(self, monitor, notice):
        monitor.record(1, id="a")
        monitor.record(0, 0, id="a")

        assert notice(monitor, "labels.reused_id") == 1
        assert counts(monitor) == (1.0, 1, 0, 0, 0)

    def test_a_model_that_was_forgotten_comes_back_with_a_window_of_its_own(
        self, monitor, monkeypatch
    ):
        monkeypatch.setattr(registry, "MAX_MODELS", 1)
        monitor.record(1, id="a")
        monitor.deploy("other")
        monitor.deploy("third")
        monitor.deploy("churn", version="2.1")
        monitor.label("a", 0)

        metrics = monitor.snapshot().metrics
        assert (metrics.window_labelled, metrics.total_labelled) == (0, 1)


class TestOneBadField:
    def test_a_latency_of_one_element_is_its_number(self, make):
        monitor = make("a")
        monitor.deploy("b")
        for _ in range(100):
            monitor.record(1, 1, model_id="a")
            monitor.record(1, 1)
        monitor.record(1, 1, latency=np.array([0.1]), model_id="a")

        rows = {row.model_id: row for row in monitor.models()}
        assert {id: row.total_labelled for id, row in rows.items()} == {"a": 101, "b": 100}
        assert rows["a"].latency_p50_seconds == pytest.approx(0.1, rel=0.01)

    @pytest.mark.parametrize("value", ["\udc81", 2**70, -(2**70), [1], object(), b"\xff"])
    def test_any_value_is_counted_with_drift(self, make, value):
        monitor = make(drift=Drift(reference=30, window=30))
        for number in range(100):
            monitor.record(value if number % 2 else 1, features={"f": value})

        snapshot = monitor.snapshot()
        assert snapshot.metrics.total_predictions == 100
        assert [notice.code for notice in snapshot.notices if notice.code[:6] == "intake"] == []

    def test_texts_that_are_no_unicode_harm_no_notice(self, monitor):
        monitor.record_error("\udc81")

        assert monitor.snapshot().notices[0].message == "\\udc81"
