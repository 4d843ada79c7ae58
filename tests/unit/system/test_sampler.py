"""The sampler never raises, and what it could not read is unknown."""

from __future__ import annotations

import subprocess
import sys
import threading
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.schema import SystemSection
from ipyvitals.system.disk import DiskReader
from ipyvitals.system.gpu.gpus import GpuReader
from ipyvitals.system.gpu.nvidia import NvidiaDriver
from ipyvitals.system.sampler import SystemSampler, sources
from ipyvitals.system.source import UnreadError
from ipyvitals.system.timeout import TimeoutCaller
from ipyvitals.utils.notices import Notices
from tests.unit.system.gpu.fake_nvml import FakeDevice, FakeNvml

GIB = 2**30
PARTS = [name for _, make in sources() for name in make().parts()]
MACHINE = ("cpu_percent", "memory_percent", "disk_percent", "process_memory_bytes")
LOST_WITH = {
    "cores": ("cpu_limit_cores", "cpu_scope", "process_cpu_percent"),
    "cpu": ("cpu_percent",),
    "memory": (
        *("memory_percent", "memory_used_bytes", "memory_limit_bytes", "memory_scope"),
        *("memory_cache_bytes", "memory_peak_bytes"),
    ),
    "kills": ("oom_kills",),
    "disk": ("disk_percent", "disk_free_bytes", "disk_path", "disk_io_scope"),
    "disk_io": ("disk_io_scope",),
    "shared_memory": ("shared_memory_percent",),
    "network": ("network_received_bytes",),
    "processes": (
        *("process_threads", "process_cpu_percent"),
        *("process_memory_bytes", "process_memory_kind", "process_memory_peak_bytes"),
    ),
    "process_cpu": ("process_cpu_percent",),
    "process_memory": (
        *("process_memory_bytes", "process_memory_kind", "process_memory_peak_bytes"),
    ),
    "process_files": ("process_open_files", "open_files_percent"),
    "connections": ("active_connections",),
    "gpus": ("gpus_reason",),
    "pressure": ("pressure_scope", "cpu_pressure_percent", "memory_pressure_percent"),
    "cpu_wait": ("cpu_delay_percent",),
}


class FakeSource:
    """Gives fixed fields, and fails where it is told to."""

    def __init__(self, **parts):
        self._answers = parts
        self.closed = 0

    def parts(self):
        return {name: self._part(name) for name in self._answers}

    def _part(self, name):
        def read(now, known):
            answer = self._answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer(known) if callable(answer) else answer

        return read

    def tell(self, **parts):
        self._answers |= parts

    def close(self):
        self.closed += 1


class Broken:
    """A source of which one part fails."""

    def __init__(self, source, name):
        self._source = source
        self._name = name

    def parts(self):
        def fail(now, known):
            raise OSError("broken")

        return {
            name: fail if name == self._name else part
            for name, part in self._source.parts().items()
        }


def of(*fakes, **options):
    made_of = [("fake", lambda fake=fake: fake) for fake in fakes]
    return SystemSampler(made_of=made_of, **options)


def let_the_counters_move():
    """Return once the machine's processor times have moved on by some of the kernel's ticks."""

    def seconds():
        # Some of the others, such as waiting for a disk, are known to step back.
        times = psutil.cpu_times()
        return times.user + times.system + times.idle

    before = seconds()
    while seconds() < before + 0.05:
        threading.Event().wait(0.01)


@pytest.fixture
def notices():
    return Notices(lambda: 0.0)


def test_the_fields_of_all_sources_come_together_and_later_ones_correct_earlier_ones():
    sampler = of(
        FakeSource(cpu={"cpu_percent": 12.5}, cores={"cpu_limit_cores": 4.0}),
        FakeSource(limit={"cpu_limit_cores": 2.0}),
        FakeSource(load=lambda known: {"process_cpu_percent": known["cpu_limit_cores"]}),
    )
    assert sampler.sample(0.0) == SystemSection(
        cpu_percent=12.5, cpu_limit_cores=2.0, process_cpu_percent=2.0
    )


