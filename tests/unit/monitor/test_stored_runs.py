"""Summaries and thinned curves of training runs stay until they are deleted."""

from __future__ import annotations

import sqlite3

import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, StoreError, open_store
from ipyvitals.storage.rows import CurveRow
from ipyvitals.training.stored_curves import STORED_BUCKETS


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.sqlite"


@pytest.fixture(params=["memory", "file"])
def monitor(request, make, path):
    """Make a monitor that stores its history in memory, or in a file."""
    return make("churn", store=None if request.param == "memory" else path)


def curve(monitor, run_id, metric):
    found = monitor.curves(run_id)
    return found[found["metric"] == metric]


def test_a_run_that_ended_leaves_its_summary_and_its_curves(monitor, clock):
    with monitor.training(3, stage="Fit", name="night", tags=["b"]) as run:
        for step, loss in enumerate([0.5, 0.2, 0.3], 1):
            clock.advance(1)
            run.update(step, loss=loss)
        assert len(monitor.curves()) == 0  # a curve is stored at the end

    (stored,) = monitor.runs()
    assert (stored.info.name, stored.info.tags, stored.info.state) == ("night", ["b"], "completed")
    assert (stored.info.best["loss"].value, stored.info.best["loss"].step) == (0.2, 2)
    assert stored.info.cost.steps == 3
    found = monitor.curves(stored.run)
    assert found[["step", "seconds", "value"]].to_numpy().tolist() == [
        [1, 1, 0.5], [2, 2, 0.2], [3, 3, 0.3],
    ]  # fmt: skip
    assert found.equals(monitor.curves(run.run_id))


def test_a_lost_run_has_its_curves_up_to_the_last_minute(make, clock, path):
    monitor = make("churn", store=path)
    training, log = monitor._engine.training, monitor._engine.persistence.runs
    run = monitor.training(stage="Fit")
    for step in range(100):
        clock.advance(1)
        run.log(loss=1.0 / (step + 1), step=step)
        training.fold()
        log.store_curves(training.take_stored())
    monitor.flush()
    assert len(monitor.curves()) == 0  # the run is open

    (stored,) = monitor.runs()
    with sqlite3.connect(path) as file:
        # As a process leaves it that was killed.
        file.execute("UPDATE sessions SET pid = 0, born = 0, heartbeat_at = 0")
    with open_store(path) as store:
        (lost,) = store.runs()
        assert (lost.run, lost.state) == (stored.run, "lost")
        assert store.curves(lost.run)["step"].to_list() == list(range(60))
    run.complete()
    assert curve(monitor, run.run_id, "loss")["step"].to_list() == list(range(100))


def test_a_curve_that_is_stored_again_replaces_the_one_that_waits(make, clock):
    monitor = make("churn", store=None)
    training, log = monitor._engine.training, monitor._engine.persistence.runs
    with monitor.training(stage="Fit") as run:
        for _ in range(5):
            clock.advance(61)
            run.log(a=1.0, b=2.0)
            training.fold()
            log.store_curves(training.take_stored())
    rows = [row for row in monitor._engine.persistence._buffer.rows() if type(row) is CurveRow]
    assert [(row.metric, len(row.curve.step)) for row in rows] == [("a", 5), ("b", 5)]
    assert training.take_stored() == ()


def test_a_loop_keeps_its_curve_however_many_runs_follow(monitor):
    with monitor.training(stage="Fit") as run:
        for batch in (bar := monitor.track(range(3), stage="Warmup")):
            bar.log(x=batch)
        for fold in range(120):
            for _ in (inner := monitor.track(range(1), stage=f"Fold {fold}")):
                inner.log(x=fold)
        for batch in (again := monitor.track(range(3), stage="Warmup")):
            again.log(x=10 + batch)
    assert curve(monitor, bar.run.run_id, "x")["value"].to_list() == [0, 1, 2, 10, 11, 12]
    found = monitor.curves()
    folds = found[found["run"] != bar.run.run_id]["value"]
    assert sorted(folds) == list(range(120))
    assert len(run.loops) <= 51  # of others nothing stays in memory


def test_a_long_curve_is_thinned_and_loses_no_spike(monitor):
    with monitor.training(stage="Fit") as run:
        for step in range(5_000):
            run.log({"loss": 1.0 if step != 1_234 else 40.0}, step=step)

    found = curve(monitor, run.run_id, "loss")
    assert 100 < len(found) <= STORED_BUCKETS
    assert (found["high"].max(), found["low"].min()) == (40.0, 1.0)
    assert (found["count"].sum(), found["step"].iloc[-1]) == (5_000, 4_999)


