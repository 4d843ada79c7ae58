"""Which run is inside which: threads, tasks, executors, laps, cells and owners."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ipyvitals.errors import ArgumentTypeError, TrainingStopped
from ipyvitals.training.context import outside


def tree(bench):
    """Return each run's stage with the stage of its parent."""
    runs = bench.runs
    stages = {run.run_id: run.stage for run in runs}
    return {run.stage: stages.get(run.parent_id) for run in runs}


def by_stage(bench):
    return {run.stage: run for run in bench.runs}


class TestParent:
    def test_a_run_inside_another_ones_context_is_its_child(self, bench):
        with bench.start(stage="outer"):
            for _ in bench.track(range(2), stage="loop"):
                with bench.start(stage="inner"):
                    pass
        assert tree(bench) == {"outer": None, "loop": "outer", "inner": "loop"}

    def test_after_its_end_a_run_has_no_children(self, bench):
        bench.start(stage="first").complete()
        for _ in bench.track(range(3), stage="left"):
            break
        bench.start(stage="second")
        assert tree(bench) == {"first": None, "left": None, "second": None}

    def test_the_parent_can_be_named(self, bench):
        with bench.start(stage="outer") as outer:
            with bench.start(stage="own", parent=None):
                bench.start(stage="back", parent=outer).complete()
            bar = bench.track(range(1), stage="loop")
            for _ in bar:
                bench.start(stage="in loop", parent=bar).complete()
        assert tree(bench) == {
            "outer": None,
            "own": None,
            "back": "outer",
            "loop": "outer",
            "in loop": "loop",
        }
        with pytest.raises(ArgumentTypeError, match="expected a run"):
            bench.start(parent="outer")

    def test_a_run_that_has_ended_is_no_parent(self, bench):
        outer = bench.start(stage="outer")
        outer.complete()
        bench.start(stage="inner", parent=outer)
        assert tree(bench)["inner"] is None

    def test_the_oldest_run_at_the_top_is_in_front_and_the_next_one_follows(self, bench):
        first = bench.start(10, stage="first", parent=None)
        second = bench.start(20, stage="second", parent=None)
        second.update(5)
        assert (bench.now.stage, bench.now.run_id) == ("first", first.run_id)
        first.complete()
        assert (bench.now.stage, bench.now.progress) == ("second", 25.0)
        second.complete()
        assert [section.run_id for section in bench.ended] == [first.run_id, second.run_id]
        assert bench.now == bench.ended[-1]


