"""The sampler never raises, and what it could not read is unknown."""

from __future__ import annotations

import threading

import psutil
import pytest

from ipyvitals.notices import Notices
from ipyvitals.snapshot import SystemSection
from ipyvitals.system.host import Host
from ipyvitals.system.process_tree import ProcessTree
from ipyvitals.system.sampler import SystemSampler

FIELDS_OF = {
    "cores": ("scope", "cpu_limit_cores", "process_cpu_percent"),
    "cpu": ("cpu_percent",),
    "memory": ("memory_percent", "memory_used_bytes", "memory_limit_bytes"),
    "disk": ("disk_percent", "disk_free_bytes", "disk_path"),
    "process_cpu": ("process_cpu_percent",),
    "process_memory": ("process_memory_bytes",),
    "connections": ("active_connections",),
}


class FakeSource:
    """Gives fixed fields, and fails where it is told to."""

    def __init__(self, **parts):
        self._parts = parts

    def parts(self):
        return {name: self._part(answer) for name, answer in self._parts.items()}

    @staticmethod
    def _part(answer):
        def read(now, known):
            if isinstance(answer, Exception):
                raise answer
            return answer(known) if callable(answer) else answer

        return read


class BrokenPart:
    """A real source of which one part fails."""

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


def let_the_counters_move():
    """Return once the machine's processor times differ from those of the call."""
    before = psutil.cpu_times(percpu=True)
    while psutil.cpu_times(percpu=True) == before:
        threading.Event().wait(0.01)


@pytest.fixture
def notices():
    return Notices(lambda: 0.0)


def test_the_fields_of_all_sources_come_together():
    sampler = SystemSampler(
        host=FakeSource(cpu={"cpu_percent": 12.5}, cores={"cpu_limit_cores": 4.0}),
        process=FakeSource(load=lambda known: {"process_cpu_percent": known["cpu_limit_cores"]}),
    )
    assert sampler.sample(0.0) == SystemSection(
        cpu_percent=12.5, cpu_limit_cores=4.0, process_cpu_percent=4.0
    )


def test_health_is_left_for_others_to_judge():
    reading = SystemSampler().sample(0.0)
    assert (reading.system_health, reading.limiter) == ("unknown", None)
    assert reading.unknown_components == []


@pytest.mark.parametrize("broken", FIELDS_OF)
def test_a_failure_leaves_its_fields_unknown_and_the_others_known(broken, notices):
    sampler = SystemSampler(
        notices=notices, host=BrokenPart(Host(), broken), process=BrokenPart(ProcessTree(), broken)
    )
    sampler.sample(0.0)
    let_the_counters_move()
    reading = sampler.sample(5.0)
    for fields in FIELDS_OF.values():
        for field in fields:
            unknown = getattr(reading, field) is None
            assert unknown == (field in FIELDS_OF[broken]), field
    assert notices.count(f"system.{broken}") == 2
    assert len(notices.get()) == 1
    assert "broken" in notices.get()[0].message


def test_a_source_that_cannot_even_start_is_counted(monkeypatch, notices):
    def fail():
        raise PermissionError("no processes for you")

    monkeypatch.setattr("ipyvitals.system.sampler.ProcessTree", fail)
    reading = SystemSampler(notices=notices).sample(0.0)
    assert reading.process_memory_bytes is None
    assert reading.memory_percent is not None
    assert notices.count("system.process") == 1


def test_a_failure_without_anybody_to_tell_is_no_error():
    sampler = SystemSampler(host=FakeSource(cpu=OSError()), process=FakeSource())
    assert sampler.sample(0.0) == SystemSection()


def test_a_folder_that_is_gone_leaves_the_disk_unknown(tmp_path, monkeypatch, notices):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    reading = SystemSampler(notices=notices).sample(0.0)
    assert reading.disk_percent is None
    assert reading.memory_percent is not None
    assert notices.count("system.disk") == 1


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
