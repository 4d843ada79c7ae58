"""`history("predictions")` has the labels that the figures of the snapshot count, and no others."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipyvitals import FakeClock, Monitor

IDS = st.sampled_from(["a", "b", 1, (2, "c")])
VALUES = st.integers(0, 1)
STEPS = st.one_of(
    st.tuples(st.just("record"), VALUES, IDS),
    st.tuples(st.just("labelled"), VALUES, VALUES, st.none() | IDS),
    st.tuples(st.just("batch"), st.lists(st.tuples(VALUES, IDS), min_size=1, max_size=4)),
    st.tuples(st.just("label"), IDS, VALUES),
    st.tuples(st.just("labels"), st.lists(st.tuples(IDS, VALUES), min_size=1, max_size=4)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 45.0, 200.0])),
    st.tuples(st.just("deploy"), st.sampled_from(["churn", "rival"])),
    st.tuples(st.just("tick")),
    st.tuples(st.just("flush")),
)


def do(monitor, clock, step, *args):
    if step == "record":
        monitor.record(args[0], id=args[1])
    elif step == "labelled":
        monitor.record(args[0], args[1], id=args[2])
    elif step == "batch":
        predictions, ids = zip(*args[0], strict=True)
        monitor.record_batch(list(predictions), ids=list(ids))
    elif step == "label":
        monitor.label(*args)
    elif step == "labels":
        ids, actuals = zip(*args[0], strict=True)
        monitor.label_batch(list(ids), list(actuals))
    elif step == "wait":
        clock.advance(args[0])
    elif step == "deploy":
        monitor.deploy(args[0])
    else:
        getattr(monitor, step)()


def check(monitor):
    found = monitor.history("predictions")
    labelled = found[found["labelled"]]
    models = {model.model_id: model for model in monitor.models()}
    assert len(found) == sum(model.total_predictions for model in models.values())
    for model_id, model in models.items():
        assert (labelled["model_id"] == model_id).sum() == model.total_labelled
    assert found["actual"][~found["labelled"]].isna().all()
    waiting = monitor.snapshot().labels.pending
    assert waiting <= (~found["labelled"] & found["id"].notna()).sum()


@pytest.mark.parametrize("stored", [False, True], ids=["memory", "file"])
def test_the_table_agrees_with_the_join(tmp_path, stored):
    names = itertools.count()

    @settings(max_examples=15 if stored else 40)
    @given(steps=st.lists(STEPS, max_size=25))
    def run(steps):
        clock = FakeClock()
        monitor = Monitor(
            "churn", interval=None, clock=clock, store_predictions=True, label_ttl=100.0,
            pending_limit=2, store=tmp_path / f"{next(names)}.sqlite" if stored else None,
        )  # fmt: skip
        for step in steps:
            do(monitor, clock, *step)
        check(monitor)
        monitor.close()

    run()


@pytest.fixture(params=["memory", "file"])
def monitor(request, make, tmp_path):
    where = None if request.param == "memory" else tmp_path / "history.sqlite"
    return make("churn", store=where, store_predictions=True, label_ttl=100.0)


def actuals(monitor):
    return monitor.history("predictions")["actual"].to_list()


def test_an_id_that_is_used_again_gets_each_label(monitor):
    for prediction, actual in [(1, 1), (0, 0), (1, 0)]:
        monitor.record(prediction, id="customer-7")
        monitor.label("customer-7", actual)

    assert actuals(monitor) == [1, 0, 0]


def test_an_early_label_is_that_of_its_prediction(monitor):
    monitor.label("a", 1)
    monitor.flush()
    monitor.record(1, id="a")

    assert actuals(monitor) == [1]


def test_a_label_that_comes_too_late_is_none(monitor, clock):
    monitor.record(1, id="a")
    clock.advance(101)
    monitor.label("a", 1)

    assert (actuals(monitor), monitor.snapshot().metrics.total_labelled) == ([None], 0)


def test_thousands_of_late_labels_all_count(monitor):
    ids = monitor.record_batch(np.arange(3_000), ids=True)
    monitor.tick()
    monitor.label_batch(ids, np.arange(3_000))

    assert actuals(monitor) == list(range(3_000))


def test_a_label_that_comes_after_its_row_was_written_reaches_it(monitor):
    first, second = monitor.record(1, id=True), monitor.record(2, id=True)
    assert monitor.flush()
    monitor.label(second, 5)
    assert monitor.flush()
    monitor.label(first, 4)

    assert actuals(monitor) == [4, 5]
