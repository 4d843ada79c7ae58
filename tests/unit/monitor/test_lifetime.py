"""Whole processes end without output and without threads, whatever a monitor is doing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from tempfile import TemporaryDirectory

import pytest

PRELUDE = """
import gc, os, sys, threading, time, warnings
from ipyvitals import Monitor
from ipyvitals.runtime.scheduler import scheduler

def ours():
    names = [thread.name for thread in threading.enumerate() if "ipyvitals" in thread.name]
    return sorted(name.removeprefix("ipyvitals-") for name in names)

def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
"""


RECORD_FOR_EVER = """
def record():
    while True:
        monitor.record(1)

threading.Thread(target=record, daemon=True).start()
"""
# Python 3.12 and later warn of a fork beside threads, which is what these tests do.
WARNINGS = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")


def run(code):
    """Run `code` in a fresh interpreter; return what it printed."""
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, *WARNINGS, "-c", PRELUDE + textwrap.dedent(code)],
            # A history per test: otherwise a model would resume from the previous test.
            env={**os.environ, "JUPYTER_DATA_DIR": folder},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout.split()


@pytest.mark.parametrize(
    "last_words",
    [
        "",
        "monitor.close()",
        "monitor.on('*', lambda event: None)",
        "monitor.on('*', lambda event: time.sleep(60)); monitor.deploy('m')",
        "run = monitor.training(total=10)",
        "steps = monitor.track(range(10)); next(steps)",
        RECORD_FOR_EVER,
        "sys.exit(0)",
    ],
)
def test_the_interpreter_exits_in_silence(last_words):
    start = 'monitor = Monitor("m", interval=0.1, metrics_interval=0.1); monitor.record(1, 1)\n'
    run(start + textwrap.dedent(last_words))


def test_closing_leaves_no_thread():
    assert run("""
        monitor = Monitor("m")
        monitor.on("*", lambda event: None)
        print(*ours())
        monitor.close()
        print(len(ours()))
    """) == ["callbacks", "sampler", "scheduler", "store", "0"]


def test_dropping_the_last_reference_leaves_no_thread():
    assert run("""
        gc.disable()
        monitor = Monitor("m")
        monitor.on("*", lambda event: None)
        monitor.record(1, 1)
        monitor.deploy("m")
        with monitor.training() as run:
            run.update(1)
        monitor.snapshot()
        assert len(ours()) == 4
        del monitor, run
        until(lambda: not ours())
        print("none")
    """) == ["none"]


def test_the_same_cell_again_leaves_one_thread_of_each_kind():
    assert run("""
        for _ in range(5):
            monitor = Monitor("m")
        print(*ours())
    """) == ["sampler", "scheduler", "store"]


def test_monitors_share_their_threads():
    assert run("""
        monitors = [Monitor(name=f"m{number}") for number in range(5)]
        print(*ours())
    """) == ["sampler", "scheduler", "store"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
class TestFork:
    def test_without_reports_the_child_counts_nothing_and_warns_once(self):
        assert run("""
            monitor = Monitor("m", interval=0.1, reports=False)
            received = []
            monitor.on("*", received.append)
            monitor.record(1, 1)
            monitor.record(1, id="a")
            monitor.flush()
            received.clear()
            if os.fork() == 0:
                with warnings.catch_warnings(record=True) as warned:
                    warnings.simplefilter("always")
                    monitor.record(1, 1)
                    monitor.record_batch([1], [1])
                    monitor.label("a", 1)
                    monitor.record_error()
                    monitor.deploy("child")
                    with monitor.training(total=1) as run:
                        run.update(1)
                    monitor.flush()
                assert [one.category.__name__ for one in warned] == ["ForkedMonitorWarning"]
                assert warned[0].filename == "<string>"
                assert "belongs to the process that this one was forked from" in str(
                    warned[0].message
                )
                assert not ours() and not received
                assert "Forked" in repr(monitor)
                snapshot = monitor.snapshot()
                assert snapshot.model.name == "m"
                assert snapshot.metrics.total_predictions == 2
                assert snapshot.metrics.total_errors == 0
                assert (snapshot.metrics.total_labelled, snapshot.labels.pending) == (1, 1)
                (notice,) = snapshot.notices
                assert (notice.code, notice.count) == ("monitor.forked", 6)
                os._exit(0)
            _, status = os.wait()
            assert status == 0
            assert "Forked" not in repr(monitor)
            monitor.label("a", 1)
            snapshot = monitor.snapshot()
            print(snapshot.metrics.total_predictions, snapshot.metrics.total_labelled, *ours())
            assert snapshot.notices == []
        """) == ["2", "2", "callbacks", "sampler", "scheduler", "store"]

    def test_a_child_may_have_a_monitor_of_its_own(self):
        run("""
            parent = Monitor("m")
            if os.fork() == 0:
                monitor = Monitor("child", interval=0.1, metrics_interval=0.1)
                monitor.record(1, 1)
                until(lambda: any(e.type == "model_metrics_update" for e in monitor.events()))
                # Without a writer, when the fork fell into a moment in which the parent wrote.
                assert set(ours()) - {"store"} == {"sampler", "scheduler"}
                sys.exit(0)
            _, status = os.wait()
            assert status == 0
        """)

    def test_in_the_child_the_same_cell_again_replaces_the_monitor(self):
        assert run("""
            def cell():
                global monitor
                monitor = Monitor("m", interval=0.1, metrics_interval=0.1, reports=False)
                monitor.record(1, 1)

            cell()
            sys.stdout.flush()
            if os.fork() == 0:
                cell()
                gc.collect()
                assert monitor.snapshot().metrics.total_predictions == 1
                assert "Forked" not in repr(monitor)
                # Without a writer, when the fork fell into a moment in which the parent wrote.
                assert set(ours()) - {"store"} == {"sampler", "scheduler"}
                print("child")
                sys.exit(0)
            _, status = os.wait()
            assert status == 0
            monitor.record(1, 1)
            print("parent", monitor.snapshot().metrics.total_predictions)
        """) == ["child", "parent", "2"]

    def test_forks_amid_recording_do_not_hang_and_the_parent_stays_exact(self):
        assert run("""
            monitor = Monitor("m", interval=0.1, metrics_interval=0.1, reports=False)
            busy = True
            counts = []

            def record():
                n = 0
                while busy:
                    monitor.record(1, 1)
                    monitor.record(1, id=(threading.get_ident(), n))
                    monitor.label((threading.get_ident(), n), 1)
                    monitor.snapshot()
                    n += 1
                counts.append(n)

            threads = [threading.Thread(target=record) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(30):
                if os.fork() == 0:
                    warnings.simplefilter("ignore")
                    before = monitor.snapshot().metrics.total_predictions
                    monitor.record(1, 1)
                    assert monitor.snapshot().metrics.total_predictions == before
                    os._exit(0)
            for _ in range(30):
                assert os.wait()[1] == 0
            busy = False
            for thread in threads:
                thread.join()
            metrics = monitor.snapshot().metrics
            assert metrics.total_predictions == metrics.total_labelled == 2 * sum(counts)
            print(metrics.current_accuracy)
        """) == ["1.0"]

    def test_worker_processes_end(self):
        run("""
            import multiprocessing

            monitor = Monitor("m", interval=0.1)
            with multiprocessing.get_context("fork").Pool(2) as pool:
                assert sum(monitor.track(pool.imap(abs, range(20)), total=20)) == 190
        """)
