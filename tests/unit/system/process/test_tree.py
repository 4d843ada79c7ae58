"""The kernel's own processes: fakes where figures must be exact, real ones where that is quick."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter

import psutil
import pytest

from ipyvitals.system.process.reader import ProcessReading
from ipyvitals.system.process.tree import ProcessTree
from tests.unit.system.process.helpers import running_child

CORES = {"cpu_limit_cores": 2.0}
ROOT = 1


class FakeProcesses:
    """Processes whose readings are what the test says."""

    def __init__(self, adds_up=True):
        self.adds_up = adds_up
        self.readings = {ROOT: ProcessReading(10.0, "python", 0.0, 4, 100)}
        self.cost = 0.0
        self.seconds = 0.0
        self.shares = {}
        self.files = {ROOT: 50}
        self.commands = {ROOT: ["python", "-m", "ipykernel_launcher"]}
        self.asked = []

    def child(self, pid, seconds=0.0, size=10, threads=1, name="worker", born=10.0, zombie=False):
        self.readings[pid] = ProcessReading(born, name, seconds, threads, size, zombie)

    def spend(self, **seconds):
        for pid, spent in seconds.items():
            number = int(pid[1:])
            self.readings[number] = self.readings[number]._replace(cpu_seconds=spent)

    def timer(self):
        return self.seconds

    def descendants(self):
        return [pid for pid in self.readings if pid != ROOT]

    def existing(self, pids):
        return [pid for pid in pids if pid in self.readings]

    def read(self, pid):
        self.seconds += self.cost
        self.asked.append(pid)
        return self.readings.get(pid)

    def proportional_bytes(self, pid):
        return self.shares.get(pid)

    def open_files(self, pid):
        return self.files.get(pid)

    def command(self, pid):
        return self.commands.get(pid, [])


@pytest.fixture
def processes():
    return FakeProcesses()


@pytest.fixture
def tree(processes):
    return ProcessTree(ROOT, reader=processes, timer=processes.timer)


def look(tree, now, **known):
    """Return all fields of one look."""
    fields = {**CORES, **known}
    for part in tree.parts().values():
        fields.update(part(now, fields))
    return fields


def cpu(tree, now, **known):
    return look(tree, now, **known)["process_cpu_percent"]


class TestCpu:
    def test_the_first_is_unknown_and_then_exact(self, tree, processes):
        processes.spend(p1=100.0)
        assert cpu(tree, 0.0) is None
        processes.spend(p1=105.0)
        assert cpu(tree, 5.0) == 50.0
        assert cpu(tree, 10.0) == 0.0

    def test_it_never_exceeds_the_cores(self, tree, processes):
        cpu(tree, 0.0)
        processes.spend(p1=10.5)
        assert cpu(tree, 5.0) == 100.0

    def test_it_is_unknown_while_the_cores_are(self, tree):
        cpu(tree, 0.0, cpu_limit_cores=None)
        assert cpu(tree, 5.0, cpu_limit_cores=None) is None
        assert cpu(tree, 10.0) == 0.0

    def test_it_is_of_a_quota_that_may_be_a_fraction(self, tree, processes):
        cpu(tree, 0.0, cpu_limit_cores=0.5)
        processes.spend(p1=1.0)
        assert cpu(tree, 5.0, cpu_limit_cores=0.5) == pytest.approx(40.0)

    def test_samples_that_are_too_close_share_one_reading(self, tree, processes):
        cpu(tree, 0.0)
        processes.spend(p1=1.0)
        assert cpu(tree, 1.0) == 50.0
        processes.spend(p1=9.0)
        assert cpu(tree, 1.01) == 50.0

    def test_children_count(self, tree, processes):
        processes.child(2)
        cpu(tree, 0.0)
        processes.spend(p1=1.0, p2=3.0)
        assert cpu(tree, 4.0) == 50.0

    def test_a_child_that_ended_stays_counted_once(self, tree, processes):
        processes.child(2, seconds=7.0)
        cpu(tree, 0.0)
        del processes.readings[2]
        processes.spend(p1=8.0)
        assert cpu(tree, 1000.0) == pytest.approx(100.0 * 1.0 / 2000.0)

    def test_a_child_that_nobody_waited_for_keeps_its_seconds(self, tree, processes):
        processes.child(2, seconds=7.0)
        cpu(tree, 0.0)
        processes.child(2, seconds=8.0, zombie=True)
        told = look(tree, 100.0)
        assert told["process_cpu_percent"] == pytest.approx(0.5)
        assert told["process_children"] == 0

    def test_seconds_that_vanish_with_a_child_are_no_negative_load(self):
        processes = FakeProcesses(adds_up=False)
        tree = ProcessTree(ROOT, reader=processes)
        processes.child(2, seconds=7.0)
        cpu(tree, 0.0)
        del processes.readings[2]
        processes.spend(p1=4.0)
        assert cpu(tree, 1000.0) == pytest.approx(100.0 * 4.0 / 2000.0)

    def test_what_a_child_did_before_it_was_found_is_no_load_of_now(self, tree, processes):
        cpu(tree, 0.0)
        processes.child(2, seconds=3_600.0)
        processes.child(3, seconds=1.0)
        assert cpu(tree, 100.0) == pytest.approx(50.5)  # 100 s at most, and 1 s

    def test_an_id_that_is_given_away_anew_is_another_process(self, tree, processes):
        processes.child(2, seconds=50.0, born=10.0)
        cpu(tree, 0.0)
        processes.child(2, seconds=1.0, born=60.0)
        processes.spend(p1=50.0)  # those of the first one are the parent's now
        assert cpu(tree, 10.0) == pytest.approx(5.0)


class TestMemory:
    def test_until_pages_are_shared_out_it_is_what_is_resident(self, tree, processes):
        processes.child(2, size=30)
        told = look(tree, 0.0)
        assert told["process_memory_bytes"] == 130
        assert told["process_memory_kind"] == "rss"

    def test_shared_pages_count_once(self, tree, processes):
        processes.child(2, size=30)
        processes.shares = {ROOT: 85, 2: 15}
        told = look(tree, 0.0)
        assert told["process_memory_bytes"] == 100
        assert told["process_memory_kind"] == "pss"

    def test_the_three_largest_are_named_with_their_load(self, tree, processes):
        for pid, size in ((2, 300), (3, 20), (4, 200), (5, 50)):
            processes.child(pid, size=size, name=f"w{pid}")
        look(tree, 0.0)
        processes.spend(p2=5.0)
        first, second, third = look(tree, 5.0)["top_processes"]
        assert (first.pid, first.name, first.memory_bytes, first.own) == (2, "w2", 300, False)
        assert first.cpu_percent == 50.0
        assert (second.pid, second.cpu_percent) == (4, 0.0)
        assert (third.pid, third.name, third.own) == (ROOT, "ipykernel_launcher", True)

    def test_a_process_that_calls_itself_something_else_is_called_that(self, tree, processes):
        processes.child(2, size=300, name="python")
        assert look(tree, 0.0)["top_processes"][0].name == "python"
        processes.child(2, size=300, name="pt_data_worker")
        assert look(tree, 5.0)["top_processes"][0].name == "pt_data_worker"


class TestCounts:
    def test_threads_and_children_are_those_that_live(self, tree, processes):
        processes.child(2, threads=3)
        processes.child(3, zombie=True)
        told = look(tree, 0.0)
        assert (told["process_children"], told["process_threads"]) == (1, 7)

    def test_files_of_all_and_how_near_the_kernel_is_to_its_limit(
        self, tree, processes, monkeypatch
    ):
        monkeypatch.setattr("ipyvitals.system.process.tree._open_files_limit", lambda: 200)
        processes.child(2)
        processes.child(3)
        processes.files[2] = 7
        told = look(tree, 0.0)
        assert told["process_open_files"] == 57
        assert (told["open_files_percent"], told["open_files_limit"]) == (25.0, 200)

    def test_without_a_limit_there_is_no_share_of_it(self, tree, processes, monkeypatch):
        monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
        processes.files = {}
        told = look(tree, 0.0)
        assert told["open_files_percent"] is told["open_files_limit"] is None
        assert told["process_open_files"] is None

    def test_a_look_that_fails_leaves_all_of_it_unknown(self, tree, processes):
        look(tree, 0.0)
        processes.readings.clear()
        fields = {**CORES}
        for name, part in tree.parts().items():
            if name != "processes":
                fields.update(part(5.0, fields))
        told = look(tree, 5.0)
        assert told["process_cpu_percent"] is None
        assert "process_memory_bytes" not in told


class TestHundreds:
    """Readings that cost what psutil takes for them: not all can be read each time."""

    @pytest.fixture
    def processes(self):
        processes = FakeProcesses()
        processes.cost = 0.00006
        return processes

    @pytest.mark.parametrize("children", [500, 2_000])
    def test_what_readings_cost_is_a_share_of_the_time(self, tree, processes, children):
        for pid in range(2, 2 + children):
            processes.child(pid)
        for number in range(100):
            look(tree, 5.0 * number)
        in_advance, of_the_root = 0.012 + 0.02 + processes.cost, 100 * processes.cost
        assert processes.seconds <= 0.0012 * 500 + in_advance + of_the_root
        asked = Counter(processes.asked)
        assert asked.pop(ROOT) == 100
        assert len(asked) == children
        assert max(asked.values()) - min(asked.values()) <= 1

    def test_eighty_are_read_each_time(self, tree, processes):
        for pid in range(2, 82):
            processes.child(pid)
        for number in range(20):
            look(tree, 5.0 * number)
        assert set(Counter(processes.asked).values()) == {20}

    def test_hundreds_are_counted_at_once_and_thousands_soon(self, tree, processes):
        for pid in range(2, 502):
            processes.child(pid)
        assert look(tree, 0.0)["process_children"] == 500
        for pid in range(502, 1_002):
            processes.child(pid)
        counts = [look(tree, 5.0 * number)["process_children"] for number in range(1, 9)]
        assert counts == sorted(counts)
        assert counts[-1] == 1_000

    def test_cpu_of_those_not_read_follows(self, tree, processes):
        for pid in range(2, 1_002):
            processes.child(pid)
        for number in range(12):
            look(tree, 5.0 * number)
        for pid in range(2, 1_002):
            processes.child(pid, seconds=0.01)
        spent = sum(cpu(tree, 60.0 + 5.0 * n) / 100 * 10.0 for n in range(12))
        assert spent == pytest.approx(10.0, rel=0.01)

    def test_cpu_of_one_process_is_of_the_time_between_its_own_readings(self, tree, processes):
        for pid in range(2, 1_002):
            processes.child(pid)
        processes.child(500, size=1_000)
        shown = set()
        for number in range(40):
            processes.child(500, size=1_000, seconds=5.0 * number)
            (largest,) = [
                one for one in look(tree, 5.0 * number)["top_processes"] if one.pid == 500
            ]
            shown.add(largest.cpu_percent)
        assert shown == {None, 50.0}

    def test_seconds_of_one_that_ended_before_it_was_read_again_count_once(self, tree, processes):
        for pid in range(2, 1_002):
            processes.child(pid, seconds=100.0)
        for number in range(20):
            look(tree, 5.0 * number)
        for number in range(20, 60):
            del processes.readings[2 + 20 * (number - 20)]
            processes.spend(p1=100.0 * (number - 19))
            told = look(tree, 5.0 * number)
            assert told["process_cpu_percent"] == 0.0
            assert told["process_children"] == 1_000 - (number - 19)


class TestForReal:
    def test_a_child_is_counted_until_it_ends(self):
        tree = ProcessTree()
        before = look(tree, 0.0)
        with running_child("big = bytearray(b'x') * 50_000_000", "worker.py") as child:
            told = look(tree, 1e6)
            assert child.pid in tree.pids
            assert told["process_children"] == before["process_children"] + 1
            assert told["process_memory_bytes"] > before["process_memory_bytes"] + 40_000_000
            (shown,) = [one for one in told["top_processes"] if one.pid == child.pid]
            assert shown.memory_bytes > 40_000_000
        told = look(tree, 2e6)
        assert child.pid not in tree.pids
        assert told["process_children"] == before["process_children"]

    def test_a_thread_is_counted(self):
        tree, ready, done = ProcessTree(), threading.Event(), threading.Event()
        before = look(tree, 0.0)["process_threads"]
        thread = threading.Thread(target=lambda: (ready.set(), done.wait(20)))
        thread.start()
        ready.wait(20)
        assert look(tree, 1.0)["process_threads"] == before + 1
        done.set()
        thread.join()

    @pytest.mark.skipif(not psutil.LINUX, reason="only Linux shares pages out")
    def test_forked_children_share_what_they_did_not_change(self):
        code = """
import os, signal
big = bytearray(b"x") * 60_000_000
for _ in range(3):
    if os.fork() == 0:
        signal.pause()
import atexit, subprocess, sys
"""
        with running_child(
            code + "pids = open(f'/proc/self/task/{os.getpid()}/children').read()"
            "\natexit.register(lambda: [os.kill(int(p), 9) for p in pids.split()])"
        ) as child:
            tree = ProcessTree(child.pid)
            for number in range(12):
                told = look(tree, 1e6 * number)
            assert told["process_children"] == 3
            assert told["process_memory_kind"] == "pss"
            assert 60e6 < told["process_memory_bytes"] < 120e6
            resident = sum(psutil.Process(pid).memory_info().rss for pid in tree.pids)
            assert resident > 180e6

    def test_the_kernel_itself_is_the_root(self):
        tree = ProcessTree()
        told = look(tree, 0.0)
        assert tree.pids[0] == os.getpid()
        assert any(one.own and one.pid == os.getpid() for one in told["top_processes"])
