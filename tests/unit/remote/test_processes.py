"""Real workers: what they record arrives in the process that started them, exactly."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from ipyvitals import Monitor
from ipyvitals.remote.address import VARIABLE, home_folder
from ipyvitals.storage.ownership import Session
from tests.unit.remote import processes

PROGRAM = Path(processes.__file__)
SECONDS = 60.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    monitor = Monitor("churn", name="m", interval=0.5, store=None, git=False, terminal=False)
    yield monitor
    monitor.close()


def until(condition):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not true within {SECONDS} s"
        time.sleep(0.05)


def totals(monitor):
    metrics = monitor.snapshot().metrics
    return metrics.total_predictions, metrics.total_errors, metrics.total_labelled


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_of_processes_arrives_exactly(home, method):
    home.record(1, 1)
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        recorded = sum(pool.map(processes.record, [home] * 8, [50] * 8))
    until(lambda: totals(home)[0] == recorded + 1)

    assert totals(home) == (recorded + 1, recorded // 10, recorded + 1)
    assert sum(one.total_predictions for one in home.snapshot().workers) == recorded
    assert home.snapshot().notices == []


def test_joblib_arrives_exactly(home):
    joblib = pytest.importorskip("joblib")
    recorded = sum(joblib.Parallel(2)(joblib.delayed(processes.record)(home, 50) for _ in range(6)))
    # The processes of loky stay for a while: what they did is in their next report.
    until(lambda: totals(home)[0] == recorded)
    assert totals(home) == (recorded, recorded // 10, recorded)


def test_a_child_that_records_nothing_announces_nothing(home):
    pid = os.fork()
    if not pid:
        os._exit(0 if home.snapshot() is not None else 1)
    assert os.waitpid(pid, 0)[1] == 0
    home.tick()
    assert home.snapshot().workers == []


def test_a_child_begins_at_zero_and_its_run_is_a_row(home):
    home.record_batch([1] * 100)
    ready, go = os.pipe()
    pid = os.fork()
    if not pid:
        with home.training(total=5, stage="Child") as run:
            run.update(2, loss=0.5)
            home.record(1, 1)
            home._engine.sender.report()
            os.read(ready, 1)
        home._engine.sender.report(final=True)
        os._exit(0)
    until(lambda: home.snapshot().workers)
    (worker,) = home.snapshot().workers
    assert (worker.total_predictions, worker.stage, worker.current) == (1, "Child", 2)
    assert totals(home)[0] == 101
    os.write(go, b".")
    os.waitpid(pid, 0)
    until(lambda: home.snapshot().workers[0].state == "ended")


def test_a_killed_worker_is_noticed_and_its_last_report_counts(home):
    pid = os.fork()
    if not pid:
        home.record(1, 1)
        home._engine.sender.report()
        while True:
            time.sleep(1)
    until(lambda: totals(home)[0] == 1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    until(lambda: home.snapshot().workers[0].state == "gone")

    assert totals(home) == (1, 0, 1)
    assert [one.code for one in home.snapshot().notices] == ["workers.lost"]


def test_a_restarted_home_counts_nobody_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    stop, store = tmp_path / "stop", tmp_path / "history.sqlite"

    def start(*args, **more):
        return subprocess.Popen(
            [sys.executable, PROGRAM, *map(str, args)],
            stdout=subprocess.PIPE, text=True, env={**os.environ, **more},
        )  # fmt: skip

    def start_home():
        process = start("home", store, stop)
        assert process.stdout.readline() == "ready\n"
        return process

    rng = random.Random(1)
    current = start_home()
    folder = home_folder("m", store, Session.here("m", 0.0))
    folder.mkdir(mode=0o700, parents=True)
    # An operator names the folder: the workers know nothing of the kernel.
    (tmp_path / "m").symlink_to(folder)
    writers = [start("writer", stop, **{VARIABLE: str(tmp_path)}) for _ in range(3)]
    for _ in range(6):
        time.sleep(rng.uniform(0.2, 2.0))
        current.kill()
        current.communicate()
        current = start_home()
    stop.touch()
    recorded = sum(int(one.communicate(timeout=SECONDS)[0]) for one in writers)
    found = current.communicate(timeout=SECONDS)[0].split()

    assert recorded > 0
    assert found == [str(recorded)] * 2


def test_a_closed_monitor_is_found_by_no_child(home):
    assert VARIABLE in os.environ
    home.close()
    assert VARIABLE not in os.environ
