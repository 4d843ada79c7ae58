"""The same model in a new kernel resumes from the stored state."""

from __future__ import annotations

import sqlite3

import msgspec
import numpy as np
import pytest

from ipyvitals import FakeClock, Monitor, Thresholds
from tests.unit.storage.places import read_only

RESUMED = ("resumed_from_at", "resumed_predictions")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.sqlite"


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Let a busy machine take longer to read the file."""
    monkeypatch.setattr("ipyvitals.runtime.persistence.RESTORE_SECONDS", 30.0)
    return lambda seconds: monkeypatch.setattr(
        "ipyvitals.runtime.persistence.RESTORE_SECONDS", seconds
    )


@pytest.fixture
def kernel(make, path, clock):
    """Make a monitor as a new kernel does, an hour after the last one ended."""

    def begin(*args, **kwargs):
        clock.advance(3_600)
        return make(*args, **{"store": path, **kwargs})

    return begin


def resumed(monitor):
    """Return the metrics that are resumed."""
    snapshot = monitor.snapshot()
    model, metrics = snapshot.model, snapshot.metrics
    names = (
        *("current_accuracy", "accuracy_low", "window_labelled", "total_labelled", "mae", "rmse"),
        *("total_predictions", "total_errors", "model_health", "segments", "label_coverage"),
        *("median_label_delay_seconds", "accuracy_threshold"),
    )
    return {
        **{name: getattr(metrics, name) for name in names},
        **{
            name: getattr(model, name)
            for name in model.__struct_fields__
            if name not in ("uptime_seconds", "watching_since", *RESUMED)
        },
        "durations": snapshot.durations,
    }


def degrade(monitor, serve):
    monitor.record_error(model_id=None)
    monitor.record(1, id="late", latency=0.2, segment="EU")
    monitor.label("late", 1)
    serve(monitor, 50, 40)
    assert monitor.snapshot().model.status == "degraded"


@pytest.mark.parametrize("how", ["constructor", "deploy", "model_id"])
def test_it_goes_on_with_everything_that_lasts(kernel, serve, how, clock):
    def begin():
        if how == "constructor":
            return kernel("churn", version="2.1", trained_at=5.0)
        monitor = kernel()
        if how == "deploy":
            monitor.deploy("churn", version="2.1", trained_at=5.0, baseline_accuracy=0.99)
        else:
            monitor.deploy("whatever", model_id="mine")
        return monitor

    first = begin()
    degrade(first, serve)
    before = resumed(first)
    first.close()

    second = begin()
    snapshot = second.snapshot()

    assert resumed(second) == before
    assert snapshot.metrics.predictions_per_minute == 0
    assert snapshot.model.uptime_seconds == 0
    assert [event.type for event in second.events()] in ([], ["model_deployed"])
    serve(second, 150)
    assert second.snapshot().model.status == "active"


def test_it_says_from_when_and_from_how_many_predictions(kernel, clock):
    first = kernel("churn", version="1.0")
    first.record_batch([1] * 200)
    before = first.snapshot().model
    assert (before.resumed_from_at, before.resumed_predictions) == (None, None)
    assert "Goes on" not in repr(first)
    first.close()
    left = clock.time()

    second = kernel("churn", version="1.0")
    second.record_batch([1] * 200)
    now = second.snapshot()
    assert (now.model.resumed_from_at, now.model.resumed_predictions) == (left, 200)
    assert now.metrics.total_predictions == 400
    assert "200 predictions; another version= or name= begins anew" in repr(second)
    second.deploy("churn", "1.0")
    assert second.snapshot().model.resumed_predictions == 200  # totals go on
    second.close()

    for other in (kernel("churn", version="1.1"), kernel("churn", version="1.0", name="other")):
        other.record(1)
        assert other.snapshot().model.resumed_predictions is None
        assert other.snapshot().metrics.total_predictions == 1


def test_regression_goes_on(kernel):
    first = kernel("price", task="regression", tolerance=1.0)
    first.record_batch([1.0, 2.0, 3.0], [1.5, 4.0, 3.0])
    before = resumed(first)
    first.close()

    second = kernel("price", task="regression", tolerance=1.0)
    assert resumed(second) == before
    assert before["mae"] == pytest.approx(2.5 / 3)


def test_the_charts_go_on(kernel, serve, clock):
    first = kernel("churn")
    for _ in range(3):
        clock.advance(1)
        serve(first, 1)
        first.tick()
    first.close()
    moments = first._engine.history.columns()["at"]

    second = kernel("churn")
    second.tick()

    columns = second._engine.history.columns()
    assert columns["at"][:3] == moments
    assert columns["predictions_per_minute"] == [1, 2, 3, None, 0]
    assert columns["memory_percent"][0] is not None


def test_an_end_without_a_goodbye_is_an_end_too(path, clock, serve):
    # The state that a kill leaves; test_processes kills processes at any moment.
    first = Monitor("churn", interval=None, clock=clock, store=path)
    serve(first, 50, 40)
    assert first.flush()
    first._engine.persistence._client._queue.closing = True
    first._engine.persistence._client.wake()
    first._engine.closed = True

    with Monitor("churn", interval=None, clock=clock, store=path) as second:
        snapshot = second.snapshot()
    assert (snapshot.metrics.total_labelled, snapshot.model.status) == (90, "degraded")


class TestAnotherModel:
    @pytest.mark.parametrize(
        ("model", "options"),
        [
            ("churn", {"version": "2.2"}),
            ("rival", {"version": "2.1"}),
            ("churn", {"version": "2.1", "name": "other"}),
            ("churn", {"version": "2.1", "store": None}),
        ],
    )
    def test_another_one_does_not(self, kernel, serve, model, options):
        first = kernel("churn", version="2.1")
        serve(first, 3)
        first.close()

        assert resumed(kernel(model, **options))["total_predictions"] == 0

    def test_a_model_without_a_name_does_not(self, kernel, serve):
        first = kernel()
        serve(first, 3)
        first.close()

        second = kernel()
        assert resumed(second)["total_predictions"] == 0
        serve(second, 1)
        assert second.history()["total_predictions"].to_list()[-1] == 1

    def test_all_models_of_a_monitor_do(self, kernel, serve):
        first = kernel("champion")
        first.deploy("challenger")
        serve(first, 3)
        first.record(1, 1, model_id="champion")
        first.retire("champion")
        first.close()

        second = kernel("champion")
        second.deploy("challenger")
        rows = {row.model_id: row for row in second.models()}
        assert rows["champion"].total_predictions == 1
        assert rows["champion"].status == "registered"
        assert (rows["challenger"].total_predictions, rows["challenger"].status) == (3, "active")


class TestWhatIsSaidAgain:
    def test_trained_anew_begins_anew_but_for_totals(self, kernel, serve):
        first = kernel("churn", trained_at=5.0)
        degrade(first, serve)
        first.close()

        second = kernel("churn", trained_at=6.0)

        now = resumed(second)
        assert (now["trained_at"], now["status"], now["window_labelled"]) == (6.0, "registered", 0)
        assert (now["total_predictions"], now["total_errors"]) == (91, 1)
        assert sum(now["durations"].counts) == 1

    def test_to_deploy_it_again_begins_anew_as_ever(self, kernel, serve):
        first = kernel("churn")
        serve(first, 3)
        first.close()

        second = kernel("churn")
        assert resumed(second)["window_labelled"] == 3
        second.deploy("churn")
        assert resumed(second)["window_labelled"] == 0
        assert resumed(second)["total_labelled"] == 3

    def test_other_thresholds_hold(self, kernel, serve, moves):
        first = kernel("churn")
        degrade(first, serve)
        first.close()

        second = kernel("churn", thresholds=Thresholds(accuracy=None))

        second.snapshot()
        assert moves(second) == [("degraded", "active", "Thresholds changed")]


def test_the_same_cell_again_goes_on(kernel, serve):
    for total in (3, 6, 9):
        monitor = kernel("churn")
        serve(monitor, 3)
        assert resumed(monitor)["total_predictions"] == total


def test_a_reset_is_not_undone(kernel, serve):
    first = kernel("churn")
    degrade(first, serve)
    first.reset()
    first.close()

    now = resumed(kernel("churn"))
    assert (now["status"], now["window_labelled"], now["total_labelled"]) == ("active", 0, 91)


class TestDrift:
    @pytest.fixture
    def rows(self):
        random = np.random.default_rng(3)
        return lambda mean, n: random.normal(mean, 1.0, n)

    def test_rows_are_compared_with_the_reference_of_the_first_kernel(self, kernel, rows):
        first = kernel("price", drift=True)
        first.record_batch(rows(0, 1_500), features={"size": rows(5, 1_500)})
        first.tick()
        assert first.snapshot().drift.state == "watching"
        first.close()

        second = kernel("price", drift=True)
        assert (second.snapshot().drift.state, second.snapshot().drift.reference_rows) == (
            "watching", 1_000,
        )  # fmt: skip
        second.record_batch(rows(1, 1_500), features={"size": rows(5, 1_500)})
        second.tick()
        assert second.snapshot().model.reason == "Drift of predictions"

    def test_what_has_drifted_stays_so_until_looks_turn_it(self, kernel, rows):
        first = kernel("price", drift=True)
        for mean in (0, 1):
            first.record_batch(rows(mean, 1_500), features={"kind": ["a", "b", "c"] * 500})
        first.tick()
        first.close()

        second = kernel("price", drift=True)
        assert second.snapshot().drift.state == "drifted"
        assert second.snapshot().model.status == "degraded"
        second.record_batch(rows(0, 1_500), features={"kind": ["a", "b", "c"] * 500})
        second.tick()
        assert (second.snapshot().drift.state, second.snapshot().model.status) == (
            "watching", "active",
        )  # fmt: skip

    def test_a_new_deployment_has_a_new_reference(self, kernel, rows):
        first = kernel("price", drift=True)
        first.record_batch(rows(0, 1_500))
        first.flush()
        first.deploy("price")
        first.close()

        assert kernel("price", drift=True).snapshot().drift.state == "collecting"

    @pytest.mark.parametrize("options", [{"trained_at": 6.0}, {"drift": False}])
    def test_it_is_not_asked_for_or_another_one(self, kernel, rows, options):
        first = kernel("price", drift=True, trained_at=5.0)
        first.record_batch(rows(0, 1_500))
        first.close()

        second = kernel("price", **{"drift": True, **options})
        assert second.snapshot().drift.state in ("collecting", "off")

    def test_a_reference_of_things_begins_anew(self, kernel):
        first = kernel("price", drift=True)
        first.record_batch([("a", 1), ("b", 2)] * 750)
        first.close()

        assert kernel("price", drift=True).snapshot().drift.state == "collecting"


class TestADiskThatTakesItsTime:
    def test_nothing_is_lost_though_the_end_comes_before_the_answer(self, kernel, serve, patience):
        patience(0.0)
        for _ in range(3):
            monitor = kernel("churn")
            serve(monitor, 3)
            monitor.close()

        with_time = kernel("churn")
        with_time.flush()
        assert resumed(with_time)["total_predictions"] == 9

    def test_what_comes_late_is_put_before_what_was_seen(self, kernel, path, serve, patience):
        first = kernel("churn", version="2.1", trained_at=5.0)
        degrade(first, serve)
        first.close()
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            patience(0.01)
            second = kernel("churn", version="2.1")
            assert resumed(second)["total_predictions"] == 0
            serve(second, 2)
            # The few new records must not replace the state in the file.
            second.tick()
            other.execute("COMMIT")
        other.close()
        second.flush()
        second.tick()

        now = resumed(second)
        assert (now["total_predictions"], now["trained_at"]) == (93, 5.0)
        assert (now["window_labelled"], now["status"]) == (93, "degraded")
        second.close()
        patience(30.0)
        assert resumed(kernel("churn", version="2.1"))["total_predictions"] == 93

    def test_a_monitor_begins_though_the_disk_does_not_answer(self, kernel, path, serve, clock):
        with read_only(path.parent):
            monitor = kernel("churn")
            serve(monitor, 3)
            assert resumed(monitor)["total_predictions"] == 3


class TestAStateThatCannotBeRead:
    def test_the_model_starts_without_state_and_shows_a_notice(self, kernel, path, serve, notice):
        first = kernel("churn")
        serve(first, 3)
        first.close()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE models SET head = ?", (msgspec.msgpack.encode({"v": 99}),))
        connection.close()

        second = kernel("churn")

        assert resumed(second)["total_predictions"] == 0
        assert notice(second, "store.state") == 1

    @pytest.mark.parametrize("broken", [b"nonsense", msgspec.msgpack.encode([1, []])])
    def test_nor_does_half_of_it_count(self, kernel, path, serve, notice, broken):
        first = kernel("churn", drift=True)
        serve(first, 2_000)
        first.close()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE models SET reference = ?", (broken,))
        connection.close()

        second = kernel("churn", drift=True)
        assert resumed(second)["total_predictions"] == 0
        assert notice(second, "store.state") == 1


def test_windows_of_very_many_labels_are_written_less_often(kernel, serve, clock, monkeypatch):
    monitor = kernel("churn", accuracy_window=1_000_000, score=lambda prediction, actual: 0.5)
    saved = []
    monkeypatch.setattr(monitor._engine.persistence._client, "save", saved.append)
    serve(monitor, 0, 250_000)
    for _ in range(25):
        clock.advance(1)
        serve(monitor, 1)
        monitor._engine.keep()

    assert [state.total_predictions for state in saved] == list(range(250_001, 250_026))
    assert 1 <= sum(state.body is not None for state in saved) <= 3


def test_rows_are_stored_each_second_and_checkpoints_with_each_save(
    kernel, serve, clock, monkeypatch
):
    monitor = kernel("churn")
    saved, woken = [], []
    monkeypatch.setattr(monitor._engine.persistence._client, "save", saved.append)
    monkeypatch.setattr(
        monitor._engine.persistence._client, "wake", lambda: woken.append(len(saved))
    )
    serve(monitor, 5)
    monitor._engine.keep(save=False)
    # Long enough that nothing changes any more, not even the predictions of the last minute.
    for _ in range(2):
        clock.advance(61)
        monitor._engine.keep(save=False)
    assert (saved, woken) == ([], [])
    for _ in range(2):
        monitor._engine.keep()

    assert [state.total_predictions for state in saved] == [5]
    assert woken == [1, 1]


def test_very_many_rows_do_not_wait(kernel, monkeypatch):
    monitor = kernel("churn", store_predictions=True)
    woken = []
    monkeypatch.setattr(monitor._engine.persistence._client, "wake", lambda: woken.append(True))
    monitor.record_batch([1] * 10_000)
    monitor._engine.keep(save=False)

    assert woken == [True]


def test_the_wall_clock_alone_may_jump(make, path, serve):
    for jump in (86_400, -86_400):
        clock = FakeClock()
        clock.set_wall(clock.time() + jump)
        monitor = make("churn", store=path, clock=clock)
        serve(monitor, 3)
        monitor.close()

    assert resumed(make("churn", store=path))["total_predictions"] == 6