class TestThreads:
    def test_runs_of_two_threads_are_siblings_with_values_of_their_own(self, bench):
        meet = threading.Barrier(2)

        def train(stage, total):
            with bench.start(total, stage=stage) as run:
                meet.wait()
                for step in range(1, total + 1):
                    run.update(step, loss=step / total)
                meet.wait()

        threads = [threading.Thread(target=train, args=one) for one in (("a", 4), ("b", 40))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        runs = by_stage(bench)
        assert tree(bench) == {"a": None, "b": None}
        for stage, total in (("a", 4), ("b", 40)):
            run = runs[stage]
            assert (run.state, run.current, run.progress) == ("completed", total, 100.0)
            assert (run.metrics, run.best["loss"].value) == ({"loss": 1.0}, 1 / total)
        assert {section.stage for section in bench.ended} == {"a", "b"}
        assert runs["a"].place != runs["b"].place

    def test_workers_of_an_executor_are_siblings_or_children_of_a_named_parent(self, bench):
        def fit(number, **parent):
            with bench.start(3, stage=f"fold {number}", **parent) as run:
                for step in bench.track(range(3), stage=f"steps {number}"):
                    run.log(loss=float(step))

        with ThreadPoolExecutor(3) as pool, bench.start(6, stage="search") as search:
            list(pool.map(fit, range(3)))
            list(pool.map(lambda number: fit(number, parent=search), range(3, 6)))
        found = tree(bench)
        assert {found[f"fold {number}"] for number in range(3)} == {None}
        assert {found[f"fold {number}"] for number in range(3, 6)} == {"search"}
        assert {found[f"steps {number}"] for number in range(6)} == {
            f"fold {number}" for number in range(6)
        }

    def test_parallel_children_move_the_bar_of_their_parent_together(self, bench):
        with bench.start(2, stage="search") as search:
            one = bench.start(10, stage="one", parent=search)
            two = bench.start(10, stage="two", parent=search)
            one.update(5)
            two.update(5)
            assert bench.now.progress == 50.0
            one.complete()
            search.update(advance=1)
            assert bench.now.progress == 75.0
            two.complete()

    def test_a_run_aside_moves_neither_the_bar_nor_the_rate_nor_the_axis_around_it(self, bench):
        with bench.start(4, stage="train") as train:
            train.update(1)
            with bench.start(50, stage="validate", aside=True, loop=True) as validate:
                for _ in range(10):
                    bench.clock.advance(0.1)
                    validate.update(advance=5)
                assert bench.now.progress == 25.0
            assert bench.now.progress == 25.0
            bench.clock.advance(1.0)
            train.update(2, loss=0.5)
            bench.clock.advance(1.0)
            assert bench.now.rate_per_second == pytest.approx(2 / 3, rel=0.4)
            (chunk,) = bench.training.curves(train.run_id)
            assert chunk.step == [2]
        assert tree(bench) == {"train": None, "validate": "train"}

    def test_the_threading_backend_of_joblib_gives_siblings(self, bench):
        joblib = pytest.importorskip("joblib")

        def trial(number):
            with bench.start(5, stage=f"trial {number}") as run:
                for step in range(1, 6):
                    run.update(step, loss=float(number))

        with joblib.parallel_config("threading", n_jobs=4):
            joblib.Parallel()(joblib.delayed(trial)(number) for number in range(8))
        runs = by_stage(bench)
        assert len(runs) == 8
        assert {run.parent_id for run in runs.values()} == {None}
        assert all(
            runs[f"trial {number}"].metrics == {"loss": float(number)} for number in range(8)
        )

    def test_a_thread_that_inherits_the_context_opens_children(self, bench):
        # As all threads do on free-threaded builds of Python.
        with bench.start(stage="outer"):
            context = contextvars.copy_context()
            thread = threading.Thread(
                target=lambda: context.run(lambda: bench.start(stage="inner").complete())
            )
            thread.start()
            thread.join()
        assert tree(bench) == {"outer": None, "inner": "outer"}

    def test_a_hundred_thousand_reports_of_eight_threads_all_arrive(self, bench):
        def train(number):
            with bench.start(stage=str(number)) as run:
                for step in range(1, 2_001):
                    run.update(step, loss=float(step))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(train, range(8)))
        assert {run.current for run in bench.runs} == {2_000}
        curves = bench.training.curves()
        assert [sum(chunk.count or [1] * len(chunk.step)) for chunk in curves] == [2_000] * 8


class TestTasks:
    def test_tasks_are_siblings_and_children_of_the_run_around_them(self, bench):
        async def train(stage):
            with bench.start(2, stage=stage) as run:
                for step in (1, 2):
                    await asyncio.sleep(0)
                    run.update(step, loss=float(step))

        async def main():
            await asyncio.gather(train("a"), train("b"))
            with bench.start(stage="around"):
                await asyncio.gather(train("c"), train("d"))

        asyncio.run(main())
        assert tree(bench) == {"a": None, "b": None, "around": None, "c": "around", "d": "around"}
        assert {run.state for run in bench.runs} == {"completed"}

    def test_async_for_counts_and_takes_values(self, bench):
        async def batches():
            for item in range(3):
                await asyncio.sleep(0)
                yield item

        async def main():
            seen = []
            async for item in (bar := bench.track(batches(), total=3, stage="stream")):
                bar.log(loss=float(item))
                seen.append((item, bench.now.current))
            return seen

        assert asyncio.run(main()) == [(0, 0), (1, 1), (2, 2)]
        (run,) = bench.runs
        assert (run.state, run.current, run.progress) == ("completed", 3, 100.0)
        assert run.best["loss"].step == 1

    def test_a_task_that_is_cancelled_stops_its_run_without_blame(self, bench):
        async def forever():
            while True:
                await asyncio.sleep(0)
                yield 1

        async def train():
            async for _ in bench.track(forever()):
                pass

        async def main():
            task = asyncio.create_task(train())
            for _ in range(5):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        (run,) = bench.runs
        assert (run.state, run.end) == ("stopped", "interrupted")


