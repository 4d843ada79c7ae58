"""Runs that stall and metrics that are not finite, by a clock that only the test moves."""

from __future__ import annotations

from math import inf, nan

import pytest

from ipyvitals import Thresholds


def stand_still(bench, seconds):
    """Let time pass, looked at ten times a second as the scheduler does."""
    for _ in range(round(seconds * 10)):
        bench.clock.advance(0.1)
        bench.training.look()


def steps(bench, run, count, seconds=1.0):
    for _ in range(count):
        bench.clock.advance(seconds)
        run.update(advance=1)
        bench.training.look()


class TestStalled:
    def test_a_run_without_a_step_is_told_once_and_when_it_goes_on(self, bench):
        run = bench.start(100)
        steps(bench, run, 20)
        stand_still(bench, 29.9)
        assert bench.alerts == []
        stand_still(bench, 60)
        (alert,) = bench.alerts
        assert (alert.run_id, alert.kind, alert.metric) == (run.run_id, "stalled", None)
        assert (alert.value, alert.step) == (1.0, 20)
        assert alert.reason == "No step for 30 s; a step usually takes 1 s"
        assert bench.runs[0].alert.kind == "stalled"
        assert bench.runs[0].alert.at == pytest.approx(bench.clock.time() - 89.9, abs=0.2)
        steps(bench, run, 1, 0.1)
        assert bench.alerts[1].kind == "recovered"
        assert bench.alerts[1].value == pytest.approx(90.0, abs=0.2)
        assert bench.runs[0].alert is None

    def test_slow_steps_have_ten_times_as_long(self, bench):
        run = bench.start(100)
        steps(bench, run, 10, 20.0)
        stand_still(bench, 199)
        assert bench.alerts == []
        stand_still(bench, 2)
        assert [alert.kind for alert in bench.alerts] == ["stalled"]

    def test_before_its_first_step_a_run_has_stalled_after_the_shortest_time(self, bench):
        run = bench.start(100)
        stand_still(bench, 29.8)
        assert bench.alerts == []
        stand_still(bench, 60)
        (alert,) = bench.alerts
        assert (alert.kind, alert.value, alert.step) == ("stalled", None, 0)
        assert alert.reason == "No step in the 30 s since it began"
        assert bench.runs[0].alert.at == pytest.approx(run.record.started_at, abs=0.2)
        steps(bench, run, 1, 0.1)
        assert [alert.kind for alert in bench.alerts] == ["stalled", "recovered"]

    def test_a_loop_that_hangs_before_its_first_step_says_where(self, bench):
        def items():
            stand_still(bench, 31)
            yield 1

        for _ in bench.track(items()):
            pass
        for _ in bench.track([1]):
            stand_still(bench, 31)
        stalls = [alert.reason for alert in bench.alerts if alert.kind == "stalled"]
        assert stalls == [
            "No step in the 30 s since it began: the loop waits for its first item",
            "No step in the 30 s since it began: the body of the loop runs",
        ]

    def test_a_run_that_is_not_to_make_steps_does_not_stall(self, bench):
        bench.start()
        outer = bench.start(3, parent=None)
        for _ in bench.track(range(3), parent=outer):
            bench.clock.advance(1.0)
            bench.training.look()
        # The outer run has steps of its loop, and no pace of its own to be judged by.
        stand_still(bench, 100)
        assert bench.alerts == []

    def test_it_tells_whether_the_loop_waits_or_its_body_runs(self, bench):
        def items():
            for step in range(12):
                if step == 11:
                    stand_still(bench, 31)
                yield step

        for step in bench.track(items()):
            bench.clock.advance(1.0)
            bench.training.look()
            if step == 10:
                stand_still(bench, 31)
        reasons = [alert.reason_code for alert in bench.alerts]
        assert reasons == [
            *("run.stalled_body", "run.steps_again", "run.stalled_iterable", "run.steps_again")
        ]

    def test_a_loop_that_waits_for_an_item_has_completed_those_before(self, bench):
        seen = []

        def items():
            for step in range(12):
                if step == 11:
                    stand_still(bench, 31)
                    seen.append((bench.runs[0].current, bench.alerts[-1].step))
                yield step

        for _ in bench.track(items(), total=12):
            seen.append(bench.runs[0].current)
            bench.clock.advance(1.0)
            bench.training.look()
        assert seen == [*range(11), (11, 11), 11]
        assert bench.runs[0].current == 12

    def test_of_nested_loops_the_one_that_hangs_is_named(self, bench):
        for _ in bench.track(range(2), stage="Epochs"):
            for batch in bench.track(range(20), stage="Batches"):
                bench.clock.advance(1.0)
                bench.training.look()
                if batch == 15:
                    inner = bench.training.open_runs[-1].run_id
                    stand_still(bench, 31)
                    break
            break
        assert {alert.run_id for alert in bench.alerts} == {inner}

    def test_during_a_run_aside_and_right_after_it_nothing_has_stalled(self, bench):
        outer = bench.start(10)
        inner = bench.start(10, stage="Batch", parent=outer)
        steps(bench, inner, 5)
        validation = bench.start(stage="Validate", parent=outer, aside=True)
        stand_still(bench, 120)
        validation.complete()
        stand_still(bench, 20)
        assert bench.alerts == []
        stand_still(bench, 20)
        assert [alert.kind for alert in bench.alerts] == ["stalled"]

    def test_a_run_that_has_ended_is_not_stalled(self, bench):
        run = bench.start(100)
        steps(bench, run, 5)
        stand_still(bench, 31)
        run.stop()
        assert bench.runs[0].alert is None

    def test_it_can_be_turned_off_and_made_longer(self, bench):
        run = bench.start(100)
        bench.training.judge(Thresholds(stall=None))
        steps(bench, run, 5)
        stand_still(bench, 100)
        assert bench.alerts == []
        bench.training.judge(Thresholds(stall=120.0))
        stand_still(bench, 19)
        assert bench.alerts == []
        stand_still(bench, 2)
        assert len(bench.alerts) == 1


