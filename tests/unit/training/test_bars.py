"""Bars of tqdm as runs: the real tqdm, whose own counts are the truth."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import threading

import pytest
import tqdm as tqdm_package
import tqdm.asyncio
import tqdm.auto
import tqdm.contrib.concurrent
import tqdm.notebook
from tqdm import tqdm as imported_before
from tqdm import trange

from ipyvitals import FakeClock, IpyvitalsWarning, Monitor
from ipyvitals.training.bars import BarCapture
from ipyvitals.utils.storable import MAX_INTEGER

HOOKED = ("__init__", "__iter__", "refresh", "set_postfix", "close")


@pytest.fixture
def monitor():
    with Monitor(interval=None) as monitor:
        yield monitor


@pytest.fixture
def file():
    return io.StringIO()


def runs(monitor):
    return {run.stage: run for run in monitor.snapshot().runs}


def quiet(iterable=None, **options):
    return imported_before(iterable, file=io.StringIO(), **options)


def test_a_loop_over_a_bar_is_a_run_and_draws_as_ever(monitor, file):
    with monitor.capture_tqdm():
        items = list(imported_before([3, 1, 2], desc="Load", unit="file", file=file))
    run = runs(monitor)["Load"]
    assert items == [3, 1, 2]
    assert (run.state, run.current, run.total, run.unit) == ("completed", 3, 3, "file")
    assert "100%" in file.getvalue()
    assert "3/3" in file.getvalue()


def test_the_class_has_its_own_methods_again_afterwards(monitor):
    before = {name: vars(imported_before)[name] for name in HOOKED}
    waits = vars(tqdm_package.asyncio.tqdm_asyncio)["__aiter__"]
    with monitor.capture_tqdm():
        with monitor.capture_tqdm():
            pass
        assert vars(imported_before)["close"] is not before["close"]
        list(quiet(range(2), desc="Outer capture goes on"))
    assert {name: vars(imported_before)[name] for name in HOOKED} == before
    assert vars(tqdm_package.asyncio.tqdm_asyncio)["__aiter__"] is waits
    list(quiet(range(2), desc="After"))
    assert set(runs(monitor)) == {"Outer capture goes on"}


def test_a_hook_that_another_library_replaced_stays_as_that_library_wants_it(monitor):
    own = vars(imported_before)["set_postfix"]
    with monitor.capture_tqdm():
        hook = vars(imported_before)["set_postfix"]

        def patched(bar, *args, **kwargs):
            return hook(bar, *args, **kwargs)

        imported_before.set_postfix = patched
    try:
        assert vars(imported_before)["set_postfix"] is patched
        bar = quiet(total=1)
        bar.set_postfix(loss=0.5)
        assert "loss=0.5" in bar.postfix
        bar.close()
    finally:
        imported_before.set_postfix = own


def test_the_count_is_right_in_the_body_of_each_step(monitor):
    with monitor.capture_tqdm():
        seen = [runs(monitor)["Steps"].current for _ in quiet(range(4), desc="Steps")]
    assert seen == [0, 1, 2, 3]


def test_bars_inside_each_other_are_runs_inside_each_other(monitor):
    with monitor.capture_tqdm():
        for _ in quiet(range(2), desc="Epochs"):
            for _ in quiet(range(3), desc="Batches", leave=False):
                pass
    batches = [run for run in monitor.snapshot().runs if run.stage == "Batches"]
    outer = runs(monitor)["Epochs"]
    assert [run.state for run in batches] == ["completed"] * 2
    assert {run.parent_id for run in batches} == {outer.run_id}
    assert outer.parent_id is None
    assert outer.current == 2


def test_a_bar_inside_a_run_of_the_monitor_is_inside_that_run(monitor):
    with monitor.training(total=1, stage="Fit") as fit, monitor.capture_tqdm():
        list(quiet(range(2), desc="Bar"))
    assert runs(monitor)["Bar"].parent_id == fit.run_id


def test_bars_that_are_made_in_advance_stand_beside_each_other(monitor):
    with monitor.capture_tqdm():
        train, valid = quiet(range(3), desc="Train"), quiet(range(2), desc="Valid")
        list(train)
        list(valid)
    found = runs(monitor)
    assert {name: run.state for name, run in found.items()} == {
        "Train": "completed",
        "Valid": "completed",
    }
    assert found["Valid"].parent_id is None


def test_counted_bars_that_overlap_each_end_as_they_end(monitor):
    with monitor.capture_tqdm():
        first, second = quiet(total=2, desc="First"), quiet(total=3, desc="Second")
        first.update(2)
        first.close()
        second.update(3)
        assert runs(monitor)["Second"].state == "running"
        second.close()
    found = runs(monitor)
    assert (found["First"].state, found["First"].current) == ("completed", 2)
    assert (found["Second"].state, found["Second"].current) == ("completed", 3)
    assert found["Second"].parent_id is None


def test_a_counted_bar_shows_each_update_though_it_is_not_redrawn(monitor):
    with monitor.capture_tqdm(), quiet(total=100, desc="Count", mininterval=1_000) as bar:
        bar.update(7)
        assert runs(monitor)["Count"].current == 7
        bar.update(3)
        assert runs(monitor)["Count"].current == 10


def test_a_bar_without_a_total_has_no_progress(monitor):
    with monitor.capture_tqdm():
        for _ in quiet(iter([1, 2, 3]), desc="Stream"):
            assert runs(monitor)["Stream"].progress is None
    run = runs(monitor)["Stream"]
    assert (run.state, run.total, run.current) == ("completed", None, 3)


def test_a_disabled_bar_is_no_run(monitor):
    with monitor.capture_tqdm():
        assert list(quiet(range(3), disable=True)) == [0, 1, 2]
        assert list(quiet(range(3), disable=None)) == [0, 1, 2]
    assert monitor.snapshot().runs == []


def test_numbers_of_the_postfix_are_metrics_and_texts_are_details(monitor):
    with monitor.capture_tqdm():
        for step in (bar := quiet(range(3), desc="Fit")):
            bar.set_postfix({"loss": 1.0 / (step + 1), "lr": "1e-3", "phase": "warm-up"})
    run = runs(monitor)["Fit"]
    assert run.metrics == {"loss": pytest.approx(1 / 3), "lr": 0.001}
    assert run.best["loss"].step == 3
    assert run.details == "phase=warm-up"
    assert monitor.snapshot().notices == []
    assert bar.postfix == "loss=0.333, lr=1e-3, phase=warm-up"


def test_metrics_of_a_counted_bar_stand_at_its_count(monitor):
    with monitor.capture_tqdm(), quiet(total=4, desc="Fit") as bar:
        for loss in (4.0, 1.0, 2.0, 3.0):
            bar.update()
            bar.set_postfix(loss=loss, refresh=False)
    assert runs(monitor)["Fit"].best["loss"].step == 2


def test_the_description_is_the_stage_at_any_time(monitor):
    with monitor.capture_tqdm(), quiet(total=2) as bar:
        assert "Progress" in runs(monitor)
        bar.set_description("Epoch 1")
        bar.set_postfix_str("of the second fold")
        run = runs(monitor)["Epoch 1"]
    assert run.details == "of the second fold"


@pytest.mark.parametrize("error", [ValueError("bad batch"), KeyboardInterrupt()])
def test_an_error_that_leaves_the_block_ends_the_runs_with_it(monitor, error):
    def train():
        with monitor.capture_tqdm():
            for _ in quiet(range(2), desc="Outer"):
                for batch in quiet(range(5), desc="Inner"):
                    if batch == 2:
                        raise error

    with pytest.raises(type(error)):
        train()
    found = runs(monitor)
    state = "failed" if isinstance(error, ValueError) else "stopped"
    assert [found[stage].state for stage in ("Outer", "Inner")] == [state, state]
    assert found["Inner"].current == 2


def test_a_bar_whose_iterable_raises_has_failed(monitor):
    def items():
        yield 1
        raise OSError("disk")

    with monitor.capture_tqdm(), pytest.raises(OSError, match="disk"):
        list(quiet(items(), desc="Read"))
    run = runs(monitor)["Read"]
    assert (run.state, run.current) == ("failed", 1)
    assert "disk" in run.details


def test_an_error_in_the_block_of_a_counted_bar_fails_its_run(monitor):
    def count():
        with quiet(total=3, desc="Count") as bar:
            bar.update()
            raise ValueError("bad")

    with monitor.capture_tqdm():
        with pytest.raises(ValueError, match="bad"):
            count()
        try:
            raise KeyError("unrelated")
        except KeyError:
            with quiet(total=1, desc="Cleanup") as bar:
                bar.update()
    found = runs(monitor)
    assert found["Count"].state == "failed"
    assert found["Cleanup"].state == "completed"


def test_a_loop_that_break_leaves_is_stopped_where_it_was(monitor):
    with monitor.capture_tqdm():
        for step in quiet(range(10), desc="Search"):
            if step == 3:
                break
    run = runs(monitor)["Search"]
    assert (run.state, run.current) == ("stopped", 3)


def test_a_bar_that_is_closed_before_its_total_is_stopped(monitor):
    with monitor.capture_tqdm():
        bar = quiet(total=10, desc="Early")
        bar.update(4)
        bar.close()
    run = runs(monitor)["Early"]
    assert (run.state, run.current) == ("stopped", 4)


def test_an_iterable_shorter_than_its_total_is_complete(monitor):
    with monitor.capture_tqdm():
        list(quiet(range(3), total=5, desc="Short"))
    run = runs(monitor)["Short"]
    assert (run.state, run.current) == ("completed", 3)


def test_a_bar_that_is_left_open_is_stopped_at_the_end_and_goes_on_by_itself(monitor):
    with monitor.capture_tqdm():
        bar = quiet(total=10, desc="Open")
        bar.update(4)
    run = runs(monitor)["Open"]
    assert (run.state, run.current) == ("stopped", 4)
    bar.update(6)
    assert bar.n == 10
    bar.close()
    assert runs(monitor)["Open"].current == 4


def test_a_bar_that_is_deleted_ends_its_run(monitor):
    with monitor.capture_tqdm():
        bar = quiet(total=4, desc="Deleted")
        bar.update(4)
        del bar
        gc.collect()
        assert runs(monitor)["Deleted"].state == "completed"


def test_a_bar_that_is_set_back_begins_anew(monitor):
    with monitor.capture_tqdm():
        bar = quiet(total=4, desc="Again")
        bar.update(4)
        assert runs(monitor)["Again"].progress == 100.0
        bar.reset(total=8)
        bar.update(2)
        run = runs(monitor)["Again"]
        assert (run.current, run.total, run.progress) == (2, 8, 25.0)
        bar.close()


def test_a_bar_that_goes_on_has_the_rate_of_its_own_steps():
    clock = FakeClock()
    with Monitor(interval=None, clock=clock) as monitor:
        with monitor.capture_tqdm():
            bar = quiet(total=100, initial=50, desc="Resume")
            clock.advance(10.0)
            bar.update(5)
            run = runs(monitor)["Resume"]
            bar.close()
        assert (run.current, run.progress) == (55, pytest.approx(55.0))
        assert run.rate_per_second == pytest.approx(0.5)


def test_bars_of_threads_are_runs_of_their_own(monitor):
    def work(name):
        for _ in quiet(range(3), desc=name):
            pass

    with monitor.capture_tqdm():
        threads = [threading.Thread(target=work, args=(f"Thread {n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = runs(monitor)
    assert {name: run.state for name, run in found.items()} == {
        f"Thread {n}": "completed" for n in range(3)
    }
    assert all(run.parent_id is None for run in found.values())


def test_thread_map_is_a_run(monitor):
    with monitor.capture_tqdm():
        squares = tqdm_package.contrib.concurrent.thread_map(
            lambda n: n * n, range(5), desc="Map", max_workers=2, file=io.StringIO()
        )
    assert squares == [0, 1, 4, 9, 16]
    assert (runs(monitor)["Map"].state, runs(monitor)["Map"].current) == ("completed", 5)


def test_an_asynchronous_loop_and_gather_are_runs(monitor):
    async def items():
        for n in range(3):
            yield n

    async def one(n):
        await asyncio.sleep(0)
        return n

    async def main():
        bar = tqdm_package.asyncio.tqdm(items(), desc="Async", file=io.StringIO())
        seen = [(n, runs(monitor)["Async"].state) async for n in bar]
        gathered = await tqdm_package.asyncio.tqdm.gather(
            *map(one, range(4)), desc="Gather", file=io.StringIO()
        )
        return seen, gathered

    with monitor.capture_tqdm():
        seen, gathered = asyncio.run(main())
    assert seen == [(0, "running"), (1, "running"), (2, "running")]
    assert gathered == [0, 1, 2, 3]
    found = runs(monitor)
    assert (found["Async"].state, found["Async"].current) == ("completed", 3)
    assert (found["Gather"].state, found["Gather"].current) == ("completed", 4)


def test_trange_and_auto_and_pandas_are_runs(monitor):
    import pandas as pd

    with monitor.capture_tqdm():
        list(trange(2, desc="Range", file=io.StringIO()))
        list(tqdm_package.auto.tqdm([1], desc="Auto", file=io.StringIO()))
        imported_before.pandas(desc="Apply", file=io.StringIO())
        doubled = pd.Series([1, 2, 3]).progress_apply(lambda n: 2 * n)
    assert doubled.tolist() == [2, 4, 6]
    found = runs(monitor)
    assert {name: (run.state, run.current) for name, run in found.items()} == {
        "Range": ("completed", 2),
        "Auto": ("completed", 1),
        "Apply": ("completed", 3),
    }


def test_a_bar_of_the_notebook_is_a_run(monitor):
    with monitor.capture_tqdm():
        for _ in tqdm_package.notebook.tqdm(range(3), desc="Widget", display=False):
            pass
    assert (runs(monitor)["Widget"].state, runs(monitor)["Widget"].current) == ("completed", 3)


def test_hidden_bars_draw_nothing(monitor, capsys):
    with monitor.capture_tqdm(hide=True):
        list(imported_before(range(3), desc="Hidden"))
    assert runs(monitor)["Hidden"].current == 3
    assert capsys.readouterr() == ("", "")


def test_hidden_bars_of_the_notebook_show_nothing(monitor, capsys):
    pytest.importorskip("ipykernel")
    list(tqdm_package.notebook.tqdm(range(2), desc="Shown"))
    assert "Shown" in capsys.readouterr().out
    with monitor.capture_tqdm(hide=True):
        list(tqdm_package.notebook.tqdm(range(2), desc="Hidden"))
    assert runs(monitor)["Hidden"].state == "completed"
    assert capsys.readouterr() == ("", "")


def test_units_are_words(monitor):
    with monitor.capture_tqdm():
        list(quiet(range(1), desc="Download", unit="B", unit_scale=True))
        list(quiet(range(1), desc="Map", unit=" examples"))
    assert runs(monitor)["Download"].unit == "byte"
    assert runs(monitor)["Map"].unit == "example"


def test_the_innermost_capture_takes_the_bars(monitor):
    with Monitor(name="other", interval=None) as other:
        with monitor.capture_tqdm():
            with other.capture_tqdm():
                list(quiet(range(1), desc="Inner"))
            list(quiet(range(1), desc="Outer"))
        assert set(runs(other)) == {"Inner"}
        assert set(runs(monitor)) == {"Outer"}


class BrokenTracker:
    """A tracker that opens no runs."""

    def start(self, *args, **facts):
        raise RuntimeError("no runs today")

    def end_abandoned_loops(self, error):
        raise RuntimeError("nor ends")


def test_a_failure_inside_is_reported_and_the_loop_goes_on():
    failures = []
    with BarCapture(BrokenTracker(), hide=False, on_failure=failures.append):
        for step in (bar := quiet(range(3))):
            bar.set_postfix(step=step)
    assert bar.n == 3
    assert {str(failure) for failure in failures} == {"no runs today", "nor ends"}


def test_a_failure_inside_is_a_notice_and_one_warning(monitor, monkeypatch):
    def start(*args, **facts):
        raise RuntimeError("no runs today")

    def load():
        with monitor.capture_tqdm():
            return [list(quiet(range(2))) for _ in range(2)]

    monkeypatch.setattr(monitor._engine.training, "start", start)
    with pytest.warns(IpyvitalsWarning, match="no runs today") as warned:
        assert load() == [[0, 1], [0, 1]]
    assert len(warned) == 1
    (notice,) = monitor.snapshot().notices
    assert (notice.code, notice.count) == ("tqdm.failed", 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork")
def test_a_forked_child_follows_no_bars(monitor):
    with monitor.capture_tqdm():
        pid = os.fork()
        if not pid:
            try:
                ok = list(quiet(range(2), desc="Child")) == [0, 1] and not monitor.snapshot().runs
                os._exit(0 if ok else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert monitor.snapshot().runs == []


def test_bars_of_a_library_that_draws_them(monitor):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    with monitor.capture_tqdm(hide=True):
        study.optimize(
            lambda trial: trial.suggest_float("x", -1.0, 1.0) ** 2,
            n_trials=4,
            show_progress_bar=True,
        )
    (run,) = monitor.snapshot().runs
    assert (run.state, run.current, run.total) == ("completed", len(study.trials), 4)


@pytest.mark.parametrize("n", [10**30, "three", None, float("nan"), -3])
def test_a_bar_that_was_set_to_no_count_harms_nothing(monitor, n):
    with monitor.capture_tqdm():
        bar = quiet(total=5, desc="Load")
        bar.update(2)
        bar.n = n
        assert 0 <= runs(monitor)["Load"].current <= MAX_INTEGER
        bar.n, bar.total = 5, 10**30
        bar.refresh()
        assert runs(monitor)["Load"].total is None
        bar.total = 5
        bar.refresh()
        bar.close()
    run = runs(monitor)["Load"]
    assert (run.state, run.current, run.total) == ("completed", 5, 5)
