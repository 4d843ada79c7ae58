"""Runs, loops and loops inside loops, and the one section that shows them."""

from __future__ import annotations

import gc
from threading import Thread

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.schema import TrainingSection
from ipyvitals.training.curves import Curve
from tests.unit.training.bench import Bench


def stream(n):
    """An iterable without length."""
    yield from range(n)


class TestRun:
    def test_before_any_run_the_system_is_ready(self, bench):
        assert bench.now == TrainingSection()
        assert not bench.training.running

    def test_a_run_goes_from_start_to_end(self, bench):
        run = bench.start(10, stage="Fitting", details="fold 1")
        assert bench.training.running
        bench.clock.advance(2.0)
        run.update(4, loss=0.5)
        now = bench.now
        assert (now.state, now.stage, now.details) == ("running", "Fitting", "fold 1")
        assert (now.current, now.total, now.progress) == (4, 10, 40.0)
        assert (now.rate_per_second, now.elapsed_seconds) == (2.0, 2.0)
        assert now.eta_seconds == pytest.approx(3.0)
        assert now.metrics == {"loss": 0.5}
        bench.clock.advance(3.0)
        run.update(10, loss=0.25)
        run.complete("done")
        assert not bench.training.running
        (last,) = bench.ended
        assert last == bench.now
        assert (last.state, last.progress, last.current, last.details) == (
            "completed",
            100.0,
            10,
            "done",
        )
        assert (last.rate_per_second, last.eta_seconds, last.elapsed_seconds) == (2.0, None, 5.0)
        assert last.metrics == {"loss": 0.25}

    def test_what_is_left_out_of_an_update_stays(self, bench):
        run = bench.start(10, stage="Fitting", details="fold 1")
        run.update(3, loss=0.5)
        run.update(advance=2, stage="Pruning")
        run.update(details="fold 2", accuracy=0.9)
        now = bench.now
        assert (now.current, now.stage, now.details) == (5, "Pruning", "fold 2")
        assert now.metrics == {"loss": 0.5, "accuracy": 0.9}

    def test_every_change_calls_back(self, bench):
        run = bench.start(10)
        run.update(1)
        run.update(loss=1.0)
        assert bench.changes == 3
        run.complete()
        assert len(bench.ended) == 1

    def test_without_a_total_progress_is_unknown_until_the_end(self, bench):
        run = bench.start()
        bench.clock.advance(1.0)
        run.update(5)
        assert (bench.now.progress, bench.now.eta_seconds) == (None, None)
        assert bench.now.rate_per_second == 5.0
        run.complete()
        assert bench.now.progress == 100.0

    def test_more_steps_than_the_total_are_no_more_than_all(self, bench):
        bench.start(10).update(15)
        assert (bench.now.progress, bench.now.current) == (100.0, 15)

    def test_a_count_that_is_set_back_takes_the_bar_back(self, bench):
        run = bench.start(10)
        run.update(8)
        assert bench.now.progress == 80.0
        run.update(advance=-5)
        assert bench.now.progress == 30.0
        run.update(advance=-50)
        assert (bench.now.progress, bench.now.current) == (0.0, 0)

    def test_an_ended_run_stays_as_it_ended(self, bench):
        run = bench.start(10)
        run.update(5)
        run.fail("out of memory")
        before = bench.now
        run.update(9, loss=0.1, details="more")
        run.complete()
        run.stop()
        assert bench.now == before
        assert (before.state, before.details, before.progress) == ("failed", "out of memory", 50.0)
        assert len(bench.ended) == 1

    def test_time_stands_still_after_the_end(self, bench):
        run = bench.start(10)
        bench.clock.advance(3.0)
        run.stop("enough")
        bench.clock.advance(100.0)
        assert (bench.now.state, bench.now.details) == ("stopped", "enough")
        assert bench.now.elapsed_seconds == 3.0

    def test_the_next_run_begins_anew(self, bench):
        run = bench.start(10)
        run.update(9, loss=0.1)
        run.complete()
        bench.clock.advance(50.0)
        bench.start(4, stage="Again")
        now = bench.now
        assert (now.stage, now.progress, now.current, now.metrics) == ("Again", 0.0, 0, {})
        assert (now.elapsed_seconds, now.rate_per_second) == (0.0, None)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("-inf")])
    def test_a_metric_that_is_not_finite_is_unknown_and_counted(self, bench, value):
        bench.start().update(loss=value, accuracy=0.5)
        assert bench.now.metrics == {"loss": None, "accuracy": 0.5}
        (notice,) = bench.notices.get()
        assert (notice.code, notice.count) == ("training.not_finite", 1)
        assert "'loss'" in notice.message

    @pytest.mark.parametrize("value", [np.float32(0.5), np.array(0.5), 1, True, np.int64(3)])
    def test_metrics_may_be_anything_that_float_takes(self, bench, value):
        bench.start().update(loss=value)
        assert bench.now.metrics == {"loss": float(value)}
        assert type(bench.now.metrics["loss"]) is float

    @pytest.mark.parametrize("value", [np.array([0.5]), np.array([[0.5]]), pd.Series([0.5])])
    def test_an_array_of_one_element_is_a_number(self, bench, value):
        bench.start().update(loss=value)
        assert bench.now.metrics == {"loss": 0.5}
        assert bench.notices.get() == bench.warnings == []

    @pytest.mark.parametrize("value", [None, pd.NA, pd.NaT])
    def test_a_missing_value_is_unknown(self, bench, value):
        run = bench.start()
        run.update(loss=0.5)
        run.update(loss=value)
        assert bench.now.metrics == {"loss": None}
        assert bench.notices.get() == bench.warnings == []

    @pytest.mark.parametrize("value", ["0.5", [0.5], 1j, np.array([1.0, 2.0]), 10**400, object()])
    def test_a_metric_that_is_no_number_is_left_out_and_the_training_goes_on(self, bench, value):
        run = bench.start(10)
        run.update(5, loss=value, accuracy=0.5)
        run.log(loss=value)
        assert (bench.now.current, bench.now.metrics) == (5, {"accuracy": 0.5})
        (notice,) = bench.notices.get()
        assert (notice.code, notice.count) == ("training.value", 2)
        assert bench.warnings[0].text.startswith("expected a number for 'loss', got ")

    @pytest.mark.parametrize("how", ["current", "advance"])
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), "3", [3], -1])
    def test_a_step_that_is_no_number_is_left_out_and_the_training_goes_on(self, bench, how, value):
        run = bench.start(10)
        run.update(4)
        run.update(**{how: value}, loss=0.5)
        assert bench.now.metrics == {"loss": 0.5}
        assert bench.now.current == (3 if (how, value) == ("advance", -1) else 4)
        assert bool(bench.warnings) == ((how, value) != ("advance", -1))

    def test_of_steps_given_both_ways_the_total_number_holds(self, bench):
        run = bench.start(10)
        run.update(1, advance=3)
        assert (bench.now.current, len(bench.warnings)) == (1, 1)

    def test_metrics_may_come_as_a_mapping(self, bench):
        run = bench.start(10)
        run.update(5, {"train/loss": 1})
        run.update({"val/loss": 2}, lr=0.1)
        run.log({"train/loss": 0.5})
        assert bench.now.metrics == {"train/loss": 0.5, "val/loss": 2.0, "lr": 0.1}
        assert bench.now.current == 5

    @pytest.mark.parametrize("total", [-1, 2.5, "10", float("nan"), float("inf"), [3], object()])
    def test_a_total_is_a_whole_number(self, bench, total):
        with pytest.raises(ArgumentValueError, match="expected a whole number of steps"):
            bench.start(total)
        with pytest.raises(ArgumentValueError, match="expected a whole number of steps"):
            list(bench.track([1, 2], total=total))
        assert not bench.training.running

    @pytest.mark.parametrize("total", [10, 10.0, np.int32(10)])
    def test_a_total_may_be_any_whole_number(self, bench, total):
        bench.start(total).update(5)
        assert (bench.now.progress, bench.now.total) == (50.0, 10)


