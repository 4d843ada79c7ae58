"""Training runs in the list: a process that only trains is shown with its run and its result."""

from __future__ import annotations

import time

import msgspec

from ipyvitals import FakeClock, Monitor
from ipyvitals.cli.served import _entries, _KernelAnswer
from ipyvitals.cli.stored import stored_entries
from ipyvitals.cli.tables import plain_table
from ipyvitals.schema import RunInfo
from ipyvitals.schema.protocol import Update


def shown(entries):
    lines = plain_table(entries, time.time()).splitlines()
    place = lines[0].index("STATUS")
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
        assert shown(stored_entries(path)) == ["Epochs stopped at 40 %, best val_loss 0.25"]
        clock.advance(1.0)
        with monitor.training(total=2, name="fold 2") as second:
            second.update(2, entropy=0.875)
    assert shown(stored_entries(path)) == ["fold 2 completed, entropy 0.875"]


def test_a_model_whose_training_completed_does_not_read_was_training(tmp_path):
    path = tmp_path / "history.sqlite"
    with Monitor("churn", interval=None, store=path) as monitor:
        with monitor.training(total=2, stage="Fit") as run:
            run.update(2, accuracy=0.5)
        monitor.flush()
    (entry,) = stored_entries(path)
    left = msgspec.structs.replace(entry, status="training", live=False)
    assert shown([left]) == ["Fit completed, best accuracy 0.5"]


def test_a_live_kernel_that_only_trains_is_shown_with_its_open_run():
    runs = [
        RunInfo(run_id="a-2", stage="Fit", state="running", metrics={"loss": 0.5}, started_at=2.0),
        RunInfo(run_id="a-1", stage="Old", state="completed", started_at=1.0),
    ]
    update = Update(monitor="m", n=1, at=1.0, seq=1, full=True, runs=runs)
    assert shown(_entries(_KernelAnswer(kernel_id="k"), update)) == ["Fit running, loss 0.5"]