def test_laps_of_an_inner_loop_are_one_curve(monitor):
    with monitor.training(3, stage="Fit") as run:
        for epoch in range(3):
            for batch in (bar := monitor.track(range(2), stage="Batches")):
                bar.log(x=epoch * 10 + batch)
            run.update(epoch + 1)

    inner = next(one for one in monitor.runs() if one.stage == "Batches")
    assert curve(monitor, inner.run, "x")["value"].to_list() == [0, 1, 10, 11, 20, 21]


def test_one_run_can_be_deleted(monitor):
    for name in ("first", "second"):
        with monitor.training(stage="Fit", name=name) as run:
            run.log(loss=0.5)
    first, second = monitor.runs()
    monitor.delete_run(first.run)

    assert [one.info.name for one in monitor.runs()] == ["second"]
    assert set(monitor.history("training")["run"]) == {second.run}
    assert set(monitor.curves()["run"]) == {second.run}
    monitor.delete_run(second.info.run_id)  # the id of a snapshot will do
    assert (monitor.runs(), len(monitor.history("training"))) == ([], 0)


def test_what_cannot_be_deleted_is_refused(monitor):
    with monitor.training(stage="Fit"):
        (stored,) = monitor.runs()
        with pytest.raises(ArgumentValueError, match="stop it first"):
            monitor.delete_run(stored.run)
    with pytest.raises(ArgumentValueError, match="no run has this id"):
        monitor.delete_run("nothing")
    with pytest.raises(ArgumentTypeError, match="got int"):
        monitor.delete_run(7)
    assert len(monitor.runs()) == 1


def test_a_file_alone_will_do(make, path, clock):
    with make("churn", store=path) as monitor, monitor.training(stage="Fit") as run:
        run.log(loss=0.5)
    clock.advance(1)
    with make("fraud", name="other", store=path) as other, other.training(stage="Fit") as fraud:
        fraud.log(loss=0.7)

    with open_store(path) as store:
        assert store.curves(monitor="other")["value"].to_list() == [0.7]
        ended = store.history("events")
        assert sum(data.get("run_id") == run.run_id for data in ended["data"]) > 0
        store.delete_run(run.run_id)
        assert [one.monitor for one in store.runs()] == ["other"]
        assert store.curves()["value"].to_list() == [0.7]
        left = store.history("events")["data"]
        assert not any(data.get("run_id") == run.run_id for data in left)
    with pytest.raises(StoreError):
        store.delete_run(fraud.run_id)  # closed


def test_a_new_kernel_lists_the_runs_of_the_former_one(make, path):
    with make("churn", store=path) as monitor, monitor.training(stage="Fit") as run:
        run.log(loss=0.5)
    after = make("churn", store=path)

    assert [one.info.run_id for one in after.runs()] == [run.run_id]
    after.delete_run(run.run_id)
    assert after.runs() == []


def test_runs_of_another_model_are_there_on_request(make, path):
    def train(monitor, loss):
        with monitor.training(1) as run:
            run.update(1, loss=loss)
        monitor.close()

    nameless = make(store=path)
    nameless.record(1, 1)
    train(nameless, 0.4)
    train(make("fraud", store=path), 0.3)
    train(make("churn", version="1.0", store=path), 0.2)
    train(make("churn", version="1.0", name="other notebook", store=path), 0.1)

    churn = make("churn", version="2.0", store=path)
    assert [run.metrics["loss"] for run in churn.runs()] == [0.4, 0.2]
    assert churn.history("training")["value"].dropna().to_list() == [0.4, 0.2]
    assert churn.curves()["value"].to_list() == [0.4, 0.2]
    fraud, own = churn.runs(model="fraud"), churn.runs(model="churn")
    assert [run.metrics["loss"] for run in (*fraud, *own)] == [0.3, 0.2]
    assert churn.curves(fraud[0].run)["value"].to_list() == [0.3]

    # A deployment adds a model; a monitor without one has the runs of all.
    churn.deploy("fraud")
    assert [run.metrics["loss"] for run in churn.runs()] == [0.4, 0.3, 0.2]
    churn.close()
    assert [run.metrics["loss"] for run in make(store=path).runs()] == [0.4, 0.3, 0.2]
    assert len(open_store(path).runs()) == 4