class TestContextManager:
    def test_it_completes_on_the_way_out(self, bench):
        with bench.start(10) as run:
            run.update(3)
        assert (bench.now.state, bench.now.progress, bench.now.current) == ("completed", 30.0, 3)

    def test_an_exception_fails_it_and_goes_on(self, bench):
        with pytest.raises(ZeroDivisionError), bench.start(10) as run:
            run.update(1 / 0)
        assert bench.now.state == "failed"
        assert bench.now.details == "ZeroDivisionError: division by zero"

    def test_an_exception_without_words_is_named(self, bench):
        with pytest.raises(MemoryError), bench.start():
            raise MemoryError
        assert bench.now.details == "MemoryError"

    def test_an_interrupt_stops_it_without_blame(self, bench):
        with pytest.raises(KeyboardInterrupt), bench.start():
            raise KeyboardInterrupt
        assert (bench.now.state, bench.now.details) == ("stopped", "Interrupted")

    def test_ending_it_by_hand_inside_counts(self, bench):
        with bench.start() as run:
            run.fail("diverged")
        assert (bench.now.state, bench.now.details) == ("failed", "diverged")
        assert len(bench.ended) == 1


class TestTrack:
    @given(n=st.integers(0, 50), sized=st.booleans())
    def test_it_yields_everything_and_counts(self, n, sized):
        bench = Bench()
        seen = []
        for item in bench.track(list(range(n)) if sized else stream(n)):
            now = bench.now
            assert now.current == len(seen)
            assert now.total == (n if sized else None)
            assert now.progress == (pytest.approx(100.0 * len(seen) / n) if sized else None)
            seen.append(item)
        assert seen == list(range(n))
        (last,) = bench.ended
        assert (last.state, last.current, last.progress) == ("completed", n, 100.0)

    def test_a_total_can_be_given_for_a_stream(self, bench):
        loop = bench.track(stream(4), total=4, stage="Fitting", details="digits")
        next(loop)
        next(loop)
        now = bench.now
        assert (now.current, now.total, now.progress) == (1, 4, 25.0)
        assert (now.stage, now.details) == ("Fitting", "digits")

    def test_rate_and_time_to_go_follow_the_count(self, bench):
        for _ in bench.track(range(100)):
            bench.clock.advance(0.5)
            now = bench.now
            if now.current:
                assert now.rate_per_second == pytest.approx(2.0, rel=0.6)
        assert bench.now.rate_per_second == pytest.approx(2.0)
        assert bench.now.elapsed_seconds == 50.0

    def test_nothing_happens_before_the_loop_begins(self, bench):
        loop = bench.track([1, 2])
        assert not bench.training.running
        next(loop)
        assert bench.training.running
        loop.close()

    def test_leaving_early_stops_the_run(self, bench):
        for item in bench.track(range(10)):
            if item == 4:
                break
        assert (bench.now.state, bench.now.current, bench.now.progress) == ("stopped", 4, 40.0)
        assert not bench.training.running
        assert len(bench.ended) == 1

    def test_an_exception_of_the_iterable_fails_the_run_and_goes_on(self, bench):
        def broken():
            yield 1
            raise OSError("disk is gone")

        with pytest.raises(OSError, match="disk is gone"):
            list(bench.track(broken()))
        assert (bench.now.state, bench.now.details) == ("failed", "OSError: disk is gone")

    def test_an_interrupt_while_loading_stops_the_run_without_blame(self, bench):
        def interrupted():
            yield 1
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            list(bench.track(interrupted()))
        assert (bench.now.state, bench.now.details) == ("stopped", "Interrupted")

    def test_a_length_that_raises_is_no_length(self, bench):
        class Stream:
            def __len__(self):
                raise NotImplementedError("a stream has no length")

            def __iter__(self):
                return iter([1, 2, 3])

        assert list(bench.track(Stream())) == [1, 2, 3]
        assert bench.ended[0].total is None

    def test_a_run_that_is_ended_from_outside_does_not_cut_the_loop_short(self, bench):
        seen = []
        for item in bench.track(range(5)):
            seen.append(item)
            if item == 1:
                for run in bench.training.open_runs:
                    run.stop("Monitor closed")
        assert seen == [0, 1, 2, 3, 4]
        (last,) = bench.ended
        assert (last.state, last.current, last.details) == ("stopped", 1, "Monitor closed")

    @pytest.mark.parametrize("what", [10, None, object()])
    def test_what_cannot_be_looped_over_is_refused_at_once(self, bench, what):
        with pytest.raises(ArgumentTypeError, match=r"something to loop over, got .*range"):
            bench.track(what)
        assert not bench.training.running

    def test_an_open_loop_is_listed(self, bench):
        with bench.start():
            loop = bench.track([1])
            next(loop)
            assert [run.total for run in bench.training.tracked] == [1]
            assert len(bench.training.open_runs) == 2
            loop.close()
            bench.training.end_abandoned_loops()
        assert bench.training.tracked == bench.training.open_runs == []

    def test_a_loop_collected_while_the_lock_is_held_ends_without_a_deadlock(self, bench):
        abandoned = [bench.track([1, 2])]
        next(abandoned[0])
        monotonic = bench.clock.monotonic

        def collected_just_now():
            abandoned.clear()
            gc.collect()
            return monotonic()

        bench.clock.monotonic = collected_just_now
        bench.training.section()
        assert bench.wakes == 1
        assert bench.ended == []
        bench.training.end_abandoned_loops()
        assert [section.state for section in bench.ended] == ["stopped"]
        assert not bench.training.running

    def test_a_loop_left_by_an_error_is_distinguished_from_one_left_by_break(self, bench):
        def leave(how):
            for item in bench.track(range(10)):
                if item == 4 and how == "break":
                    break
                if item == 4:
                    raise how
            raise how if isinstance(how, Exception) else RuntimeError("later")

        for how, state, details in [
            ("break", "stopped", ""),
            (ValueError("bad batch"), "failed", "ValueError: bad batch"),
            (KeyboardInterrupt(), "stopped", "Interrupted"),
        ]:
            with pytest.raises(BaseException) as caught:  # noqa: PT011
                leave(how)
            bench.training.end_abandoned_loops(caught.value)
            assert (bench.now.state, bench.now.details) == (state, details)

    def test_a_loop_left_just_now_waits_for_the_error_that_may_have_left_it(self, bench):
        loop = bench.track([1, 2])
        next(loop)
        loop.close()
        bench.training.end_abandoned_loops(before=bench.clock.monotonic())
        assert bench.training.running
        bench.clock.advance(1.0)
        bench.training.end_abandoned_loops(before=bench.clock.monotonic())
        assert not bench.training.running


