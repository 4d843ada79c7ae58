"""A champion, its challengers and two hundred others, each with its own metrics."""

from __future__ import annotations

import pytest

from ipyvitals import Thresholds, UnknownModelError


@pytest.fixture
def pair(make):
    """An active champion, and a challenger with the same input."""
    monitor = make()
    monitor.deploy("challenger")
    monitor.deploy("champion")
    return monitor


@pytest.fixture
def row():
    return lambda monitor, model_id: next(
        model for model in monitor.models() if model.model_id == model_id
    )


class TestChampionAndChallenger:
    def test_each_has_totals_window_rate_latency_and_errors_of_its_own(self, pair, row, clock):
        pair.record_batch([1] * 10, [1] * 9 + [0], latency=0.1)
        pair.record_batch([1] * 4, [1, 0, 0, 0], latency=2.0, model_id="challenger")
        pair.record_error(model_id="challenger")
        pair.record(1, id="late", model_id="challenger")
        clock.advance(1.0)

        champion, challenger = row(pair, "champion"), row(pair, "challenger")
        assert (champion.total_predictions, challenger.total_predictions) == (10, 5)
        assert (champion.current_accuracy, challenger.current_accuracy) == (0.9, 0.25)
        assert (champion.predictions_per_minute, challenger.predictions_per_minute) == (10, 5)
        assert champion.latency_p95_seconds == pytest.approx(0.1, rel=0.01)
        assert challenger.latency_p95_seconds == pytest.approx(2.0, rel=0.01)
        assert (champion.total_errors, challenger.total_errors) == (0, 1)
        assert (champion.label_coverage, challenger.label_coverage) == (1.0, 0.8)
        assert (champion.labels_pending, challenger.labels_pending) == (0, 1)

    def test_each_has_a_status_of_its_own(self, pair, row, clock, events_of):
        pair.record_batch([1] * 100, [0] * 100, model_id="challenger")
        pair.record_batch([1] * 100, [1] * 100)
        assert (row(pair, "champion").status, row(pair, "challenger").status) == (
            "active",
            "degraded",
        )
        assert pair.snapshot().model.status == "active"
        change = events_of(pair, "model_status_change")[-1]
        assert (change.model_id, change.new_status) == ("challenger", "degraded")
        clock.advance(301.0)
        pair.record(1, 1, model_id="challenger")
        pair.tick()

        assert (row(pair, "champion").status, row(pair, "challenger").status) == (
            "idle",
            "degraded",
        )

    def test_the_errors_of_one_are_no_errors_of_the_other(self, pair, row):
        for _ in range(40):
            pair.record_error(model_id="challenger")
            pair.record(1, 1)
        for _ in range(3):
            pair.tick()

        assert row(pair, "challenger").reason == "Error rate rose above threshold"
        assert row(pair, "champion").status == "active"

    def test_deploying_the_challenger_makes_it_active_and_keeps_both(self, pair, row):
        pair.record_batch([1] * 10, [1] * 10)
        pair.deploy("challenger")
        pair.record(1, 0)

        assert [model.model_id for model in pair.models() if model.active] == ["challenger"]
        assert pair.snapshot().model.model_id == "challenger"
        assert row(pair, "champion").total_predictions == 10
        assert row(pair, "challenger").total_predictions == 1

    def test_the_former_champion_may_still_be_asked(self, pair, row):
        pair.deploy("challenger")
        pair.record(1, 1, model_id="champion")

        assert row(pair, "champion").total_predictions == 1

    def test_an_unknown_model_is_refused_by_every_call(self, pair):
        for call in (
            lambda: pair.record(1, 1, model_id="nobody"),
            lambda: pair.record_batch([1], [1], model_id="nobody"),
            lambda: pair.record_error(model_id="nobody"),
            lambda: pair.retire("nobody"),
            lambda: pair.acknowledge("nobody"),
        ):
            with pytest.raises(UnknownModelError, match=r"such as 'challenger', 'champion'"):
                call()

        assert [model.total_predictions for model in pair.models()] == [0, 0]


class TestBaseline:
    def test_each_is_compared_with_its_own_baseline(self, make, row, events_of):
        monitor = make(thresholds=Thresholds(accuracy=0.5, baseline_drop=0.1))
        monitor.deploy("modest", baseline_accuracy=0.7)
        monitor.deploy("ambitious", baseline_accuracy=0.99)
        for model_id in ("modest", "ambitious"):
            monitor.record_batch([1] * 200, ([1] * 3 + [0]) * 50, model_id=model_id)

        assert row(monitor, "modest").status == "active"
        ambitious = row(monitor, "ambitious")
        assert ambitious.reason == "Accuracy dropped too far below its baseline"
        assert ambitious.accuracy_threshold == pytest.approx(0.89)
        change = events_of(monitor, "model_status_change")[-1]
        assert (change.rule, change.threshold) == ("baseline", pytest.approx(0.89))

    def test_without_one_there_is_nothing_to_fall_below(self, make):
        monitor = make("churn", thresholds=Thresholds(accuracy=None))
        monitor.record_batch([1] * 200, [0] * 200)

        assert monitor.active_model.status == "active"
        assert monitor.active_model.accuracy_threshold is None

    def test_a_new_baseline_counts_from_then_on(self, make):
        monitor = make(thresholds=Thresholds(accuracy=None))
        monitor.deploy("churn", baseline_accuracy=0.99)
        monitor.deploy("churn", baseline_accuracy=0.5)
        monitor.record_batch([1] * 200, [1, 0] * 100)

        assert monitor.active_model.status == "active"


