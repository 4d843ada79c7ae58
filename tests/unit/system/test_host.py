"""The machine's readings, against an operating system that says what the test wants."""

from __future__ import annotations

import os
from collections import namedtuple
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.system.host import HostReader, ProcReader

LinuxTimes = namedtuple("LinuxTimes", "user nice system idle iowait guest guest_nice")
MacTimes = namedtuple("MacTimes", "user nice system idle")


def linux(busy=0.0, idle=0.0, iowait=0.0, guest=0.0):
    return LinuxTimes(busy, 0.0, 0.0, idle, iowait, guest, 0.0)


class FakeApi:
    """Stands in for psutil."""

    POSIX = True

    def __init__(self, affinity=(0, 1), times=None):
        self.times = times or [linux(), linux()]
        self.asked = 0
        self.memory = SimpleNamespace(total=16_000, available=4_000, free=1_000)
        self.affinity = affinity

    def Process(self):  # noqa: N802 - psutil's name
        if self.affinity is None:
            return SimpleNamespace()
        return SimpleNamespace(cpu_affinity=lambda: list(self.affinity))

    def cpu_times(self, percpu):
        assert percpu
        self.asked += 1
        return self.times

    def cpu_count(self):
        return len(self.times)

    def virtual_memory(self):
        return self.memory


def cpu(host, now):
    return host.cpu(now, {})["cpu_percent"]


def test_first_cpu_is_unknown_then_exact():
    api = FakeApi()
    host = HostReader(api=api)
    assert cpu(host, 10.0) is None
    api.times = [linux(busy=3.0, idle=1.0), linux(busy=1.0, idle=3.0)]
    assert cpu(host, 15.0) == 50.0
    api.times = [linux(busy=3.0, idle=6.0), linux(busy=1.0, idle=8.0)]
    assert cpu(host, 20.0) == 0.0


def test_waiting_for_a_disk_is_idle_and_guests_count_once():
    api = FakeApi()
    host = HostReader(api=api)
    cpu(host, 0.0)
    # The guest's 2 s stand in `user` as well: 2 s busy of 8 s.
    api.times = [linux(busy=2.0, guest=2.0, idle=2.0), linux(iowait=4.0)]
    assert cpu(host, 5.0) == 25.0


def test_samples_that_are_too_close_share_one_reading():
    api = FakeApi()
    host = HostReader(api=api)
    cpu(host, 0.0)
    api.times = [linux(busy=1.0, idle=3.0)] * 2
    assert cpu(host, 1.0) == 25.0
    api.times = [linux(busy=9.0, idle=3.0)] * 2
    assert cpu(host, 1.05) == 25.0
    assert api.asked == 2
    assert cpu(host, 1.2) == 100.0


def test_counters_that_stand_still_or_step_back_are_no_load():
    api = FakeApi(times=[linux(busy=5.0, idle=5.0)] * 2)
    host = HostReader(api=api)
    cpu(host, 0.0)
    assert cpu(host, 1.0) is None
    api.times = [linux(busy=4.0, idle=7.0)] * 2
    assert cpu(host, 2.0) == 0.0


def test_cpu_speaks_of_the_processors_the_process_may_use():
    api = FakeApi(affinity=[1, 3], times=[linux()] * 4)
    host = HostReader(api=api)
    assert host.cores(0.0, {}) == {"scope": "host", "cpu_scope": "host", "cpu_limit_cores": 2.0}
    cpu(host, 0.0)
    api.times = [linux(idle=4.0), linux(busy=4.0), linux(idle=4.0), linux(busy=1.0, idle=3.0)]
    assert cpu(host, 5.0) == 62.5


def test_processors_are_not_picked_by_number_when_some_are_offline():
    api = FakeApi(affinity=[0, 2], times=[linux()] * 2)
    host = HostReader(api=api)
    cpu(host, 0.0)
    api.times = [linux(busy=4.0), linux(idle=4.0)]
    assert cpu(host, 5.0) == 50.0