class TestLaps:
    def test_a_loop_inside_a_loop_is_one_run_that_begins_again(self, bench):
        for epoch in bench.track(range(3), stage="Epochs"):
            for batch in (bar := bench.track(range(4), stage="Batches")):
                bench.clock.advance(1.0)
                bar.log(loss=10.0 - 4 * epoch - batch)
        outer, inner = by_stage(bench)["Epochs"], by_stage(bench)["Batches"]
        assert (outer.lap, inner.lap, inner.current, inner.steps) == (1, 3, 4, 12)
        assert inner.best["loss"].step == 12
        (curve,) = bench.training.curves(inner.run_id)
        assert curve.step == list(range(1, 13))

    def test_values_of_the_outer_run_stand_at_the_step_of_the_loop_inside(self, bench):
        with bench.start(2, stage="Epochs") as epochs:
            for _ in range(2):
                for _ in bench.track(range(3), stage="Batches"):
                    epochs.update(loss=0.5)
                for _ in bench.track(range(2), stage="Validation"):
                    pass
                epochs.log(val_loss=0.6)
        curves = {chunk.metric: chunk.step for chunk in bench.training.curves(epochs.run_id)}
        assert curves == {"loss": [1, 2, 3, 4, 5, 6], "val_loss": [3, 6]}

    def test_batches_and_epochs_of_runs_opened_by_hand_have_series_of_their_own(self, bench):
        with bench.start(3, stage="Epochs") as outer:
            for epoch in range(3):
                with bench.start(4, stage="Batches") as inner:
                    for batch in range(4):
                        inner.update(batch + 1, loss=1.0)
                outer.update(epoch + 1, loss=0.5)
        steps = [chunk.step for chunk in bench.training.curves(outer.run_id)]
        assert steps == [[1, 2, 3]]
        inner_steps = [
            bench.training.curves(run.run_id)[0].step
            for run in bench.runs
            if run.stage == "Batches"
        ]
        assert inner_steps == [[1, 2, 3, 4]] * 3

    def test_loops_of_one_stage_that_run_at_once_are_runs_of_their_own(self, bench):
        with bench.start(2, stage="search") as search:
            loops = [bench.track(range(3), stage="fit", parent=search) for _ in range(2)]
            for loop in loops:
                next(loop)
            assert [run.stage for run in bench.runs] == ["search", "fit", "fit"]
            for loop in loops:
                loop.close()


class TestLog:
    def test_steps_are_given_go_back_or_are_counted(self, bench):
        with bench.start() as run:
            for step in (5, 6, 2):
                run.log(given=1.0, step=step)
            for _ in range(3):
                run.log(counted=1.0)
        curves = {chunk.metric: chunk.step for chunk in bench.training.curves()}
        assert curves == {"given": [5, 6, 2], "counted": [4, 5, 6]}

    @pytest.mark.parametrize(
        ("steps", "done"),
        [
            (range(40), 40),
            (range(1, 41), 40),
            ([None] * 40, 40),
            ([10, 20, 40, 5], 40),
            ([0, 0.5, 1, 1.75], 2),
            ([1.5], 1),
            ([-3, -1], 0),
            ([None, None, 1], 2),
            ([0, None, None, 1, None], 2),
        ],
    )
    def test_the_progress_of_a_run_that_only_logs_follows_its_steps(self, bench, steps, done):
        with bench.start(40) as run:
            for step in steps:
                bench.clock.advance(1.0)
                run.log(loss=1.0, step=step)
            assert bench.runs[0].progress == 100 * done / 40
            assert bench.now.progress == 100 * done / 40
        (row,) = bench.runs
        assert (row.state, row.current, row.total, row.steps) == ("completed", done, 40, done)

    def test_steps_that_are_given_have_a_pace_and_a_time_left(self, bench):
        run = bench.start(40)
        for step in range(20):
            bench.clock.advance(2.0)
            run.log(loss=1.0, step=step)
            bench.training.look()
        assert (bench.runs[0].rate_per_second, bench.runs[0].eta_seconds) == (0.5, 40.0)

    def test_steps_that_are_counted_are_not_those_that_are_logged(self, bench):
        with bench.start(10) as run:
            run.update(3)
            run.log(loss=1.0, step=300)
            assert run.current == 3
        with bench.start(10) as run:
            for _ in bench.track(range(4)):
                run.log(loss=1.0)
            run.log(loss=1.0, step=300)
            assert run.current == 0
        with bench.start(10) as run:
            run.log(loss=1.0, step=300)
            run.update(4)
            run.log(loss=1.0, step=301)
            assert run.current == 4

    def test_it_goes_to_the_run_of_this_context(self, bench):
        with bench.start(stage="outer"):
            for _ in bench.track(range(2), stage="loop"):
                bench.training.log_here({"train/loss": 1}, None, {})
            bench.training.log_here(None, None, {"score": 0.5})
        runs = by_stage(bench)
        assert runs["loop"].metrics == {"train/loss": 1.0}
        assert runs["outer"].metrics == {"score": 0.5}

    def test_where_no_run_is_open_one_is_opened_that_ends_with_the_cell(self, bench):
        before = bench.training.begin_cell(nested=False)
        for loss in (0.5, 0.4):
            bench.training.log_here(None, None, {"loss": loss})
        for _ in bench.track(range(2), stage="loop"):
            pass
        assert tree(bench) == {"Training": None, "loop": None}
        (run,) = bench.training.open_runs
        assert (run.total, run.current) == (None, 2)
        bench.training.end_cell(before, None)
        assert by_stage(bench)["Training"].state == "completed"

    def test_a_value_of_a_loop_that_has_not_begun_belongs_to_the_run_around_it(self, bench):
        with bench.start(stage="outer"):
            bench.track(range(2), stage="loop").log(loss=1.0)
        assert by_stage(bench)["outer"].metrics == {"loss": 1.0}


