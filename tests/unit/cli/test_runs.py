"""Training runs in the list: a process that only trains is shown with its run and its result."""

from __future__ import annotations

import time

import msgspec

from ipyvitals import FakeClock, Monitor
from ipyvitals.cli.entries import ModelEntry
from ipyvitals.cli.served import _entries, _KernelAnswer
from ipyvitals.cli.stored import stored_entries
from ipyvitals.cli.tables import plain_table
from ipyvitals.schema import ModelSection, RunInfo
from ipyvitals.schema.protocol import Update


def shown(entries, heading="STATUS", now=None):
    lines = plain_table(entries, time.time() if now is None else now).splitlines()
    place = lines[0].index(heading)
    return [line[place:].split("  ")[0] for line in lines[1:]]


def test_a_process_that_only_trains_is_shown_with_run_state_and_result(tmp_path):
    path = tmp_path / "history.sqlite"
    clock = FakeClock(time=time.time() - 60)
    monitor = Monitor(name="churn-1", interval=None, clock=clock, store=path)
    with monitor, monitor.training(total=10, stage="Epochs") as run:
        for step in range(1, 5):
            clock.advance(1.0)
            with monitor.training(total=3, stage="Batches") as inner:
                inner.update(3, loss=0.125)
            run.update(step, loss=1.0 / step, val_loss=0.25 * step)
        monitor.flush()
        assert shown(stored_entries(path)) == ["Epochs 40 %, best val_loss 0.25"]
        run.stop()
        monitor.flush()
        entries = stored_entries(path)
        later = clock.time() + 9 * 3_600
        assert shown(entries, now=later) == ["Epochs stopped at 40 %, best val_loss 0.25, 9 h ago"]
        clock.advance(1.0)
        with monitor.training(total=2, name="fold 2") as second:
            second.update(2, entropy=0.875)
    (entry,) = stored_entries(path)
    assert entry.run_ended_at == clock.time()
    assert shown([entry], now=clock.time()) == ["fold 2 completed, entropy 0.875, now"]


def test_a_model_whose_training_completed_does_not_read_was_training(tmp_path):
    path = tmp_path / "history.sqlite"
    with Monitor("churn", interval=None, store=path) as monitor:
        with monitor.training(total=2, stage="Fit") as run:
            run.update(2, accuracy=0.5)
        monitor.flush()
    (entry,) = stored_entries(path)
    left = msgspec.structs.replace(entry, status="training", live=False)
    assert shown([left]) == ["Fit completed, best accuracy 0.5, now"]


def test_a_live_kernel_that_only_trains_is_shown_with_its_open_run():
    runs = [
        RunInfo(run_id="a-2", stage="Fit", state="running", metrics={"loss": 0.5}, started_at=2.0),
        RunInfo(run_id="a-1", stage="Old", state="completed", started_at=1.0),
    ]
    update = Update(monitor="m", n=1, at=1.0, seq=1, full=True, runs=runs)
    assert shown(_entries(_KernelAnswer(kernel_id="k"), update)) == ["Fit running, loss 0.5"]


def test_the_morning_after_the_last_run_stands_beside_what_serves(tmp_path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/work/night.ipynb")
    path, clock = tmp_path / "history.sqlite", FakeClock(time=time.time() - 60)
    with Monitor("churn", version="1", interval=None, clock=clock, store=path) as monitor:
        with monitor.training(total=2, stage="Fit") as run:
            clock.advance(1.0)
            run.update(2, loss=0.25)
        monitor.deploy("churn", version="1")
        monitor.record(1, 1)
    (entry,) = stored_entries(path)
    later = clock.time() + 9 * 3_600

    assert shown([entry], now=later) != ["Fit completed, best loss 0.25, 9 h ago"]
    assert shown([entry], "LAST RUN", later) == ["Fit completed, best loss 0.25, 9 h ago"]
    assert shown([entry], "WHERE", later) == ["night.ipynb, history"]
    assert "LAST RUN" not in plain_table([msgspec.structs.replace(entry, run_state=None)], later)


def test_a_lost_run_says_why_and_how_far_its_result_came(tmp_path):
    entry = ModelEntry(
        source="store",
        monitor="night",
        live=False,
        status="training",
        lost="step 3 of 10",
        run="Fit",
        run_state="lost",
        run_progress=30.0,
        run_metric="loss",
        run_value=0.5,
        run_best=True,
        run_ended_at=100.0,
    )
    assert shown([entry], now=100.0 + 7_200) == ["Training lost: step 3 of 10"]
    assert shown([entry], "LAST RUN", 7_300.0) == ["Fit lost at 30 %, best loss 0.5, 2 h ago"]


def test_a_live_kernel_tells_its_last_run_too():
    run = RunInfo(
        run_id="a-1", stage="Fit", state="completed", metrics={"loss": 0.5}, ended_at=40.0
    )
    model = ModelSection(model_id="churn-1", name="churn", status="active")
    update = Update(monitor="m", n=1, at=1.0, seq=1, full=True, runs=[run], model=model)
    entries = _entries(_KernelAnswer(kernel_id="k"), update)
    assert shown(entries, "LAST RUN", now=100.0) == ["Fit completed, loss 0.5, 1 min ago"]
