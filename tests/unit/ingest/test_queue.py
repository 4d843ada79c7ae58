"""Records in the queue become model statistics."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from ipyvitals.ingest.queue import MAX_QUEUED_RECORDS
from ipyvitals.ingest.records import UNSET

NOW = 1_000.0


class FakeDetector:
    """Store predictions, each with its feature ``age``."""

    def __init__(self):
        self.rows = []

    def update(self, predictions, features):
        ages = (features or {}).get("age") or [None] * len(predictions)
        self.rows += zip(predictions, ages, strict=True)

    def update_errors(self, scores):
        pass


class TestPlainRecords:
    def test_nothing_is_counted_before_a_drain(self, bench):
        bench.record(1, 1)
        assert (bench.queue.pending, bench.registry.active.total_predictions) == (1, 0)
        bench.queue.drain()
        assert (bench.queue.pending, bench.registry.active.total_predictions) == (0, 1)

    def test_draining_an_empty_queue_changes_nothing(self, bench):
        bench.queue.drain()
        assert bench.figures()["window"] == (0, None)
        assert bench.model.lifecycle == "registered"

    def test_a_prediction_without_a_label_is_not_wrong(self, bench):
        for actual in (1, UNSET, 1, UNSET, 0):
            bench.record(1, actual)
        found = bench.figures()
        assert found["predictions"] == 5
        assert found["window"] == (3, pytest.approx(2 / 3))

    def test_none_is_a_label_and_nan_is_never_right(self, bench):
        for pair in ((None, None), (None, 1), (float("nan"), float("nan"))):
            bench.record(*pair)
        assert bench.figures()["window"] == (3, pytest.approx(1 / 3))

    def test_numpy_scalars_strings_and_bools_count_alike(self, bench):
        for prediction, actual in [
            (np.int64(1), 1),
            (np.str_("cat"), "cat"),
            (np.bool_(True), True),
            (np.float32(0.5), 0.5),
            (np.array([1, 2]), np.array([1, 2])),
        ]:
            bench.record(prediction, actual)
        assert bench.figures()["window"] == (5, 1.0)

    def test_labels_of_another_kind_are_reported_once(self, bench):
        for _ in range(3):
            bench.record("1", 1)
            bench.queue.drain()
        assert len(bench.mismatches) == 1
        assert bench.figures()["window"] == (0, None)
        assert bench.join.section().mismatched == 3

    def test_latencies_are_optional(self, bench):
        for latency in (None, 0.004, None, 0.004, np.float32(0.004)):
            bench.record(1, latency=latency)
        assert bench.model.latency.get(NOW, [0.5]) == pytest.approx([0.004], rel=0.01)
        assert bench.figures()["calls"] == 5

    def test_a_call_without_latency_is_not_a_fast_one(self, bench):
        bench.record(1)
        assert bench.model.latency.get(NOW, [0.5]) == [None]

    def test_the_first_prediction_makes_a_model_active(self, bench):
        bench.record(1, at=NOW + 5.0)
        assert (bench.model.lifecycle, bench.model.last_prediction) == ("active", NOW + 5.0)

    def test_one_drain_takes_a_full_queue(self, bench):
        for _ in range(MAX_QUEUED_RECORDS):
            bench.record(1, 1, latency=0.001)
        assert bench.figures()["predictions"] == MAX_QUEUED_RECORDS
        assert bench.queue.pending == 0


class TestMixedEntries:
    def test_a_late_label_finds_its_prediction(self, bench):
        bench.record("cat", id="a")
        bench.record("dog", id="b")
        bench.label("b", "dog")
        bench.label("a", "dog")
        assert bench.figures()["window"] == (2, 0.5)
        assert bench.figures()["predictions"] == 2
        assert bench.join.pending == 0

    def test_a_late_label_counts_for_the_model_that_predicted(self, make_bench):
        bench = make_bench(models=("old", "new"))
        bench.record(1, id=7, model_id="old")
        bench.queue.drain()
        bench.label(7, 1)
        assert bench.figures()["window"] == (0, None)
        assert bench.figures("old")["window"] == (1, 1.0)

    def test_a_second_label_is_a_duplicate_also_after_one_at_once(self, bench):
        bench.record(1, 1, id="a")
        bench.record(1, id="b")
        for id, actual in (("a", 0), ("b", 1), ("b", 0)):
            bench.label(id, actual)
        assert bench.figures()["window"] == (2, 1.0)
        assert bench.notices.count("labels.duplicate") == 2

    def test_unknown_ids_are_counted_and_change_nothing(self, bench):
        bench.label("who", 1)
        assert bench.figures()["labelled"] == 0
        assert bench.notices.count("labels.unknown") == 1

    def test_failures_are_kept_apart_from_predictions(self, bench):
        bench.fail()
        bench.record(1, 1)
        bench.fail()
        found = bench.figures()
        assert (found["predictions"], found["errors"], found["failed"]) == (1, 2, 2)
        assert (found["calls"], found["window"]) == (1, (1, 1.0))

    def test_a_batch_is_one_call_of_many_rows(self, bench):
        bench.batch(1_000, np.ones(1_000, dtype=bool), latency=0.2)
        found = bench.figures()
        assert (found["predictions"], found["rows"], found["calls"]) == (1_000, 1_000, 1)
        assert (found["labelled"], found["window"]) == (1_000, (100, 1.0))
        assert bench.model.latency.get(NOW, [0.5]) == pytest.approx([0.2], rel=0.01)

    def test_rows_of_a_batch_may_wait_for_labels(self, bench):
        bench.batch(3, pending=[("a", 1, None), ("b", 0, None), ("c", 1, None)])
        bench.label("b", 0)
        assert bench.figures()["predictions"] == 3
        assert bench.figures()["window"] == (1, 1.0)
        assert bench.join.pending == 2

    def test_labelled_rows_of_a_batch_take_no_second_label(self, bench):
        bench.batch(2, [True, True], labelled_ids=["a", "b"])
        bench.label("a", "other")
        assert bench.figures()["window"] == (2, 1.0)
        assert bench.notices.count("labels.duplicate") == 1

    def test_labels_keep_their_order_across_kinds_of_entries(self, make_bench):
        bench = make_bench(window=2)
        bench.record(1, 1)
        bench.batch(1, [False])
        bench.record(1, 0)
        bench.batch(1, [True])
        assert bench.figures()["window"] == (2, 0.5)
        bench.record(1, 0)
        bench.record(1, 0)
        assert bench.figures()["window"] == (2, 0.0)

    def test_drift_rows_stay_in_order(self, bench):
        seen = bench.model.watch = FakeDetector()
        bench.queue.drift_enabled = True
        bench.record(1, id="late")
        bench.record(2)
        bench.batch(2, drift_rows=([3, 4], {"age": [30, 40]}))
        bench.record(5, 5)
        bench.label("late", 1)
        bench.record(6)
        bench.record(7, features={"age": 70})
        bench.record(8)
        bench.queue.drain()
        ages = [None, None, 30, 40, None, None, 70, None]
        assert seen.rows == list(zip(range(1, 9), ages, strict=True))
        assert bench.figures()["predictions"] == 8

    def test_a_late_label_keeps_its_place_among_plain_records(self, make_bench):
        bench = make_bench(window=2)
        bench.record(1, id="late")
        bench.record(1, 1)
        bench.record(1, 1)
        bench.label("late", 0)
        bench.record(1, 1)
        assert bench.figures()["window"] == (2, 0.5)

    def test_models_have_figures_of_their_own(self, make_bench):
        bench = make_bench(models=("a", "b"))
        bench.record(1, 1, model_id="a")
        bench.record(1, 0)
        bench.fail(model_id="a")
        assert bench.figures()["window"] == (1, 0.0)
        other = bench.figures("a")
        assert (other["window"], other["errors"]) == ((1, 1.0), 1)


class TestCustomScore:
    def test_what_fails_is_a_notice_and_the_rest_counts(self, make_bench):
        bench = make_bench(score=lambda prediction, actual: 1 / (prediction - actual))
        for pair in ((1, 1), (3, 1), (2, 1), (1, 2)):
            bench.record(*pair)
        found = bench.figures()
        assert (found["predictions"], found["window"]) == (4, (2, 0.75))
        assert bench.notices.count("score.failed") == 1
        assert bench.notices.count("score.range") == 1
        assert bench.notices.count("intake.fold_failed") == 0

    def test_records_of_a_score_function_wait_for_the_next_drain(self, make_bench):
        def score(prediction, actual):
            if prediction == "outer":
                bench.record("inner", "inner")
                bench.queue.drain()
            return 1.0

        bench = make_bench(score=score)
        bench.record("outer", "outer")
        bench.queue.drain()
        assert bench.registry.active.total_predictions == 1
        assert bench.model.total_predictions == 2

    def test_a_failed_drain_is_counted_and_the_next_one_works(self, bench):
        bench.queue.entries.append(("not", "an", "entry"))
        bench.queue.drain()
        assert bench.notices.count("intake.fold_failed") == 1
        bench.record(1, 1)
        assert bench.figures()["predictions"] == 1


def test_a_forked_child_drains_with_a_new_lock(bench):
    bench.record(1, 1)
    owner = threading.Thread(target=bench.queue._turn.acquire)  # Of the parent, at the fork.
    owner.start()
    owner.join()
    bench.queue.reset_lock()
    assert bench.model.total_predictions == 1


def test_the_sentinel_for_no_label_has_a_readable_repr():
    assert repr(UNSET) == "<unset>"