class TestLeftOpen:
    def test_the_error_of_a_cell_ends_what_the_cell_left_open_and_says_so(self, bench):
        earlier = bench.start(stage="earlier")
        before = bench.training.begin_cell(nested=False)
        bench.start(stage="callback")
        bench.training.end_cell(before, ValueError("bad batch"))
        run = by_stage(bench)["callback"]
        assert (run.state, run.end, run.details) == ("failed", "cell", "ValueError: bad batch")
        assert run.reason == "Its cell ended with ValueError"
        assert earlier.state == "running"

    def test_an_interrupted_cell_stops_them(self, bench):
        before = bench.training.begin_cell(nested=False)
        bench.start(stage="callback")
        bench.training.end_cell(before, KeyboardInterrupt())
        assert (bench.runs[0].state, bench.runs[0].end) == ("stopped", "interrupted")

    def test_runs_of_other_threads_survive_the_error_of_a_cell(self, bench):
        opened, done = threading.Event(), threading.Event()

        def train():
            bench.start(stage="background")
            opened.set()
            done.wait(10)

        before = bench.training.begin_cell(nested=False)
        thread = threading.Thread(target=train)
        thread.start()
        opened.wait(10)
        bench.training.end_cell(before, ValueError())
        assert by_stage(bench)["background"].state == "running"
        done.set()
        thread.join()

    def test_a_later_cell_replaces_a_run_that_nobody_goes_on_with(self, bench):
        bench.training.begin_cell(nested=False)
        run = bench.start(10, stage="first")
        run.update(3, loss=1.0)
        bench.training.begin_cell(nested=False)
        around = outside()
        with bench.start(4, stage="second") as second:
            assert bench.now.run_id == second.run_id
        around.end()
        runs = by_stage(bench)
        assert (runs["first"].state, runs["first"].end) == ("stopped", "replaced")
        assert (runs["first"].progress, runs["second"].state) == (30.0, "completed")

    def test_a_later_cell_may_go_on_inside_a_run_that_it_names(self, bench):
        bench.training.begin_cell(nested=False)
        run = bench.start(10, stage="first")
        bench.training.begin_cell(nested=False)
        around = outside()
        bench.start(stage="second", parent=run).complete()
        around.end()
        assert tree(bench) == {"first": None, "second": "first"}
        assert run.state == "running"

    def test_the_next_run_of_an_owner_ends_the_one_before(self, bench):
        class Callback:
            pass

        owner = Callback()
        first = bench.start(stage="first", owner=owner)
        bench.start(stage="second", owner=owner)
        assert (first.state, tree(bench)["second"]) == ("stopped", None)
        assert by_stage(bench)["first"].reason == "The next run of the same owner began"

    def test_a_run_whose_owner_is_gone_ends(self, bench):
        class Callback:
            pass

        owner = Callback()
        run = bench.start(owner=owner)
        del owner
        gc.collect()
        bench.training.end_abandoned_loops()
        assert (run.state, bench.runs[0].end) == ("stopped", "left")

    def test_the_end_of_the_monitor_ends_all_and_says_so(self, bench):
        bench.start(stage="a", parent=None)
        bench.start(stage="b", parent=None)
        bench.training.close()
        assert [(run.state, run.end) for run in bench.runs] == [("stopped", "closed")] * 2


