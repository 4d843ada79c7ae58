"""Readings of processes and their children: of files of Linux, of psutil, of real ones."""

from __future__ import annotations

import os
from contextlib import nullcontext
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.system.process.readers import LinuxProcesses, PsutilProcesses
from tests.unit.system.process.helpers import running_child

linux = pytest.mark.skipif(not psutil.LINUX, reason="this is about Linux")
STAT = (
    "{pid} ({name}) {state} 1 7 7 0 -1 4194304 906 0 0 0 {user} {system} {ended} 5 20 0 "
    "{threads} 0 {started} 262144000 {pages} 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1\n"
)


class Proc:
    """A folder like ``/proc``."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, pid, name, text):
        file = self.folder / str(pid) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def stat(self, pid, **fields):
        known = {
            "name": "python",
            "state": "S",
            "user": 100,
            "system": 50,
            "ended": 30,
            "threads": 3,
            "started": 4_200,
            "pages": 1_000,
        }
        self.write(pid, "stat", STAT.format(pid=pid, **(known | fields)))

    def children(self, pid, **threads):
        for thread, text in (threads or {f"t{pid}": ""}).items():
            self.write(pid, f"task/{thread[1:]}/children", text)


@pytest.fixture
def proc(tmp_path):
    return Proc(tmp_path)


@pytest.fixture
def processes(proc):
    return LinuxProcesses(1, str(proc.folder))


@linux
class TestLinux:
    def test_a_reading_tells_time_memory_threads_and_start(self, proc, processes):
        proc.stat(7)
        reading = processes.read(7)
        tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
        assert reading.name == "python"
        assert reading.cpu_seconds == pytest.approx(185 / tick)
        assert reading.started == 4_200 / tick
        assert (reading.threads, reading.resident_bytes) == (3, 1_000 * page)
        assert not reading.zombie

    @pytest.mark.parametrize("name", ["a b", "my) S 1 (job", "(sd-pam)", "é"])
    def test_a_name_may_hold_anything(self, proc, processes, name):
        proc.stat(7, name=name, threads=9)
        assert (processes.read(7).name, processes.read(7).threads) == (name, 9)

    def test_one_that_ended_and_was_not_waited_for(self, proc, processes):
        proc.stat(7, state="Z", pages=0)
        assert processes.read(7).zombie

    def test_one_that_is_gone_tells_nothing(self, processes):
        assert processes.read(99) is None
        assert processes.proportional_bytes(99) is None
        assert processes.open_files(99) is None
        assert processes.command(99) == []

    def test_children_are_found_in_the_lists_of_all_threads_and_theirs_too(self, proc, processes):
        proc.children(1, t1="2 3 ", t8="4 ")
        proc.children(2)
        proc.children(3, t3="5 ")
        proc.children(4)
        proc.children(5)
        assert sorted(processes.tree(0.0)) == [2, 3, 4, 5]

    def test_no_lists_are_told_apart_from_no_children(self, proc, processes):
        (proc.folder / "1" / "task" / "1").mkdir(parents=True)
        assert processes.tree(0.0) is None
        proc.children(1)
        assert processes.tree(1e6) == []

    def test_of_hundreds_some_are_asked_for_children_at_a_time_and_all_in_the_end(
        self, proc, processes
    ):
        pids = range(2, 502)
        proc.children(1, t1=" ".join(map(str, pids)))
        for pid in pids:
            proc.children(pid)
        assert len(processes.tree(0.0)) == 500
        proc.children(301, t301="999 ")
        proc.children(999)
        found = [999 in processes.tree(1e6 * look) for look in range(1, 10)]
        assert found.index(True) <= 7
        assert all(found[found.index(True) :])

    def test_one_that_ended_takes_its_children_along(self, proc, processes):
        proc.children(1, t1="2 ")
        proc.children(2, t2="3 ")
        proc.children(3)
        assert processes.tree(0.0) == [2, 3]
        proc.children(1)
        assert processes.tree(1e6) == []

    def test_shared_memory_is_shared_out(self, proc, processes):
        proc.write(7, "smaps_rollup", "55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\n")
        assert processes.proportional_bytes(7) is None
        proc.write(
            7, "smaps_rollup", "55d0 [rollup]\nRss:  900 kB\nPss:   300 kB\nPss_Anon: 2 kB\n"
        )
        assert processes.proportional_bytes(7) == 300 * 1024

    def test_a_command_line(self, proc, processes):
        proc.write(7, "cmdline", "python\0-m\0train\0")
        assert processes.command(7) == ["python", "-m", "train"]

    def test_a_real_child(self):
        own = os.getpid()
        processes = LinuxProcesses(own)
        before = processes.open_files(own)
        with running_child() as child:
            assert child.pid in processes.tree(0.0)
            reading, told = processes.read(child.pid), psutil.Process(child.pid)
            assert reading.threads == told.num_threads()
            assert reading.resident_bytes == pytest.approx(told.memory_info().rss, rel=0.2)
            assert processes.proportional_bytes(child.pid) == pytest.approx(
                told.memory_full_info().pss, rel=0.2
            )
            assert processes.open_files(child.pid) == told.num_fds()
            assert processes.open_files(own) == before + 2
            assert processes.command(child.pid) == told.cmdline()
            boot = psutil.boot_time()
            assert reading.started == pytest.approx(told.create_time() - boot, abs=2.0)
        assert child.pid not in processes.tree(1e6)


class FakeProcess:
    """Stands in for a process of psutil on a system without ``/proc``."""

    def __init__(self, pid, born=1.0, children=(), error=None):
        self.pid = pid
        self.born = born
        self.offspring = list(children)
        self.error = error
        self.scans = 0

    def __eq__(self, other):
        return (self.pid, self.born) == (other.pid, other.born)

    def __hash__(self):
        return hash((self.pid, self.born))

    def children(self, recursive):
        assert recursive
        self.scans += 1
        return list(self.offspring)

    def oneshot(self):
        return nullcontext()

    def cpu_times(self):
        if self.error is not None:
            raise self.error
        return SimpleNamespace(user=2.0, system=1.0)

    def create_time(self):
        return self.born

    def name(self):
        return "python.exe"

    def num_threads(self):
        return 4

    def memory_info(self):
        return SimpleNamespace(rss=500)

    def cmdline(self):
        raise psutil.AccessDenied(self.pid)


class TestElsewhere:
    def test_a_reading(self):
        processes = PsutilProcesses(FakeProcess(1))
        assert processes.read(1)[:5] == (1.0, "python.exe", 3.0, 4, 500)
        assert processes.proportional_bytes(1) is None
        assert processes.open_files(1) is None  # no such call on Windows
        assert processes.command(1) == []  # denied

    @pytest.mark.parametrize("error", [psutil.NoSuchProcess(1), psutil.AccessDenied(1)])
    def test_one_that_tells_nothing(self, error):
        assert PsutilProcesses(FakeProcess(1, error=error)).read(1) is None

    def test_all_processes_are_looked_through_seldom(self):
        root = FakeProcess(1)
        processes = PsutilProcesses(root)
        assert processes.tree(0.0) == []
        root.offspring = [FakeProcess(2)]
        assert processes.tree(9.0) == []
        assert processes.tree(11.0) == [2]
        assert root.scans == 2

    def test_an_id_that_is_given_away_anew_is_another_process(self):
        root = FakeProcess(1, children=[FakeProcess(2, born=1.0)])
        processes = PsutilProcesses(root)
        processes.tree(0.0)
        kept = processes._known[2]
        root.offspring = [FakeProcess(2, born=1.0)]
        processes.tree(100.0)
        assert processes._known[2] is kept
        root.offspring = [FakeProcess(2, born=50.0)]
        processes.tree(200.0)
        assert processes.read(2).started == 50.0

    def test_this_process(self):
        processes = PsutilProcesses(psutil.Process())
        with running_child() as child:
            assert child.pid in processes.tree(0.0)
            assert processes.read(child.pid).threads >= 1
