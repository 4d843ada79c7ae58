"""How a kernel ended: out of memory, by a signal, or restarted; and which runs were lost."""

from __future__ import annotations

import msgspec
import pytest

from ipyvitals.schema import RunInfo, SystemSection, TrainingSection
from ipyvitals.schema.protocol import ended
from ipyvitals.server.kernel_end import OutOfMemoryWatcher, kernel_end, lost_runs
from ipyvitals.server.kernel_state import KernelStateTracker
from tests.server.fake_kernel import full

GIB = 2**30
RUN = TrainingSection(state="running", stage="Fit", progress=31.2, current=312, total=1_000)


def reading(used=79 * GIB // 10, percent=98.75, scope="container"):
    return SystemSection(
        memory_used_bytes=used,
        memory_limit_bytes=8 * GIB,
        memory_percent=percent,
        memory_scope=scope,
    )


def kernel(system=None, training=RUN, **fields):
    one = KernelStateTracker("k")
    one.apply(full(system=system or reading(), training=training, **fields), 1_000.0)
    return one


def end(one, exit_code=-9, *, died=True, killed=False):
    return kernel_end(one, 1_005.0, died=died, exit_code=exit_code, killed_for_memory=killed)


def test_a_kernel_that_the_system_killed_for_memory_says_how_much_there_was():
    told = end(kernel())
    assert told.text == "out of memory: 7.9 of 8.0 GiB"
    assert (told.reason, told.signal, told.exit_code) == ("out_of_memory", "SIGKILL", -9)
    assert (told.at, told.last_seen) == (1_005.0, 1_000.0)
    assert (told.stage, told.current, told.total) == ("Fit", 312, 1_000)


def test_memory_that_ran_out_within_seconds_is_known_by_the_kill():
    quick = kernel(system=reading(used=3 * GIB, percent=37.5))
    assert end(quick, killed=True).text == "out of memory: 8.0 of 8.0 GiB"
    machine = kernel(system=reading(used=3 * GIB, percent=37.5, scope="host"))
    assert end(machine, killed=True).text == "out of memory: 3.0 of 8.0 GiB"
    assert end(kernel(system=SystemSection()), killed=True).text == "out of memory"


def test_a_kill_that_was_not_for_memory_is_a_signal():
    told = end(kernel(system=reading(used=3 * GIB, percent=37.5)))
    assert (told.reason, told.text) == ("signal", "killed by SIGKILL")


def test_a_crash_while_another_process_ran_out_of_memory_is_a_crash():
    told = end(kernel(), -11, killed=True)
    assert (told.reason, told.text) == ("signal", "killed by SIGSEGV")


@pytest.mark.parametrize(("code", "name"), [(137, "SIGKILL"), (143, "SIGTERM")])
def test_a_shell_around_the_kernel_passes_the_signal_on(code, name):
    assert end(kernel(system=reading(percent=10.0)), code).signal == name


def test_a_kernel_that_left_by_itself_has_a_status():
    told = end(kernel(), 3)
    assert (told.reason, told.text, told.signal) == ("exited", "exited with status 3", None)


def test_without_a_status_the_cause_is_unknown():
    told = end(kernel(), None)
    assert (told.reason, told.text) == (None, "the kernel died")
    assert end(kernel(), None, killed=True).reason == "out_of_memory"


def test_a_restart_by_a_user_is_no_death():
    told = end(kernel(), None, died=False)
    assert (told.reason, told.exit_code) == ("restarted", None)


def test_each_run_that_was_open_is_an_event():
    one = kernel(seq=7)
    one.apply(full(monitor="idle", training=TrainingSection()), 1_000.0)
    one.apply(full(monitor="closed", training=RUN, closed=True), 1_000.0)
    (event,) = lost_runs(one, end(one))
    assert (event.monitor, event.state, event.seq) == ("default", "lost", 8)
    assert event.details == "out of memory: 7.9 of 8.0 GiB"
    assert (event.current, event.total) == (312, 1_000)


def test_each_run_beside_the_one_in_front_is_an_event_too():
    front = msgspec.structs.replace(RUN, run_id="a-1")
    rows = [
        RunInfo(run_id="a-2", stage="Fold 2", current=3),
        RunInfo(run_id="a-1"),
        RunInfo(run_id="a-3", parent_id="a-1"),
        RunInfo(run_id="a-4", state="completed"),
    ]
    one = kernel(seq=7, training=front, runs=rows)
    events = list(lost_runs(one, end(one)))
    assert [(event.run_id, event.seq) for event in events] == [("a-1", 8), ("a-2", 9)]
    assert (events[1].state, events[1].stage, events[1].current) == ("lost", "Fold 2", 3)


def test_a_monitor_that_ended_without_a_word_leaves_no_run_open():
    rows = [RunInfo(run_id="a-1"), RunInfo(run_id="a-2", state="completed")]
    runs = ended(full(training=RUN, runs=rows)).runs
    assert [(run.state, run.end, run.reason_code) for run in runs] == [
        ("stopped", "closed", "run.closed"),
        ("completed", None, None),
    ]


class TestWatcher:
    @pytest.fixture
    def write(self, tmp_path):
        def write_files(groups, **files):
            (tmp_path / "proc" / "self").mkdir(parents=True, exist_ok=True)
            (tmp_path / "proc" / "self" / "cgroup").write_text(groups)
            for path, text in files.items():
                file = tmp_path / path.replace("__", "/").replace("DOT", ".")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return OutOfMemoryWatcher(tmp_path)

        return write_files

    CASES = (
        ("0::/", "sys__fs__cgroup__memoryDOTevents", "max 3\noom_kill {n}\n"),
        (
            "4:memory:/docker/a",
            "sys__fs__cgroup__memory__memoryDOToom_control",
            "under_oom 0\noom_kill {n}\n",
        ),
        (
            "4:memory:/user/a",
            "sys__fs__cgroup__memory__user__a__memoryDOToom_control",
            "oom_kill {n}\n",
        ),
        ("", "proc__vmstat", "pgfree 7\noom_kill {n}\n"),
    )

    @pytest.mark.parametrize(("groups", "file", "text"), CASES)
    def test_a_kill_is_recent_for_ten_seconds(self, write, groups, file, text):
        watcher = write(groups, **{file: text.format(n=4)})
        watcher.look(0.0)
        assert not watcher.recently(1.0)
        write(groups, **{file: text.format(n=5)})
        assert watcher.recently(3.0)
        assert watcher.recently(13.0)
        assert not watcher.recently(13.1)

    def test_where_nobody_counts_there_is_none(self, tmp_path):
        watcher = OutOfMemoryWatcher(tmp_path)
        watcher.look(0.0)
        assert not watcher.recently(1.0)
