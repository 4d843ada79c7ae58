"""What a terminal shows of the machine."""

from __future__ import annotations

import msgspec

from ipyvitals import Snapshot, SystemSection
from ipyvitals.render.text import text_view
from ipyvitals.render.worker_summary import workers_text
from ipyvitals.schema import Gpu, RunInfo, WorkerInfo


def machine(**fields):
    snapshot = Snapshot(monitor="default", seq=0, at=0.0, system=SystemSection(**fields))
    (line,) = [one for one in text_view(snapshot).splitlines() if "System" in one.split(":")[0]]
    return line.strip()


def test_what_limits_it_is_named():
    assert machine(system_health="healthy").startswith("System Healthy: CPU")
    assert machine(system_health="degraded", limiter="gpu_memory").startswith(
        "System Degraded (GPU memory): CPU"
    )
    # Its health is of the wait, and not of the load.
    assert machine(system_health="degraded", limiter="cpu").startswith(
        "System Degraded (waiting for a CPU): CPU"
    )


def test_gpus_are_told_where_there_are_any():
    assert "GPU" not in machine(gpu_percent=12.0)
    gpus = [Gpu(index=0), Gpu(index=1)]
    assert "disk \N{EN DASH}, GPU 97 %, connections" in machine(gpus=gpus, gpu_percent=97.0)
    assert "GPU \N{EN DASH}, connections" in machine(gpus=gpus)


def test_it_says_when_the_memory_will_be_full():
    assert "full" not in machine()
    assert machine(memory_full_seconds=240.0).endswith("; memory full in about 4 min")
    assert machine(memory_full_seconds=5.0).endswith("; memory full in about 1 min")


def test_a_run_that_ended_says_when():
    ended = RunInfo(run_id="a-1", stage="Fit", state="completed", ended_at=1_767_323_045.0)
    snapshot = Snapshot(monitor="m", seq=0, at=1_767_400_000.0, runs=[ended])
    assert ", ended 2 Jan 2026, 03:04 UTC" in text_view(snapshot)
    running = msgspec.structs.replace(ended, state="running", ended_at=None)
    assert "ended" not in text_view(msgspec.structs.replace(snapshot, runs=[running]))


def worker(state="alive", heard=0.4):
    return WorkerInfo(worker=state, name=state, state=state, last_heard_seconds=heard)


def test_the_workers_are_one_line():
    eight = [*[worker()] * 7, worker("late", 14.2)]
    snapshot = Snapshot(monitor="m", seq=0, at=0.0)
    assert "Workers" not in text_view(snapshot)
    with_workers = msgspec.structs.replace(snapshot, workers=eight)
    assert "\n  Workers 7 of 8 heard, last 14 s ago\n  System" in text_view(with_workers)


def test_workers_that_ended_are_no_more_expected():
    assert workers_text([worker(), worker("ended")]) == "Workers 1 of 1 heard, 1 ended"
    assert workers_text([worker("ended")]) == "Workers 1 ended"
    assert workers_text([worker("gone", 95.0), worker("late", None)]) == (
        "Workers 0 of 2 heard, last 1 min ago"
    )
