"""The energy of CPU packages, from counters of RAPL in a folder of the test."""

from __future__ import annotations

import pytest

from ipyvitals.system.budget import ReadBudget
from ipyvitals.system.energy import EnergyReader
from ipyvitals.system.sampler import SystemSampler

RANGE = 262_143_328_850


@pytest.fixture
def zone(tmp_path):
    """Return a function that sets the counter of a zone, in microjoules."""

    def write(folder, name, count, limit=RANGE):
        path = tmp_path / "class" / "powercap" / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / "name").write_text(f"{name}\n")
        (path / "max_energy_range_uj").write_text(f"{limit}\n")
        (path / "energy_uj").write_text(f"{count}\n")
        return path / "energy_uj"

    return write


@pytest.fixture
def make(tmp_path):
    return lambda: EnergyReader(sys=str(tmp_path), budget=ReadBudget(1.0, timer=lambda: 0.0))


def joules(reader, now):
    return reader.energy(now, {})["cpu_energy_joules"]


def test_it_is_what_was_taken_since_the_first_reading(zone, make):
    zone("intel-rapl:0", "package-0", 5_000_000)
    reader = make()
    assert joules(reader, 0.0) == 0.0
    zone("intel-rapl:0", "package-0", 5_000_000 + 270_500_000)
    assert joules(reader, 5.0) == pytest.approx(270.5)


def test_a_counter_that_begins_again_goes_on(zone, make):
    zone("intel-rapl:0", "package-0", RANGE - 1_000_000)
    reader = make()
    zone("intel-rapl:0", "package-0", 2_000_000)
    assert joules(reader, 5.0) == pytest.approx(3.0)
    zone("intel-rapl:0", "package-0", 1_000_000)
    assert joules(reader, 10.0) == pytest.approx(3.0 - 1.0 + RANGE / 1e6)


def test_packages_and_their_memory_add_up_and_parts_of_packages_count_once(zone, make):
    zones = {
        "intel-rapl:0": "package-0",
        "intel-rapl:0:0": "core",
        "intel-rapl:0:1": "uncore",
        "intel-rapl:0:2": "dram",
        "intel-rapl:1": "package-1",
        "intel-rapl:2": "psys",
        "intel-rapl-mmio:0": "package-0",
    }
    for folder, name in zones.items():
        zone(folder, name, 0)
    reader = make()
    for folder, name in zones.items():
        zone(folder, name, 1_000_000)
    assert joules(reader, 5.0) == pytest.approx(3.0)


def test_without_counters_it_is_unknown(tmp_path, make, zone):
    assert make().parts() == {}
    zone("intel-rapl:0", "package-0", "not a number")
    assert make().parts() == {}


def test_where_a_counter_may_not_be_opened_it_is_unknown(make, zone):
    zone("intel-rapl:0", "package-0", 1)
    path = zone("intel-rapl:1", "package-1", 1)
    path.unlink()
    path.mkdir()  # for root, too, a file that cannot be opened
    assert make().parts() == {}


def test_one_package_that_cannot_be_read_makes_the_sum_unknown(make, zone):
    zone("intel-rapl:0", "package-0", 1)
    zone("intel-rapl:1", "package-1", 1).unlink()
    assert make().parts() == {}


def test_a_counter_that_fails_later_is_unknown_and_counted(make, zone, tmp_path):
    path = zone("intel-rapl:0", "package-0", 1)
    seen = []

    class Notices:
        def add(self, code, **args):
            seen.append(code)

    sampler = SystemSampler(notices=Notices(), made_of=[("energy", make)])
    assert sampler.sample(0.0).cpu_energy_joules == 0.0
    path.unlink()
    assert sampler.sample(5.0).cpu_energy_joules is None
    assert seen == ["system.energy"]


def test_readings_that_cost_too_much_are_taken_less_often(zone, tmp_path):
    zone("intel-rapl:0", "package-0", 0)
    ticks = iter([0.0, 0.1, 0.1, 0.2])
    reader = EnergyReader(
        sys=str(tmp_path), budget=ReadBudget(0.002, timer=lambda: next(ticks), reserve=0.01)
    )
    assert joules(reader, 0.0) == 0.0
    zone("intel-rapl:0", "package-0", 7_000_000)
    assert joules(reader, 5.0) == 0.0
    assert joules(reader, 60.0) == pytest.approx(7.0)
