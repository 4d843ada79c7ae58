"""How long the kernel waited for a CPU, and all work for memory and disks."""

from __future__ import annotations

import errno
import time
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.system import pressure as pressure_module
from ipyvitals.system.pressure import PressureReader
from tests.unit.system import cgroup_trees as trees
from tests.unit.system.cgroup_trees import V2, Tree

PSI = """\
some avg10=1.00 avg60=2.00 avg300=3.00 total={some}
full avg10=1.00 avg60=2.00 avg300=3.00 total={full}
"""


class Machine:
    """A tree of files, and the processors of the machine."""

    def __init__(self, tree, cores=4.0):
        self.tree = tree
        self.host = SimpleNamespace(usable_cores=cores, busy_cores=0.0)
        self.reader = PressureReader(self.host, str(tree.root))

    def psi(self, folder=None, **seconds):
        """Write the seconds waited so far: of "some" for cpu, of "full" for the others."""
        for name in ("cpu", "memory", "io"):
            micros = round(seconds.get(name, 0.0) * 1e6)
            some, full = (micros, 1) if name == "cpu" else (micros + 7_000_000, micros)
            path = f"proc/pressure/{name}" if folder is None else f"{folder}/{name}.pressure"
            self.tree.write(path, PSI.format(some=some, full=full))

    def delay(self, seconds):
        self.tree.write("proc/self/schedstat", f"123 {round(seconds * 1e9)} 45\n")

    def read(self, now, *, busy=0.0, own=0.0, **known):
        """Return the fields; `busy` processors by any program, `own` by the kernel's."""
        self.host.busy_cores = busy
        known = {"cpu_limit_cores": 4.0, "process_cpu_percent": 100.0 * own / 4.0, **known}
        for part in self.reader.parts().values():
            known.update(part(now, known))
        return known


@pytest.fixture
def bare(tmp_path):
    """A machine without control groups."""
    machine = Machine(Tree(tmp_path, "", ""))
    machine.psi()
    machine.delay(0.0)
    return machine


@pytest.fixture
def container(tmp_path):
    tree = trees.docker(tmp_path)
    tree.write(f"{V2}/cgroup.type", "domain\n")
    machine = Machine(tree)
    machine.psi(V2)
    machine.psi()
    machine.delay(0.0)
    return machine


class TestPressure:
    def test_it_is_unknown_at_first_and_then_the_share_of_the_time(self, bare):
        first = bare.read(0.0)
        assert first["pressure_scope"] == "host"
        assert "cpu_pressure_percent" not in first
        bare.psi(cpu=1.0, memory=0.5, io=2.5)
        told = bare.read(5.0)
        assert told["cpu_pressure_percent"] == pytest.approx(20.0)
        assert told["memory_pressure_percent"] == pytest.approx(10.0)
        assert told["io_pressure_percent"] == pytest.approx(50.0)

    def test_a_container_has_a_pressure_of_its_own(self, container):
        container.read(0.0)
        container.psi(cpu=5.0)
        container.psi(V2, cpu=0.5)
        told = container.read(5.0)
        assert told["pressure_scope"] == "container"
        assert told["cpu_pressure_percent"] == pytest.approx(10.0)

    def test_the_root_of_all_groups_is_the_machine(self, tmp_path):
        machine = Machine(trees.docker(tmp_path))
        machine.psi(V2)
        machine.psi()
        assert machine.read(0.0)["pressure_scope"] == "host"

    def test_hybrid_groups_have_it_in_the_hierarchy_of_version_2(self, tmp_path):
        tree = trees.hybrid(tmp_path)
        folder = "/sys/fs/cgroup/unified/system.slice/jupyterhub.service"
        tree.write(f"{folder}/cgroup.type", "domain\n")
        machine = Machine(tree)
        machine.psi(folder)
        assert machine.read(0.0)["pressure_scope"] == "container"

    def test_a_system_that_does_not_count_it_leaves_it_unknown(self, tmp_path):
        told = Machine(Tree(tmp_path, "", "")).read(0.0)
        assert told["pressure_scope"] is None

    def test_pressure_that_is_switched_off_is_no_failure(self, bare, monkeypatch):
        def switched_off(path):
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

        monkeypatch.setattr(pressure_module, "read_file", switched_off)
        assert bare.reader.pressure(0.0, {}) == {"pressure_scope": None}

    def test_readings_that_are_too_close_share_one_figure(self, bare):
        bare.read(0.0)
        bare.psi(cpu=1.0)
        assert bare.read(5.0)["cpu_pressure_percent"] == pytest.approx(20.0)
        bare.psi(cpu=1.05)
        assert bare.read(5.05)["cpu_pressure_percent"] == pytest.approx(20.0)

    def test_another_group_is_no_pressure_of_this_one(self, container):
        container.read(0.0)
        container.tree.write("proc/self/cgroup", "0::/inner\n")
        container.tree.write(f"{V2}/inner/cgroup.type", "domain\n")
        container.psi(f"{V2}/inner", cpu=900.0)
        assert "cpu_pressure_percent" not in container.read(31.0)
        container.psi(f"{V2}/inner", cpu=901.0)
        assert container.read(36.0)["cpu_pressure_percent"] == pytest.approx(20.0)