class TestStop:
    def test_a_request_reaches_every_level_and_the_runs_that_follow(self, bench):
        seen = 0
        with bench.start(150, stage="Epochs") as run:
            for epoch in range(150):
                for batch in bench.track(range(10), stage="Batches"):
                    seen += 1
                    if (epoch, batch) == (33, 4):
                        assert bench.training.ask_to_stop() == 2
                run.update(epoch + 1, loss=1.0)
        # The loops of the other epochs end after a step each.
        assert seen == 33 * 10 + 5 + 116
        assert run.should_stop
        ended = by_stage(bench)["Epochs"]
        assert (ended.state, ended.end, ended.current) == ("stopped", "requested", 33)
        assert ended.progress == pytest.approx(100 * 33.5 / 150)
        assert bench.ended[0].progress == ended.progress

    def test_a_run_that_asks_for_it_ends_by_an_exception_that_goes_no_further(self, bench):
        steps = 0
        with bench.start(150, stage="Epochs", stop_raises=True) as run:
            for epoch in range(150):
                steps += 1
                with bench.start(stage="Batches") as inner:
                    if epoch == 33:
                        bench.training.ask_to_stop()
                    inner.update(1)
                run.update(epoch + 1)
        assert (steps, run.state) == (34, "stopped")
        assert (by_stage(bench)["Epochs"].current, bench.now.details) == (33, "Stopped on request")

    def test_an_epoch_that_was_stopped_midway_is_not_reported_as_finished(self, bench):
        seen = []
        with bench.start(10, stage="Epochs", stop_raises=True) as run:
            for epoch in range(10):
                for batch in bench.track(range(20), stage="Batches"):
                    if (epoch, batch) == (3, 5):
                        bench.training.ask_to_stop()
                try:
                    run.update(epoch + 1, val_loss=1.0 / (epoch + 1))
                except TrainingStopped as error:
                    seen += [error.step, run.current, run.metrics]
                    raise
        assert seen == [3, 3, {"val_loss": 1.0 / 3}]
        ended = by_stage(bench)["Epochs"]
        assert (ended.state, ended.current, ended.best["val_loss"].step) == ("stopped", 3, 3)
        assert ended.progress == pytest.approx(33.0)

    def test_an_epoch_that_was_complete_when_the_stop_came_is(self, bench):
        with bench.start(10, stage="Epochs", stop_raises=True) as run:
            for epoch in range(10):
                for _ in bench.track(range(20), stage="Batches"):
                    pass
                if epoch == 3:
                    bench.training.ask_to_stop()
                run.update(epoch + 1, val_loss=1.0)
        ended = by_stage(bench)["Epochs"]
        assert (ended.state, ended.current) == ("stopped", 4)

    def test_the_exception_says_where(self, bench):
        run = bench.start(10, stage="Fit", stop_raises=True)
        run.update(4)
        bench.training.ask_to_stop()
        with pytest.raises(TrainingStopped, match="Fit was asked to stop at step 5") as caught:
            run.update(5)
        assert (caught.value.stage, caught.value.step) == ("Fit", 5)
        with pytest.raises(TrainingStopped):
            run.log(loss=1.0)

    def test_nothing_is_raised_where_nobody_asked_for_it(self, bench):
        run = bench.start(10)
        bench.training.ask_to_stop()
        run.update(5, loss=1.0)
        run.log(loss=1.0)
        assert (run.state, run.should_stop) == ("running", True)

    def test_one_run_can_be_stopped_while_the_others_go_on(self, bench):
        first = bench.start(stage="first", parent=None)
        inner = bench.start(stage="inner", parent=first)
        second = bench.start(stage="second", parent=None)
        assert bench.training.ask_to_stop(first.run_id) == 2
        assert (first.should_stop, inner.should_stop, second.should_stop) == (True, True, False)
        assert bench.training.ask_to_stop("none") == 0
        stopped = {run.stage: run.stop_requested for run in bench.runs}
        assert stopped == {"first": True, "inner": True, "second": False}