class TestPeaks:
    def test_the_highest_reading_since_the_monitor_began_is_known(self):
        fake = FakeSource(m={}, p={})
        sampler = of(fake)
        peaks = []
        for now, used, own in ((0.0, 5, 3), (5.0, 9, 4), (10.0, 2, 1), (15.0, None, None)):
            fake.tell(m={"memory_used_bytes": used, "memory_scope": "host"})
            fake.tell(p={"process_memory_bytes": own, "process_memory_kind": "pss"})
            told = sampler.sample(now)
            peaks.append((told.memory_peak_bytes, told.process_memory_peak_bytes))
        assert peaks == [(5, 3), (9, 4), (9, 4), (9, 4)]

    def test_a_peak_of_the_machine_is_none_of_the_container(self):
        fake = FakeSource(m={"memory_used_bytes": 50, "memory_scope": "host"})
        sampler = of(fake)
        sampler.sample(0.0)
        fake.tell(m={"memory_used_bytes": 7, "memory_scope": "container"})
        assert sampler.sample(5.0).memory_peak_bytes == 7

    def test_a_sum_that_counts_shared_pages_twice_is_no_peak_beside_exact_ones(self):
        fake = FakeSource(p={})
        sampler = of(fake)
        peaks = []
        for now, kind, own in ((0.0, "rss", 900), (5.0, "pss", 300), (10.0, "rss", 900)):
            fake.tell(p={"process_memory_bytes": own, "process_memory_kind": kind})
            peaks.append(sampler.sample(now).process_memory_peak_bytes)
        assert peaks == [900, 300, 300]


def test_health_is_left_for_others_to_judge():
    reading = SystemSampler().sample(0.0)
    assert (reading.system_health, reading.limiter) == ("unknown", None)
    assert reading.unknown_components == []


@pytest.mark.parametrize("broken", PARTS)
def test_a_failure_leaves_its_fields_unknown_and_the_others_known(broken, notices):
    made_of = [(name, lambda make=make: Broken(make(), broken)) for name, make in sources()]
    whole, sampler = SystemSampler(), SystemSampler(notices=notices, made_of=made_of)
    for one in (whole, sampler):
        one.sample(0.0)
    let_the_counters_move()
    expected, reading = whole.sample(5.0), sampler.sample(5.0)
    lost = LOST_WITH.get(broken, ())
    for field in {name for fields in LOST_WITH.values() for name in fields}:
        unknown = getattr(reading, field) is None
        assert unknown == (field in lost or getattr(expected, field) is None), field
    assert notices.count(f"system.{broken}") == 2
    assert [one.code for one in notices.get()] == [f"system.{broken}"]
    assert "broken" in notices.get()[0].message


def test_every_part_that_tells_something_of_its_own_is_tried_above():
    corrections = {name for name in PARTS if name.startswith("container_")}
    assert set(LOST_WITH) | corrections == set(PARTS)


def test_a_source_that_cannot_even_start_is_counted(notices):
    def fail():
        raise PermissionError("no processes for you")

    made_of = [("process", fail), ("memory", lambda: FakeSource(m={"memory_percent": 5.0}))]
    reading = SystemSampler(notices=notices, made_of=made_of).sample(0.0)
    assert (reading.process_memory_bytes, reading.memory_percent) == (None, 5.0)
    assert notices.count("system.process") == 1


def test_what_could_not_be_read_may_still_say_why(notices):
    error = UnreadError({"gpus_reason": "timeout"})
    error.__cause__ = TimeoutError("gpu did not answer")
    reading = of(FakeSource(gpus=error), notices=notices).sample(0.0)
    assert reading.gpus_reason == "timeout"
    assert notices.get()[0].message == "cannot read gpus: TimeoutError: gpu did not answer"


def test_a_failure_without_anybody_to_tell_is_no_error():
    assert of(FakeSource(cpu=OSError())).sample(0.0) == SystemSection()


def test_a_folder_that_is_gone_leaves_the_disk_unknown(tmp_path, monkeypatch, notices):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    reading = SystemSampler(notices=notices).sample(0.0)
    assert reading.disk_percent is None
    assert reading.memory_percent is not None
    assert notices.count("system.disk") == 1


def test_a_disk_that_hangs_stops_nothing_else(notices):
    go_on = threading.Event()
    api = SimpleNamespace(LINUX=False, disk_usage=lambda path: go_on.wait(20))
    made_of = dict(sources())
    made_of["disk"] = lambda: DiskReader("/", api=api, caller=TimeoutCaller("disk", 0.01))
    sampler = SystemSampler(notices=notices, made_of=[*made_of.items()])
    sampler.sample(0.0)
    let_the_counters_move()
    reading = sampler.sample(5.0)
    go_on.set()
    assert reading.disk_percent is reading.disk_path is None
    assert None not in (reading.cpu_percent, reading.memory_percent, reading.process_memory_bytes)
    assert notices.count("system.disk") == 2