class TestNotFinite:
    @pytest.mark.parametrize(
        ("value", "kind", "word"),
        [(nan, "nan", "NaN"), (inf, "inf", "inf"), (-inf, "-inf", "-inf")],
    )
    def test_the_first_step_and_the_last_finite_value_are_told(self, bench, value, kind, word):
        run = bench.start()
        run.update(1_203, loss=2.314, acc=0.5)
        for step in range(1_204, 1_210):
            run.update(step, loss=value, acc=0.5)
        bench.training.look()
        (alert,) = bench.alerts
        assert (alert.kind, alert.metric) == ("not_finite", "loss")
        assert (alert.step, alert.value) == (1_204, 2.314)
        assert alert.reason == f"loss is not finite from step 1,204 ({word}); it was 2.314 before"
        row = bench.runs[0]
        assert alert.not_finite_kind == row.alert.not_finite_kind == kind
        assert (row.alert.kind, row.alert.step) == ("not_finite", 1_204)
        assert row.metrics == {"loss": None, "acc": 0.5}

    def test_a_metric_that_was_never_finite(self, bench):
        bench.start().update(1, loss=nan)
        bench.training.look()
        assert bench.alerts[0].reason == "loss is not finite from step 1 (NaN)"
        assert bench.alerts[0].value is None

    def test_each_metric_is_told_and_recovers_by_itself(self, bench):
        run = bench.start()
        run.update(1, loss=nan, acc=inf)
        run.update(2, loss=1.5, acc=inf)
        bench.training.look()
        assert [(alert.kind, alert.metric) for alert in bench.alerts] == [
            ("not_finite", "loss"),
            ("not_finite", "acc"),
            ("recovered", "loss"),
        ]
        assert (bench.alerts[2].value, bench.alerts[2].step) == (1.5, 2)
        assert bench.runs[0].alert.metric == "acc"

    def test_an_unknown_value_is_no_alert(self, bench):
        run = bench.start()
        run.update(1, loss=None)
        bench.training.look()
        assert bench.alerts == []

    def test_it_can_be_turned_off(self, bench):
        bench.training.judge(Thresholds(not_finite=False))
        bench.start().update(1, loss=nan)
        bench.training.look()
        assert (bench.alerts, bench.runs[0].alert) == ([], None)


class TestTheEndOfTheRun:
    def test_no_stall_outlives_its_run(self, bench):
        run = bench.start(100)
        steps(bench, run, 5)
        stand_still(bench, 31)
        assert bench.runs[0].alert.kind == "stalled"
        run.stop()
        assert bench.runs[0].alert is None
        assert [alert.kind for alert in bench.alerts] == ["stalled"]  # nothing has recovered

    def test_a_metric_that_was_not_finite_at_the_end_is_a_fact_of_the_run(self, bench):
        run = bench.start()
        run.update(1, loss=nan, acc=nan)
        run.update(2, acc=0.5)
        run.complete()
        (row,) = bench.runs
        assert (row.alert.kind, row.alert.metric) == ("not_finite", "loss")

    def test_a_metric_that_recovered_is_none(self, bench):
        run = bench.start()
        run.update(1, loss=nan)
        run.update(2, loss=0.5)
        run.complete()
        assert bench.runs[0].alert is None