class TestFacts:
    def test_what_is_too_many_for_a_run_is_left_out_and_said_once(self, bench):
        run = bench.start(
            tags=[f"t{number}" for number in range(25)],
            config={f"c{number}": number for number in range(105)},
        )
        run.config.update(more=1, c1=7)
        for _ in range(2):
            run.log({f"m{number}": 1.0 for number in range(150)})
            run.update(1, {f"m{number}": 2.0 for number in range(100, 300)})
        row = bench.runs[0]
        assert (len(row.tags), len(row.config), len(row.metrics)) == (20, 100, 200)
        assert (row.config["c1"], row.metrics["m149"], row.metrics["m199"]) == (7, 2.0, 2.0)
        said = [(one.code, one.args["name"]) for one in bench.warnings]
        assert said == [
            ("training.tags", "'t20'"),
            ("training.config", "'c100'"),
            ("training.metrics", "'m200'"),
        ]
        assert {one.code: one.count for one in bench.notices.get()} == dict.fromkeys(
            ("training.tags", "training.config", "training.metrics"), 1
        )

    def test_hyperparameters_that_come_later_are_counted_too(self, bench):
        run = bench.start(config={f"c{number}": number for number in range(99)})
        assert bench.warnings == []
        run.config.update(c99=99, c100=100, c101=101)
        assert [one.args["name"] for one in bench.warnings] == ["'c100'"]
        assert len(bench.runs[0].config) == 100

    def test_the_text_of_a_hyperparameter_is_made_without_a_lock(self, bench):
        class Model:
            def __str__(self):
                with open(__file__):  # noqa: PTH123 - fails the test under the lock of the runs
                    return "Model()"

        bench.start(config={"model": Model()}).complete()

        (row,) = bench.runs
        assert row.config == {"model": "Model()"}

    def test_name_config_and_tags_are_kept_as_plain_values(self, bench):
        with bench.start(
            name="wide", config={"lr": 0.1, "layers": [64, 64]}, tags=["a", "b"], unit="epoch"
        ) as run:
            run.config.update(depth=3, dropout=None, nested={"x": 1})
        (row,) = bench.runs
        assert (row.name, row.tags, row.unit) == ("wide", ["a", "b"], "epoch")
        assert row.config == {
            "lr": 0.1,
            "layers": "[64, 64]",
            "depth": 3,
            "dropout": None,
            "nested": "{'x': 1}",
        }

    def test_what_is_counted_follows_from_the_stage(self, bench):
        for stage in ("Epochs", "Epoch 3 of 10", "Batch", "Batches", "Fold", "Training"):
            bench.start(stage=stage).complete()
        assert [run.unit for run in bench.runs][::-1] == [
            *("epoch", "epoch", "batch", "batch", "fold", "step")
        ]

    def test_a_goal_settles_what_the_name_does_not(self, bench):
        with bench.start(goals={"distance": "min"}) as run:
            for value in (3.0, 1.0, 2.0):
                run.log(distance=value, lr=value, accuracy=value)
        best = bench.runs[0].best
        assert {name: (one.value, one.step) for name, one in best.items()} == {
            "distance": (1.0, 2),
            "accuracy": (3.0, 1),
        }

    def test_twenty_ended_runs_stay_and_their_curves_with_them(self, bench):
        for number in range(25):
            with bench.start(stage=str(number)) as run:
                run.log(loss=1.0)
        assert [run.stage for run in bench.runs] == [str(number) for number in range(24, 4, -1)]
        assert len(bench.training.curves()) == 20

    def test_a_place_is_free_again_and_the_one_unused_longest_is_next(self, bench):
        for number in range(9):
            bench.start(stage=str(number), parent=None).complete()
        assert [run.place for run in bench.runs][::-1] == [*range(8), 0]
        parallel = [bench.start(parent=None) for _ in range(10)]
        places = [run.record.place for run in parallel]
        assert sorted(places[:8]) == list(range(8))
        assert places[8:] == [None, None]