class TestRetire:
    def test_a_retired_model_serves_no_more_and_stays_to_be_compared(self, pair, row, events_of):
        pair.record_batch([1] * 10, [1] * 10, model_id="challenger")
        pair.retire("challenger")

        retired = row(pair, "challenger")
        assert (retired.status, retired.reason) == ("stopped", "Retired")
        assert (retired.total_predictions, retired.current_accuracy) == (10, 1.0)
        assert retired.deployed_at is not None
        change = events_of(pair, "model_status_change")[-1]
        assert (change.model_id, change.old_status, change.new_status) == (
            "challenger",
            "active",
            "stopped",
        )
        assert pair.snapshot().model.model_id == "champion"

    def test_what_it_predicts_all_the_same_is_counted_and_revives_it_not(self, pair, row, clock):
        pair.retire("challenger")
        pair.record(1, 1, model_id="challenger")
        clock.advance(400)
        pair.tick()

        assert (row(pair, "challenger").total_predictions, row(pair, "challenger").status) == (
            1,
            "stopped",
        )

    def test_twice_is_as_once(self, pair, events_of):
        pair.retire("challenger")
        before = len(pair.events())
        pair.retire("challenger")

        assert len(pair.events()) == before

    def test_deploying_brings_it_back(self, pair, row):
        pair.retire("challenger")
        pair.deploy("challenger")

        assert (row(pair, "challenger").status, row(pair, "challenger").reason) == (
            "active",
            "Deployed",
        )

    def test_the_active_one_may_be_retired_too(self, pair):
        pair.retire("champion")

        assert pair.active_model.status == "stopped"
        assert pair.snapshot().model.status == "stopped"


class TestAcknowledge:
    def test_one_of_them(self, pair, row, clock):
        for model_id in ("champion", "challenger"):
            pair.record_batch([1] * 100, [0] * 100, model_id=model_id)
        pair.snapshot()
        clock.advance(5)
        assert pair.acknowledge("challenger")
        assert not pair.acknowledge("challenger")

        assert row(pair, "challenger").acknowledged_at == clock.time()
        assert row(pair, "champion").acknowledged_at is None
        assert pair.acknowledge()
        assert row(pair, "champion").acknowledged_at == clock.time()

    def test_is_forgotten_with_the_next_change(self, pair, row):
        pair.record_batch([1] * 100, [0] * 100, model_id="challenger")
        pair.snapshot()
        pair.acknowledge("challenger")
        pair.retire("challenger")

        assert row(pair, "challenger").acknowledged_at is None

    def test_stays_while_nothing_changes(self, pair, row, clock):
        pair.record_batch([1] * 100, [0] * 100, model_id="challenger")
        pair.snapshot()
        pair.acknowledge("challenger")
        for _ in range(20):
            clock.advance(100)
            pair.tick()

        assert row(pair, "challenger").acknowledged_at is not None


class TestTwoHundred:
    def test_each_is_counted_and_listed(self, make, clock):
        monitor = make()
        for number in range(200):
            monitor.deploy(f"m{number}")
        for number in range(200):
            model_id = f"m{number}"
            monitor.record_batch([1] * (number + 1), [1] * (number + 1), model_id=model_id)
            monitor.record(1, id=number, model_id=model_id)
        rows = monitor.models()
        assert [one.model_id for one in rows] == [f"m{number}" for number in range(200)]
        assert [one.total_predictions for one in rows] == [number + 2 for number in range(200)]
        assert {one.labels_pending for one in rows} == {1}

    def test_rows_of_dormant_models_are_rebuilt_only_after_a_change(self, make, clock):
        monitor = make()
        for number in range(200):
            monitor.deploy(f"m{number}")
        monitor.flush()
        clock.advance(400)
        monitor.flush()
        before = monitor.snapshot()
        assert {one.status for one in before.models} == {"idle"}
        monitor.record(1, 0, model_id="m7")
        clock.advance(1)
        monitor.flush()
        after = monitor.snapshot()

        assert [one.model_id for one in after.delta(before).models] == ["m7"]
        # Rows of unchanged models are the same objects as before.
        assert (
            sum(one is other for one, other in zip(before.models, after.models, strict=True)) == 199
        )
