"""Compare the queue with processing its records one by one; use it from many threads."""

from __future__ import annotations

import threading
from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.ingest.records import UNSET

NOW = 1_000.0

IDS = st.integers(0, 4)
MODELS = st.sampled_from([None, "a", "b"])
VALUES = st.sampled_from([0, 1, "x", None])
TRUTHS = st.one_of(VALUES, st.just(UNSET))
SEGMENTS = st.sampled_from([None, "EU", "US", 7])
ROWS = st.lists(st.tuples(st.booleans(), SEGMENTS), max_size=5)
ENTRIES = st.lists(
    st.one_of(
        st.tuples(st.just("record"), VALUES, TRUTHS, MODELS, SEGMENTS),
        st.tuples(st.just("with_id"), VALUES, TRUTHS, MODELS, SEGMENTS, IDS),
        st.tuples(st.just("label"), IDS, VALUES),
        st.tuples(st.just("failure"), MODELS),
        st.tuples(st.just("batch"), ROWS, MODELS),
        st.tuples(st.just("batch_with_ids"), st.dictionaries(IDS, VALUES, max_size=3), MODELS),
        st.tuples(st.just("drain")),
    ),
    max_size=60,
)


class ReferenceCounts:
    """Reference counts of one model."""

    def __init__(self):
        self.predictions = self.calls = self.errors = 0
        self.right = []
        self.of_segment = defaultdict(list)

    def compare(self, prediction, actual, segment):
        if not {str, int} <= {type(prediction), type(actual)}:
            self.label(prediction == actual, segment)

    def label(self, right, segment):
        self.right.append(right)
        if segment is not None:
            self.of_segment[segment].append(right)


class ReferenceModels:
    """Reference: process record by record into the counts of each model."""

    def __init__(self, window):
        self.window = window
        self.models = {name: ReferenceCounts() for name in ("a", "b")}
        self.waiting = {}
        self.early = {}
        self.labelled = set()

    def of(self, model):
        return self.models[model or "b"]

    def apply(self, kind, *rest):
        getattr(self, kind)(*rest)

    def drain(self):
        pass

    def record(self, prediction, actual, model, segment):
        self.of(model).predictions += 1
        self.of(model).calls += 1
        if actual is not UNSET:
            self.of(model).compare(prediction, actual, segment)

    def with_id(self, prediction, actual, model, segment, id):
        self.record(prediction, actual, model, segment)
        if actual is not UNSET:
            self.waiting.pop(id, None)
            self.early.pop(id, None)
            self.labelled.add(id)
        else:
            self.wait(id, prediction, model, segment)

    def wait(self, id, prediction, model, segment):
        self.waiting.pop(id, None)
        if id in self.early:
            self.of(model).compare(prediction, self.early.pop(id), segment)
            self.labelled.add(id)
        else:
            self.waiting[id] = (model, prediction, segment)
            self.labelled.discard(id)

    def label(self, id, actual):
        if id in self.waiting:
            model, prediction, segment = self.waiting.pop(id)
            self.of(model).compare(prediction, actual, segment)
            self.labelled.add(id)
        elif id not in self.labelled:
            self.early.setdefault(id, actual)

    def failure(self, model):
        self.of(model).errors += 1

    def batch(self, rows, model):
        self.of(model).predictions += len(rows)
        self.of(model).calls += 1
        for right, segment in rows:
            self.of(model).label(right, segment)

    def batch_with_ids(self, predictions, model):
        self.of(model).predictions += len(predictions)
        self.of(model).calls += 1
        for id, prediction in predictions.items():
            self.wait(id, prediction, model, None)

    def figures(self, model):
        shown = self.models[model]
        last = shown.right[-self.window :]
        return {
            "predictions": shown.predictions,
            "labelled": len(shown.right),
            "errors": shown.errors,
            "window": (len(last), sum(last) / len(last) if last else None),
            "rows": shown.predictions,
            "calls": shown.calls,
            "failed": shown.errors,
        }

    def segments(self, model):
        last = {
            segment: (len(right), right[-self.window :])
            for segment, right in self.models[model].of_segment.items()
        }
        return {segment: (n, sum(right) / len(right)) for segment, (n, right) in last.items()}