class TestWaitingForACpu:
    def test_it_is_unknown_at_first(self, bare):
        assert "cpu_wait_percent" not in bare.read(0.0)

    def test_a_cpu_that_the_kernel_keeps_busy_is_none(self, container):
        container.read(0.0)
        # Eight workers on four processors wait for each other, and the main thread for them.
        container.psi(V2, cpu=5.0)
        container.delay(2.5)
        told = container.read(5.0, busy=4.0, own=3.9)
        assert told["cpu_delay_percent"] == pytest.approx(50.0)
        assert told["cpu_wait_percent"] == pytest.approx(2.5)

    def test_a_cpu_that_others_keep_busy_is_one_as_far_as_the_kernel_waits(self, bare):
        bare.read(0.0)
        bare.psi(cpu=5.0)
        told = bare.read(5.0, busy=4.0, own=0.0)
        assert told["cpu_wait_percent"] == 0.0
        bare.delay(3.0)
        assert bare.read(10.0, busy=4.0, own=1.0)["cpu_wait_percent"] == pytest.approx(60.0)

    def test_workers_that_wait_for_others_are_seen_by_the_containers_pressure(self, container):
        container.read(0.0)
        container.psi(V2, cpu=2.0)
        told = container.read(5.0, busy=4.0, own=2.0)
        assert told["cpu_delay_percent"] == 0.0
        assert told["cpu_wait_percent"] == pytest.approx(40.0)

    def test_an_idle_kernel_does_not_wait_though_others_in_its_container_do(self, container):
        container.read(0.0)
        container.psi(V2, cpu=5.0)
        assert container.read(5.0, busy=4.0, own=0.01)["cpu_wait_percent"] == 0.0

    def test_a_quota_that_is_used_up_is_one_whoever_used_it(self, container):
        quota = {"cpu_limit_cores": 2.0, "process_cpu_percent": 100.0, "cpu_percent": 100.0}
        container.read(0.0, cpu_throttled_seconds=7.0, **quota)
        # Four threads on two processors' worth: each runs half of the time.
        told = container.read(5.0, busy=2.0, cpu_throttled_seconds=17.0, **quota)
        assert told["cpu_wait_percent"] == pytest.approx(50.0)
        told = container.read(10.0, busy=2.0, cpu_throttled_seconds=17.0, **quota)
        assert told["cpu_wait_percent"] == 0.0

    def test_a_quota_that_is_nearly_used_up_makes_nobody_wait(self, container):
        quota = {"cpu_limit_cores": 2.0, "process_cpu_percent": 100.0, "cpu_percent": 100.0}
        container.read(0.0, cpu_throttled_seconds=0.0, **quota)
        # Throttled in each of 50 periods, for 2 ms.
        told = container.read(5.0, busy=2.0, cpu_throttled_seconds=0.1, **quota)
        assert told["cpu_wait_percent"] == pytest.approx(1.0, abs=0.1)

    @pytest.mark.parametrize("missing", ["process_cpu_percent", "cpu_limit_cores"])
    def test_without_the_kernels_own_part_it_is_unknown(self, bare, missing):
        bare.read(0.0)
        bare.delay(5.0)
        assert bare.read(5.0, busy=4.0, **{missing: None})["cpu_wait_percent"] is None

    def test_where_nobody_counts_the_wait_it_is_unknown(self, tmp_path):
        machine = Machine(Tree(tmp_path, "", ""))
        machine.read(0.0)
        told = machine.read(5.0, busy=4.0)
        assert (told["cpu_delay_percent"], told["cpu_wait_percent"]) == (None, None)


@pytest.mark.skipif(not psutil.LINUX, reason="this is about Linux")
def test_a_reading_of_this_machine_costs_little():
    reader = PressureReader(SimpleNamespace(usable_cores=1.0, busy_cores=0.5))
    known = {"process_cpu_percent": 10.0, "cpu_limit_cores": 1.0}
    for part in reader.parts().values():
        part(0.0, known)
    begin = time.thread_time()
    for now in range(1, 101):
        for part in reader.parts().values():
            told = part(0.2 * now, known)
    # 0.02 % of a core at a reading each 5 s, with room for a slow machine.
    assert (time.thread_time() - begin) / 100 < 0.001
    assert 0.0 <= told["cpu_wait_percent"] <= 100.0
