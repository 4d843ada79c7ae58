"""The inbox against a reading of its entries one by one, and under many threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.intake.labels import LabelJoin
from ipyvitals.intake.predictions import INBOX_LIMIT, UNSET, Batch, Failure, Inbox, Label
from ipyvitals.intake.registry import Registry
from ipyvitals.intake.scoring import Scorer
from ipyvitals.notices import Notices
from ipyvitals.status import Thresholds

NOW = 1_000.0


class Bench:
    """An inbox with all that it fills."""

    def __init__(self, score=None, window=100, models=()):
        self.notices = Notices(lambda: 0.0)
        self.mismatches = []
        self.registry = Registry(
            "default",
            window_size=window,
            thresholds=Thresholds(),
            notices=self.notices,
            now=NOW,
            at=0.0,
        )
        for model_id in models:
            self.registry.add(model_id, NOW, 0.0).name = model_id
        self.join = LabelJoin(10_000, 60.0, self.notices)
        scorer = Scorer(score, self.notices, self.mismatches.append)
        self.inbox = Inbox(self.registry, self.join, scorer, self.notices)

    def record(self, prediction, actual=UNSET, *, id=None, latency=None, model_id=None, at=NOW):
        if id is not None or model_id is not None:
            self.inbox.mixed = True
        self.inbox.append((at, prediction, actual, id, latency, model_id))

    def batch(self, rows, scores=None, *, waiting=(), settled=(), latency=None, model_id=None):
        self.inbox.put(
            Batch(
                at=NOW,
                rows=rows,
                scores=None if scores is None else np.array(scores),
                waiting=list(waiting),
                settled=list(settled),
                latency=latency,
                model_id=model_id,
            )
        )

    @property
    def model(self):
        """The active model, with everything counted."""
        self.inbox.fold()
        return self.registry.active


@pytest.fixture
def bench():
    return Bench()


def figures(model, now=NOW):
    return {
        "predictions": model.total_predictions,
        "labelled": model.total_labelled,
        "errors": model.total_errors,
        "window": (model.window.count, model.window.mean),
        "rows": model.rows.get(now),
        "calls": model.calls.get(now),
        "failed": model.errors.get(now),
    }


class TestPlainRecords:
    def test_nothing_is_counted_before_it_is_folded(self, bench):
        bench.record(1, 1)
        assert (bench.inbox.pending, bench.registry.active.total_predictions) == (1, 0)
        bench.inbox.fold()
        assert (bench.inbox.pending, bench.registry.active.total_predictions) == (0, 1)

    def test_an_empty_inbox_folds_to_nothing(self, bench):
        bench.inbox.fold()
        assert figures(bench.model)["window"] == (0, None)
        assert bench.model.lifecycle == "registered"

    def test_a_prediction_without_a_label_is_not_wrong(self, bench):
        for actual in (1, UNSET, 1, UNSET, 0):
            bench.record(1, actual)
        found = figures(bench.model)
        assert found["predictions"] == 5
        assert found["window"] == (3, pytest.approx(2 / 3))

    def test_none_is_a_label_and_nan_is_never_right(self, bench):
        for pair in ((None, None), (None, 1), (float("nan"), float("nan"))):
            bench.record(*pair)
        assert figures(bench.model)["window"] == (3, pytest.approx(1 / 3))

    def test_numpy_scalars_strings_and_bools_count_alike(self, bench):
        for prediction, actual in [
            (np.int64(1), 1),
            (np.str_("cat"), "cat"),
            (np.bool_(True), True),
            (np.float32(0.5), 0.5),
            (np.array([1, 2]), np.array([1, 2])),
        ]:
            bench.record(prediction, actual)
        assert figures(bench.model)["window"] == (5, 1.0)

    def test_labels_of_another_kind_are_told_once(self, bench):
        for _ in range(3):
            bench.record("1", 1)
            bench.inbox.fold()
        assert len(bench.mismatches) == 1
        assert figures(bench.model)["window"] == (3, 0.0)

    def test_latencies_are_optional(self, bench):
        for latency in (None, 0.004, None, 0.004, np.float32(0.004)):
            bench.record(1, latency=latency)
        assert bench.model.latency.get(NOW, [0.5]) == pytest.approx([0.004], rel=0.01)
        assert figures(bench.model)["calls"] == 5

    def test_a_call_without_latency_is_not_a_fast_one(self, bench):
        bench.record(1)
        assert bench.model.latency.get(NOW, [0.5]) == [None]

    def test_the_first_prediction_makes_a_model_active(self, bench):
        bench.record(1, at=NOW + 5.0)
        assert (bench.model.lifecycle, bench.model.last_prediction) == ("active", NOW + 5.0)

    def test_the_limit_is_what_one_fold_takes_with_ease(self, bench):
        for _ in range(INBOX_LIMIT):
            bench.record(1, 1, latency=0.001)
        assert figures(bench.model)["predictions"] == INBOX_LIMIT
        assert bench.inbox.pending == 0


class TestMixedEntries:
    def test_a_late_label_finds_its_prediction(self, bench):
        bench.record("cat", id="a")
        bench.record("dog", id="b")
        bench.inbox.put(Label(id="b", actual="dog"))
        bench.inbox.put(Label(id="a", actual="dog"))
        assert figures(bench.model)["window"] == (2, 0.5)
        assert figures(bench.model)["predictions"] == 2
        assert bench.join.pending == 0

    def test_a_late_label_counts_for_the_model_that_predicted(self):
        bench = Bench(models=("old", "new"))
        bench.record(1, id=7, model_id="old")
        bench.inbox.fold()
        bench.inbox.put(Label(id=7, actual=1))
        assert figures(bench.model)["window"] == (0, None)
        assert figures(bench.registry.get("old"))["window"] == (1, 1.0)

    def test_a_second_label_is_a_duplicate_also_after_one_at_once(self, bench):
        bench.record(1, 1, id="a")
        bench.record(1, id="b")
        for id, actual in (("a", 0), ("b", 1), ("b", 0)):
            bench.inbox.put(Label(id=id, actual=actual))
        assert figures(bench.model)["window"] == (2, 1.0)
        assert bench.notices.count("labels.duplicate") == 2

    def test_unknown_ids_are_counted_and_change_nothing(self, bench):
        bench.inbox.put(Label(id="who", actual=1))
        assert figures(bench.model)["labelled"] == 0
        assert bench.notices.count("labels.unknown") == 1

    def test_failures_are_kept_apart_from_predictions(self, bench):
        bench.inbox.put(Failure(at=NOW, model_id=None))
        bench.record(1, 1)
        bench.inbox.put(Failure(at=NOW, model_id=None))
        found = figures(bench.model)
        assert (found["predictions"], found["errors"], found["failed"]) == (1, 2, 2)
        assert (found["calls"], found["window"]) == (1, (1, 1.0))

    def test_a_batch_is_one_call_of_many_rows(self, bench):
        bench.batch(1_000, np.ones(1_000, dtype=bool), latency=0.2)
        found = figures(bench.model)
        assert (found["predictions"], found["rows"], found["calls"]) == (1_000, 1_000, 1)
        assert (found["labelled"], found["window"]) == (1_000, (100, 1.0))
        assert bench.model.latency.get(NOW, [0.5]) == pytest.approx([0.2], rel=0.01)

    def test_rows_of_a_batch_may_wait_for_labels(self, bench):
        bench.batch(3, waiting=[("a", 1), ("b", 0), ("c", 1)])
        bench.inbox.put(Label(id="b", actual=0))
        assert figures(bench.model)["predictions"] == 3
        assert figures(bench.model)["window"] == (1, 1.0)
        assert bench.join.pending == 2

    def test_labelled_rows_of_a_batch_take_no_second_label(self, bench):
        bench.batch(2, [True, True], settled=["a", "b"])
        bench.inbox.put(Label(id="a", actual="other"))
        assert figures(bench.model)["window"] == (2, 1.0)
        assert bench.notices.count("labels.duplicate") == 1

    def test_labels_keep_their_order_across_kinds_of_entries(self):
        bench = Bench(window=2)
        bench.record(1, 1)
        bench.batch(1, [False])
        bench.record(1, 0)
        bench.batch(1, [True])
        assert figures(bench.model)["window"] == (2, 0.5)
        bench.record(1, 0)
        bench.record(1, 0)
        assert figures(bench.model)["window"] == (2, 0.0)

    def test_models_have_figures_of_their_own(self):
        bench = Bench(models=("a", "b"))
        bench.record(1, 1, model_id="a")
        bench.record(1, 0)
        bench.inbox.put(Failure(at=NOW, model_id="a"))
        assert figures(bench.model)["window"] == (1, 0.0)
        other = figures(bench.registry.get("a"))
        assert (other["window"], other["errors"]) == ((1, 1.0), 1)


class TestCustomScore:
    def test_what_fails_is_a_notice_and_the_rest_counts(self):
        bench = Bench(score=lambda prediction, actual: 1 / (prediction - actual))
        for pair in ((1, 1), (3, 1), (2, 1), (1, 2)):
            bench.record(*pair)
        found = figures(bench.model)
        assert (found["predictions"], found["window"]) == (4, (2, 0.75))
        assert bench.notices.count("score.failed") == 1
        assert bench.notices.count("score.range") == 1
        assert bench.notices.count("intake.fold_failed") == 0

    def test_a_score_that_records_is_heard_in_the_next_fold(self):
        def score(prediction, actual):
            if prediction == "outer":
                bench.record("inner", "inner")
                bench.inbox.fold()
            return 1.0

        bench = Bench(score=score)
        bench.record("outer", "outer")
        bench.inbox.fold()
        assert bench.registry.active.total_predictions == 1
        assert bench.model.total_predictions == 2

    def test_a_fold_that_fails_all_the_same_is_counted_and_the_next_one_works(self, bench):
        bench.inbox.append(("not", "an", "entry"))
        bench.inbox.fold()
        assert bench.notices.count("intake.fold_failed") == 1
        bench.record(1, 1)
        assert figures(bench.model)["predictions"] == 1


IDS = st.integers(0, 4)
MODELS = st.sampled_from([None, "a", "b"])
VALUES = st.sampled_from([0, 1, "x", None])
ENTRIES = st.lists(
    st.one_of(
        st.tuples(st.just("record"), VALUES, st.one_of(VALUES, st.just(UNSET)), MODELS),
        st.tuples(st.just("with_id"), VALUES, st.one_of(VALUES, st.just(UNSET)), MODELS, IDS),
        st.tuples(st.just("label"), IDS, VALUES),
        st.tuples(st.just("failure"), MODELS),
        st.tuples(st.just("batch"), st.lists(st.booleans(), max_size=5), MODELS),
        st.tuples(st.just("fold")),
    ),
    max_size=60,
)


class OneByOne:
    """What each model must show, entry for entry."""

    def __init__(self, window):
        self.window = window
        self.models = {
            name: {"predictions": 0, "calls": 0, "errors": 0, "right": []} for name in ("a", "b")
        }
        self.waiting = {}

    def apply(self, kind, *rest):
        getattr(self, kind)(*rest)

    def fold(self):
        pass

    def record(self, prediction, actual, model):
        shown = self.models[model or "b"]
        shown["predictions"] += 1
        shown["calls"] += 1
        if actual is not UNSET:
            shown["right"].append(prediction == actual)

    def with_id(self, prediction, actual, model, id):
        self.record(prediction, actual, model)
        self.waiting.pop(id, None)
        if actual is UNSET:
            self.waiting[id] = (model or "b", prediction)

    def label(self, id, actual):
        if id in self.waiting:
            model, prediction = self.waiting.pop(id)
            self.models[model]["right"].append(prediction == actual)

    def failure(self, model):
        self.models[model or "b"]["errors"] += 1

    def batch(self, right, model):
        shown = self.models[model or "b"]
        shown["predictions"] += len(right)
        shown["calls"] += 1
        shown["right"] += right

    def figures(self, model):
        shown = self.models[model]
        last = shown["right"][-self.window :]
        return {
            "predictions": shown["predictions"],
            "labelled": len(shown["right"]),
            "errors": shown["errors"],
            "window": (len(last), sum(last) / len(last) if last else None),
            "rows": shown["predictions"],
            "calls": shown["calls"],
            "failed": shown["errors"],
        }


def enter(bench, kind, *rest):
    """Put into the inbox what the reference is told in words."""
    if kind == "record":
        bench.record(rest[0], rest[1], model_id=rest[2])
    elif kind == "with_id":
        bench.record(rest[0], rest[1], model_id=rest[2], id=rest[3])
    elif kind == "label":
        bench.inbox.put(Label(id=rest[0], actual=rest[1]))
    elif kind == "failure":
        bench.inbox.put(Failure(at=NOW, model_id=rest[0]))
    elif kind == "batch":
        bench.batch(len(rest[0]), np.array(rest[0], dtype=bool), model_id=rest[1])
    else:
        bench.inbox.fold()


@given(entries=ENTRIES, window=st.sampled_from([1, 3, 100]))
def test_any_mixture_in_any_folds_counts_as_one_by_one(entries, window):
    bench, reference = Bench(window=window, models=("a", "b")), OneByOne(window)
    for entry in entries:
        enter(bench, *entry)
        reference.apply(*entry)
    bench.inbox.fold()
    for model in ("a", "b"):
        assert figures(bench.registry.get(model)) == reference.figures(model)
    assert bench.join.pending == len(reference.waiting)
    assert bench.notices.count("intake.fold_failed") == 0


@given(
    calls=st.lists(
        st.tuples(VALUES, st.one_of(VALUES, st.just(UNSET)), st.sampled_from([None, 0.001, 2.0])),
        max_size=40,
    )
)
def test_the_short_way_for_plain_records_counts_as_the_long_one(calls):
    short, long = Bench(), Bench()
    long.inbox.mixed = True
    for prediction, actual, latency in calls:
        for one in (short, long):
            one.record(prediction, actual, latency=latency)
    assert figures(short.model) == figures(long.model)
    quantiles = [0.0, 0.5, 1.0]
    assert short.model.latency.get(NOW, quantiles) == long.model.latency.get(NOW, quantiles)


THREADS = 32
EACH = 1_000


def in_threads(work):
    """Run `work(number)` on all threads at once; return when all are done."""
    ready = threading.Barrier(THREADS)

    def run(number):
        ready.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    return threads


def fold_until_done(bench, threads):
    while any(thread.is_alive() for thread in threads):
        bench.inbox.fold()
    for thread in threads:
        thread.join()
    bench.inbox.fold()


def test_32_threads_record_exact_totals_while_one_folds(bench):
    def work(number):
        for step in range(EACH):
            bench.record(number, number if step % 2 else -1, latency=0.001)

    fold_until_done(bench, in_threads(work))
    found = figures(bench.registry.active)
    assert found["predictions"] == found["labelled"] == found["calls"] == THREADS * EACH
    assert found["window"][0] == 100
    assert bench.notices.get() == []


def test_32_threads_fold_at_once_and_nothing_is_lost_or_counted_twice():
    bench = Bench(models=("a", "b"))

    def work(number):
        for step in range(100):
            id = (number, step)
            bench.record(step, id=id, model_id="ab"[number % 2])
            bench.batch(3, [True, False, True])
            bench.inbox.put(Label(id=id, actual=step))
            bench.inbox.put(Failure(at=NOW, model_id=None))
            if step % 10 == 0:
                bench.inbox.fold()

    fold_until_done(bench, in_threads(work))
    a, b = (figures(bench.registry.get(model)) for model in ("a", "b"))
    calls = THREADS * 100
    assert a["predictions"] == a["labelled"] == calls // 2
    assert b["predictions"] == b["labelled"] == calls // 2 + 3 * calls
    assert (a["errors"], b["errors"]) == (0, calls)
    assert bench.join.pending == 0
    assert bench.notices.get() == []


def test_a_forked_child_folds_with_a_lock_of_its_own(bench):
    bench.record(1, 1)
    bench.inbox._lock.acquire()  # As a thread of the parent might, at the fork.
    bench.inbox.reset_lock()
    assert bench.model.total_predictions == 1


def test_the_mark_for_no_label_reads_as_such():
    assert repr(UNSET) == "<unset>"