class TestNested:
    def test_an_inner_loop_moves_the_outer_bar_between_its_steps(self, bench):
        for _ in bench.track(range(2), stage="Epochs"):
            for _ in bench.track(range(4), stage="Batches"):
                bench.look()
        assert bench.shown == [0.0, 12.5, 25.0, 37.5, 50.0, 62.5, 75.0, 87.5]
        assert bench.now.progress == 100.0
        assert [section.stage for section in bench.ended] == ["Epochs"]

    def test_the_outer_run_is_shown_and_the_inner_one_is_its_detail(self, bench):
        with bench.start(3, stage="Epochs"):
            inner = bench.track(range(10), stage="Batches")
            for _ in range(5):
                next(inner)
            now = bench.now
            assert (now.stage, now.current, now.total) == ("Epochs", 0, 3)
            assert now.details == "Batches 4 of 10"
            inner.close()

    def test_details_of_the_user_come_first(self, bench):
        with bench.start(3, details="fold 1"), bench.start(10):
            assert bench.now.details == "fold 1"

    def test_the_bar_never_goes_back(self, bench):
        for _ in bench.track(range(3), stage="Epochs"):
            for stage in ("Training", "Validation"):
                for _ in bench.track(range(5), stage=stage):
                    bench.look()
                bench.look()
        assert bench.shown == sorted(bench.shown)
        assert bench.shown[5] == bench.shown[11] == pytest.approx(100 / 3)

    def test_the_rate_is_that_of_the_innermost_steps(self, bench):
        for _ in bench.track(range(4)):
            for _ in bench.track(range(20)):
                assert bench.now.rate_per_second in (None, pytest.approx(10.0))
                bench.clock.advance(0.1)
            assert bench.now.rate_per_second == pytest.approx(10.0)
        assert bench.now.rate_per_second == pytest.approx(10.0)

    def test_time_to_go_is_that_of_the_whole_run(self, bench):
        for _ in bench.track(range(4)):
            for _ in bench.track(range(20)):
                now = bench.now
                if now.current or now.eta_seconds is not None:
                    assert now.eta_seconds == pytest.approx(8.0 - now.elapsed_seconds)
                bench.clock.advance(0.1)

    def test_three_levels_count_the_steps_of_the_lowest(self, bench):
        for _ in bench.track(range(2)):
            for _ in bench.track(range(2)):
                for _ in bench.track(range(5)):
                    bench.clock.advance(1.0)
        (last,) = bench.ended
        assert (last.rate_per_second, last.elapsed_seconds) == (1.0, 20.0)

    def test_metrics_of_inner_runs_stay_and_the_outer_wins(self, bench):
        with bench.start(2) as outer:
            outer.update(accuracy=0.9)
            with bench.start(5) as inner:
                inner.update(loss=0.3, accuracy=0.1)
                assert bench.now.metrics == {"loss": 0.3, "accuracy": 0.1}
            assert bench.now.metrics == {"loss": 0.3, "accuracy": 0.9}
        assert bench.ended[0].metrics == {"loss": 0.3, "accuracy": 0.9}

    def test_without_an_outer_total_progress_is_unknown(self, bench):
        with bench.start(), bench.start(10) as inner:
            inner.update(5)
            assert bench.now.progress is None

    def test_an_inner_failure_is_not_the_end(self, bench):
        with bench.start(2):
            with pytest.raises(ValueError, match="bad batch"), bench.start(5):
                raise ValueError("bad batch")
            assert (bench.now.state, bench.ended) == ("running", [])
        assert bench.now.state == "completed"

    def test_the_end_of_the_outer_run_ends_what_is_open_inside(self, bench):
        outer = bench.start(4)
        inner = bench.start(10)
        bench.clock.advance(5.0)
        inner.update(5, loss=0.5)
        outer.fail("out of memory")
        assert inner.state == "stopped"
        (last,) = bench.ended
        assert (last.state, last.details, last.progress) == ("failed", "out of memory", 12.5)
        assert (last.metrics, last.rate_per_second) == ({"loss": 0.5}, 1.0)
        inner.complete()
        assert bench.now == last
        assert not bench.training.running


def test_a_forked_child_goes_on_with_a_lock_of_its_own():
    bench = Bench()
    bench.start(2).update(1)
    bench.training._lock = None  # As if held by a thread that the child does not have.
    bench.training.reset_lock()
    assert bench.now.progress == 50.0


def test_curves_are_thinned_without_a_lock(bench):
    free = []

    class Slow(Curve):
        """A curve that looks, while it is thinned, whether another thread can go on."""

        def copy(self):
            return self

        def chunk(self, *args, **options):
            thread = Thread(target=lambda: free.append(len(bench.training.runs())))
            thread.start()
            thread.join(5.0)
            return super().chunk(*args, **options)

    run = bench.start()
    bench.training.look()
    run.record.series.curves["loss"] = Slow()
    run.log(loss=0.5)
    bench.clock.advance(61)
    bench.training.look()
    free.clear()
    ((_, chunk),) = bench.training.take_stored()
    assert (free, chunk.mean) == ([1], [0.5])
    run.complete()
    assert free == [1, 1]
