"""Readings of processes and their children: of fakes, and of real ones."""

from __future__ import annotations

import os
from collections import namedtuple
from contextlib import nullcontext
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.system.process.reader import ProcessReader
from tests.unit.system.process.helpers import running_child

Times = namedtuple("Times", "user system children_user children_system iowait")


class FakeProcess:
    """Stands in for a process of psutil."""

    def __init__(self, pid, born=1.0, children=(), error=None):
        self.pid = pid
        self.born = born
        self.offspring = list(children)
        self.error = error
        self.state = psutil.STATUS_SLEEPING
        self.lives = True

    def __eq__(self, other):
        return (self.pid, self.born) == (other.pid, other.born)

    def __hash__(self):
        return hash((self.pid, self.born))

    def children(self, recursive):
        assert recursive
        return list(self.offspring)

    def is_running(self):
        return self.lives

    def oneshot(self):
        return nullcontext()

    def cpu_times(self):
        if self.error is not None:
            raise self.error
        return Times(2.0, 1.0, 0.5, 0.25, 100.0)

    def create_time(self):
        return self.born

    def name(self):
        return "python.exe"

    def num_threads(self):
        return 4

    def memory_info(self):
        return SimpleNamespace(rss=500)

    def status(self):
        return self.state

    def memory_full_info(self):
        raise psutil.AccessDenied(self.pid)

    def cmdline(self):
        raise psutil.AccessDenied(self.pid)


def test_a_reading_tells_time_memory_threads_and_start():
    processes = ProcessReader(FakeProcess(1))
    assert processes.read(1) == (1.0, "python.exe", 3.75, 4, 500, False)


def test_what_is_denied_is_unknown():
    processes = ProcessReader(FakeProcess(1))
    assert processes.proportional_bytes(1) is None
    assert processes.open_files(1) is None  # no such call on Windows
    assert processes.command(1) == []


@pytest.mark.skipif(not psutil.POSIX, reason="Windows has no such state")
def test_one_that_ended_and_was_not_waited_for():
    root = FakeProcess(1)
    root.state = psutil.STATUS_ZOMBIE
    assert ProcessReader(root).read(1).zombie


@pytest.mark.parametrize("error", [psutil.NoSuchProcess(1), psutil.AccessDenied(1)])
def test_one_that_tells_nothing(error):
    assert ProcessReader(FakeProcess(1, error=error)).read(1) is None


def test_an_id_that_is_given_away_anew_is_another_process():
    child = FakeProcess(2, born=1.0)
    root = FakeProcess(1, children=[child])
    processes = ProcessReader(root)
    assert processes.descendants() == [2]
    assert processes.read(2).started == 1.0
    child.lives = False
    assert processes.read(2) is None
    root.offspring = [FakeProcess(2, born=50.0)]
    assert processes.descendants() == [2]
    assert processes.read(2).started == 50.0


def test_a_real_child():
    own = os.getpid()
    processes = ProcessReader(psutil.Process(own))
    before = processes.open_files(own)
    with running_child() as child:
        assert child.pid in processes.descendants()
        assert processes.existing([child.pid]) == [child.pid]
        reading, told = processes.read(child.pid), psutil.Process(child.pid)
        assert reading.threads == told.num_threads()
        assert reading.resident_bytes == pytest.approx(told.memory_info().rss, rel=0.2)
        assert reading.started == told.create_time()
        assert processes.command(child.pid) == told.cmdline()
        if psutil.LINUX:
            assert processes.proportional_bytes(child.pid) == pytest.approx(
                told.memory_full_info().pss, rel=0.2
            )
            assert processes.open_files(child.pid) == told.num_fds()
            assert processes.open_files(own) == before + 2
    assert processes.existing([child.pid]) == []
    assert child.pid not in processes.descendants()
    assert processes.read(own).name