def test_a_system_without_affinity_counts_all_processors():
    api = FakeApi(affinity=None, times=[MacTimes(0.0, 0.0, 0.0, 0.0)] * 8)
    host = HostReader(api=api)
    assert host.cores(0.0, {})["cpu_limit_cores"] == 8.0
    cpu(host, 0.0)
    api.times = [MacTimes(1.0, 1.0, 1.0, 1.0)] * 8
    assert cpu(host, 5.0) == 75.0


def test_memory_counts_what_new_work_cannot_have():
    assert HostReader(api=FakeApi()).memory(0.0, {}) == {
        "memory_scope": "host",
        "memory_percent": 75.0,
        "memory_used_bytes": 12_000,
        "memory_cache_bytes": 3_000,
        "memory_limit_bytes": 16_000,
    }


def test_where_the_cache_counts_as_free_its_size_is_unknown():
    api = FakeApi()
    api.POSIX = False
    assert HostReader(api=api).memory(0.0, {})["memory_cache_bytes"] is None


def test_busy_processors_are_counted_of_those_the_process_may_use():
    api = FakeApi(affinity=[1, 3], times=[linux()] * 4)
    host = HostReader(api=api)
    assert host.busy_cores is None
    host.cores(0.0, {})
    cpu(host, 0.0)
    api.times = [linux(idle=4.0), linux(busy=4.0), linux(idle=4.0), linux(busy=1.0, idle=3.0)]
    cpu(host, 5.0)
    assert host.busy_cores == 1.25


def test_elsewhere_nobody_tells_of_kills():
    assert HostReader(api=FakeApi()).kills(0.0, {}) == {"oom_kills": None}


STAT = """\
cpu  {all}
cpu0 10 0 10 70 10 0 0 0 0 0
cpu1 {one}
cpu3 40 0 0 60 0 0 0 0 5 0
intr 123456 0 0
ctxt 1
"""


class TestLinux:
    @pytest.fixture
    def proc(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "sysconf", lambda name: 64)

        def write(all="60 0 10 230 10 5 5 0 5 0", one="10 0 0 100 0 5 5 0 0 0"):
            (tmp_path / "stat").write_text(STAT.format(all=all, one=one))
            return ProcReader(str(tmp_path))

        return write

    def test_guests_count_once_and_waiting_for_a_disk_is_idle(self, proc):
        assert proc().cpu([0, 3]) == (60.0, 140.0)
        assert proc().cpu([1]) == (20.0, 100.0)

    def test_a_processor_that_is_offline_has_no_part_in_it(self, proc):
        assert proc().cpu([2, 3]) == (40.0, 60.0)

    def test_all_of_them_stand_in_one_line(self, proc, monkeypatch):
        monkeypatch.setattr(os, "sysconf", lambda name: 3)
        assert proc().cpu([0, 1, 3]) == (80.0, 240.0)

    def test_kills_are_those_since_the_machine_began(self, tmp_path):
        (tmp_path / "vmstat").write_text("pgfree 7\noom_kill 3\nnuma_hit 1\n")
        assert ProcReader(str(tmp_path)).oom_kills() == 3
        (tmp_path / "vmstat").write_text("pgfree 7\n")
        assert ProcReader(str(tmp_path)).oom_kills() is None

    @pytest.mark.skipif(not psutil.LINUX, reason="this is about Linux")
    def test_psutil_says_the_same_of_this_machine(self):
        busy, idle = ProcReader().cpu(psutil.Process().cpu_affinity())
        ticks = os.sysconf("SC_CLK_TCK")
        others = psutil.cpu_times()
        assert (busy + idle) / ticks == pytest.approx(
            sum(others) - others.guest - others.guest_nice, rel=0.01
        )


def test_the_real_machine_answers():
    host = HostReader()
    fields = {}
    for part in host.parts().values():
        fields.update(part(0.0, fields))
    assert fields["cpu_percent"] is None
    assert 0.0 < fields["memory_percent"] <= 100.0
    assert fields["cpu_limit_cores"] >= 1.0