def queue_entry(bench, kind, *rest):
    """Queue the record that a generated step describes."""
    if kind == "record":
        prediction, actual, model, segment = rest
        bench.record(prediction, actual, model_id=model, segment=segment)
    elif kind == "with_id":
        prediction, actual, model, segment, id = rest
        bench.record(prediction, actual, model_id=model, segment=segment, id=id)
    elif kind == "label":
        bench.label(*rest)
    elif kind == "failure":
        bench.fail(model_id=rest[0])
    elif kind == "batch":
        right = np.array([one for one, _ in rest[0]], dtype=bool)
        segments = [segment for _, segment in rest[0]]
        bench.batch(right.size, right, segments=segments, model_id=rest[1])
    elif kind == "batch_with_ids":
        pending = [(id, prediction, None) for id, prediction in rest[0].items()]
        bench.batch(len(pending), pending=pending, model_id=rest[1])
    else:
        bench.queue.drain()


def segments(model):
    found = model.segments.get() if model.segments is not None else ()
    return {name: (tracker.total, tracker.window.mean) for name, tracker in found}


@given(entries=ENTRIES, window=st.sampled_from([1, 3, 100]))
def test_any_mixture_in_any_drains_counts_as_one_by_one(make_bench, entries, window):
    bench, reference = make_bench(window=window, models=("a", "b")), ReferenceModels(window)
    for entry in entries:
        queue_entry(bench, *entry)
        reference.apply(*entry)
    for model in ("a", "b"):
        assert bench.figures(model) == reference.figures(model)
        assert segments(bench.registry.get(model)) == reference.segments(model)
    assert bench.join.pending == len(reference.waiting)
    assert bench.notices.count("intake.fold_failed") == 0


@given(
    calls=st.lists(
        st.tuples(VALUES, TRUTHS, st.sampled_from([None, 0.001, 2.0])),
        max_size=40,
    )
)
def test_the_fast_path_for_plain_records_counts_as_the_slow_path(make_bench, calls):
    fast, slow = make_bench(), make_bench()
    slow.queue.needs_slow_path = True
    for prediction, actual, latency in calls:
        for one in (fast, slow):
            one.record(prediction, actual, latency=latency)
    assert fast.figures() == slow.figures()
    quantiles = [0.0, 0.5, 1.0]
    assert fast.model.latency.get(NOW, quantiles) == slow.model.latency.get(NOW, quantiles)


THREADS = 32
EACH = 1_000


def in_threads(work):
    """Run `work(number)` on all threads at once; return after all have ended."""
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
        bench.queue.drain()
    for thread in threads:
        thread.join()


def test_32_threads_record_exact_totals_while_one_folds(bench):
    def work(number):
        for step in range(EACH):
            bench.record(number, number if step % 2 else -1, latency=0.001)

    fold_until_done(bench, in_threads(work))
    found = bench.figures()
    assert found["predictions"] == found["labelled"] == found["calls"] == THREADS * EACH
    assert found["window"][0] == 100
    assert bench.notices.get() == []


def test_32_threads_fold_at_once_and_nothing_is_lost_or_counted_twice(make_bench):
    bench = make_bench(models=("a", "b"))

    def work(number):
        for step in range(100):
            id = (number, step)
            bench.record(step, id=id, model_id="ab"[number % 2])
            bench.batch(3, [True, False, True])
            bench.label(id, step)
            bench.fail()
            if step % 10 == 0:
                bench.queue.drain()

    fold_until_done(bench, in_threads(work))
    a, b = bench.figures("a"), bench.figures("b")
    calls = THREADS * 100
    assert a["predictions"] == a["labelled"] == calls // 2
    assert b["predictions"] == b["labelled"] == calls // 2 + 3 * calls
    assert (a["errors"], b["errors"]) == (0, calls)
    assert bench.join.pending == 0
    assert bench.notices.get() == []