def test_a_system_that_is_not_linux_tells_what_psutil_does():
    """As on macOS and Windows: without what only Linux has, or only POSIX."""
    code = """
import os, sys
import psutil
psutil.LINUX = False
del os.sched_getaffinity
for name in ("cpu_affinity", "num_fds"):
    delattr(psutil.Process, name)
sys.modules["resource"] = None
disks = type("Disks", (), {"read_bytes": 1, "write_bytes": 2})
psutil.disk_io_counters = lambda: disks

from ipyvitals.utils.notices import Notices
from ipyvitals.system.sampler import SystemSampler

notices = Notices(lambda: 0.0)
sampler = SystemSampler(notices=notices)
sampler.sample(0.0)
told = sampler.sample(5.0)
assert told.scope == told.memory_scope == told.disk_io_scope == "host"
assert told.process_memory_kind == "rss"
assert told.process_children == 0
assert told.active_connections == 0
assert None not in (told.memory_percent, told.disk_percent, told.network_sent_bytes)
unknown = (told.open_files_limit, told.process_open_files, told.oom_kills)
assert unknown == (None, None, None), unknown
print([one.code for one in notices.get()])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "[]\n"


def test_a_sampler_may_be_made_and_used_on_different_threads():
    sampler = SystemSampler()
    readings = []

    def sample(now):
        thread = threading.Thread(target=lambda: readings.append(sampler.sample(now)))
        thread.start()
        thread.join()

    sample(0.0)
    let_the_counters_move()
    sample(5.0)
    assert readings[0].cpu_percent is None
    assert 0.0 <= readings[1].cpu_percent <= 100.0
    assert 0.0 <= readings[1].process_cpu_percent <= 100.0


def test_what_sources_hold_is_let_go_at_the_end():
    fake, nvml = FakeSource(), FakeNvml(FakeDevice("GPU-a"))
    sampler = of(fake, GpuReader([NvidiaDriver(nvml)], FakeTree()))
    sampler.sample(0.0)
    sampler.close()
    assert (fake.closed, nvml.opened, nvml.closed) == (1, 1, 1)


class FakeTree:
    pids = (1,)


class TestLookingAhead:
    def memory(self, used, limit=8 * GIB):
        return {"memory_used_bytes": used, "memory_limit_bytes": limit}

    def test_memory_that_fills_up_steadily_says_when(self):
        fake = FakeSource(memory={})
        sampler = of(fake)
        told = []
        for look in range(13):
            fake.tell(memory=self.memory(5 * GIB + look * GIB // 20))
            told.append(sampler.sample(5.0 * look).memory_full_seconds)
        assert told[:9] == [None] * 9
        assert told[-1] == pytest.approx(5 * (8 - 5.6) * 20)

    def test_memory_that_comes_and_goes_says_nothing(self):
        fake = FakeSource(memory={})
        sampler = of(fake)
        for look in range(13):
            fake.tell(memory=self.memory(5 * GIB + (look % 3) * GIB))
            assert sampler.sample(5.0 * look).memory_full_seconds is None

    def test_another_limit_begins_anew(self):
        fake = FakeSource(memory={})
        sampler = of(fake)
        for look in range(13):
            fake.tell(memory=self.memory(GIB + look * GIB // 20, 8 * GIB))
            sampler.sample(5.0 * look)
        fake.tell(memory=self.memory(2 * GIB, 4 * GIB))
        assert sampler.sample(65.0).memory_full_seconds is None


class TestKills:
    def test_the_moment_is_that_in_which_the_count_grew(self):
        fake, wall = FakeSource(memory={}), iter([100.0, 200.0])
        sampler = of(fake, wall=lambda: next(wall))
        moments = []
        for kills in (3, 3, 4, 4, None, 6):
            fake.tell(memory={"oom_kills": kills, "memory_scope": "container"})
            moments.append(sampler.sample(0.0).oom_kill_at)
        assert moments == [None, None, 100.0, 100.0, 100.0, 200.0]

    def test_the_count_of_another_scope_is_no_growth(self):
        fake = FakeSource(memory={})
        sampler = of(fake)
        fake.tell(memory={"oom_kills": 1, "memory_scope": "container"})
        sampler.sample(0.0)
        fake.tell(memory={"oom_kills": 9, "memory_scope": "host"})
        assert sampler.sample(0.0).oom_kill_at is None
