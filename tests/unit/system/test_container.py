"""What limits a container, on the files of real ones and in real groups where that is allowed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from ipyvitals.system.container import ContainerReader
from ipyvitals.system.linux.cgroup import find
from tests.unit.system import cgroup_trees as trees
from tests.unit.system.cgroup_trees import GIB, TOTAL, V1_CPU, V1_MEMORY, V2, Tree

HOST = {
    "scope": "host",
    "cpu_scope": "host",
    "memory_scope": "host",
    "cpu_percent": 77.0,
    "cpu_limit_cores": 16.0,
    "memory_percent": 50.0,
    "memory_used_bytes": TOTAL // 2,
    "memory_limit_bytes": TOTAL,
    "oom_kills": 9,
}


def read(container, now=0.0, **host):
    """Return the fields after the container had its say."""
    known = {**HOST, **host}
    for part in container.parts().values():
        known.update(part(now, known))
    return known


def of(tree):
    return ContainerReader(str(tree.root))


def test_without_control_groups_the_host_is_all_there_is(tmp_path):
    assert read(ContainerReader(str(tmp_path))) == HOST


def test_groups_without_limits_change_nothing(tmp_path):
    tree = trees.docker(tmp_path)
    tree.memory2(V2, "max", used=5 * GIB)
    tree.cpu2(V2, "max 100000")
    assert read(of(tree)) == HOST


class TestDocker:
    def test_memory_is_what_cannot_be_dropped_of_the_limit(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.memory2(V2, 4 * GIB, used=3 * GIB, inactive=GIB, kills=2)
        told = read(of(tree))
        assert (told["scope"], told["memory_scope"], told["cpu_scope"]) == (
            "container",
            "container",
            "host",
        )
        assert told["memory_used_bytes"] == 2 * GIB
        assert told["memory_limit_bytes"] == 4 * GIB
        assert told["memory_percent"] == 50.0
        assert told["oom_kills"] == 2
        assert told["cpu_percent"] == 77.0

    def test_files_that_were_read_twice_are_cache_too_and_shown_apart(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.memory2(V2, 8 * GIB, used=76 * GIB // 10, inactive=0, active=6 * GIB)
        told = read(of(tree))
        assert told["memory_cache_bytes"] == 6 * GIB
        assert told["memory_used_bytes"] == 76 * GIB // 10 - 6 * GIB
        assert told["memory_percent"] == pytest.approx(20.0)

    def test_cache_is_no_more_than_what_is_charged(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.memory2(V2, 8 * GIB, used=GIB, inactive=GIB, active=GIB)
        told = read(of(tree))
        assert (told["memory_used_bytes"], told["memory_cache_bytes"]) == (0, GIB)

    def test_cpu_is_of_a_quota_that_may_be_a_fraction(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.cpu2(V2, "50000 100000", used=100.0, periods=10, throttled=1, waited=0.5)
        container = of(tree)
        told = read(container, now=10.0)
        assert (told["scope"], told["cpu_scope"], told["memory_scope"]) == (
            "container",
            "container",
            "host",
        )
        assert told["cpu_limit_cores"] == 0.5
        assert told["cpu_percent"] is None
        assert told["cpu_throttled_percent"] is None
        assert told["cpu_throttled_seconds"] == 0.5

        tree.cpu2(V2, "50000 100000", used=101.0, periods=60, throttled=26, waited=3.5)
        told = read(container, now=15.0)
        assert told["cpu_percent"] == pytest.approx(40.0)  # 1 s of 5 s on half a core
        assert told["cpu_throttled_percent"] == pytest.approx(50.0)
        assert told["cpu_throttled_seconds"] == 3.5

    def test_a_burst_is_no_more_than_all_of_it(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.cpu2(V2, "100000 100000", used=0.0)
        container = of(tree)
        read(container, now=0.0)
        tree.cpu2(V2, "100000 100000", used=7.0)
        told = read(container, now=5.0)
        assert told["cpu_percent"] == 100.0
        assert told["cpu_throttled_percent"] == 0.0  # no period was counted

    def test_readings_that_are_too_close_share_one_load(self, tmp_path):
        tree = trees.docker(tmp_path)
        container = of(tree)
        for now, used, percent in ((0.0, 0.0, None), (5.0, 1.0, 20.0), (5.05, 4.0, 20.0)):
            tree.cpu2(V2, "100000 100000", used=used)
            assert read(container, now)["cpu_percent"] == percent

    def test_a_quota_of_more_than_this_process_may_use_does_not_bind(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.cpu2(V2, "800000 100000")
        assert read(of(tree), cpu_limit_cores=4.0)["cpu_scope"] == "host"
        assert read(of(tree), cpu_limit_cores=16.0)["cpu_limit_cores"] == 8.0

    def test_a_limit_above_all_memory_does_not_bind(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.memory2(V2, TOTAL, used=GIB)
        assert read(of(tree))["scope"] == "host"
        assert read(of(tree), memory_limit_bytes=None)["memory_limit_bytes"] == TOTAL

    def test_disks_are_counted_together_from_the_first_look_on(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.memory2(V2, GIB)
        tree.io2(V2, read=5_000, written=10)
        container = of(tree)
        told = read(container, now=0.0)
        assert told["disk_io_scope"] == "container"
        assert told["disk_read_bytes_per_second"] is None
        assert told["disk_read_bytes"] == 0
        tree.io2(V2, read=15_000, written=510)
        told = read(container, now=5.0)
        assert told["disk_read_bytes_per_second"] == 2_000.0
        assert told["disk_written_bytes_per_second"] == 100.0
        assert (told["disk_read_bytes"], told["disk_written_bytes"]) == (10_000, 500)

    def test_without_the_io_controller_disks_are_left_to_others(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.memory2(V2, GIB)
        assert "disk_io_scope" not in read(of(tree))


class TestKubernetes:
    @pytest.mark.parametrize("quality", ["burstable", "guaranteed"])
    def test_the_smallest_of_all_limits_around_counts(self, tmp_path, quality):
        tree, folders = trees.kubernetes(tmp_path, quality)
        for folder in folders:
            tree.memory2(folder, "max", used=9 * GIB)
            tree.cpu2(folder)
        pod = folders[1]
        tree.memory2(pod, 2 * GIB, used=GIB, kills=1)
        tree.memory2(folders[0], 3 * GIB, used=GIB // 2)
        tree.cpu2(folders[0], "250000 100000")
        tree.cpu2(folders[-1], "1000000 100000")
        told = read(of(tree))
        assert told["memory_limit_bytes"] == 2 * GIB
        assert told["memory_used_bytes"] == GIB
        assert told["oom_kills"] == 1
        assert told["cpu_limit_cores"] == 2.5

    def test_of_equal_limits_the_one_with_most_in_it_counts(self, tmp_path):
        tree, folders = trees.kubernetes(tmp_path, "guaranteed")
        tree.memory2(folders[1], GIB, used=GIB // 2)  # the pod, with a second container
        tree.memory2(folders[0], GIB, used=GIB // 4)
        assert read(of(tree))["memory_percent"] == 50.0

    def test_burstable_without_limits_is_the_host(self, tmp_path):
        tree, folders = trees.kubernetes(tmp_path, "burstable")
        for folder in folders:
            tree.memory2(folder, "max", used=GIB)
            tree.cpu2(folder)
        assert read(of(tree)) == HOST


def test_systemd_limits_a_user_within_a_slice_of_all(tmp_path):
    tree, (service, jupyter) = trees.systemd(tmp_path)
    tree.memory2(service, 8 * GIB, used=6 * GIB, inactive=2 * GIB)
    tree.memory2(jupyter, 48 * GIB, used=40 * GIB)
    tree.cpu2(service, "200000 100000", used=1.0)
    tree.cpu2(jupyter)
    told = read(of(tree))
    assert (told["memory_percent"], told["cpu_limit_cores"]) == (50.0, 2.0)


def test_a_group_without_the_controller_is_passed_over(tmp_path):
    tree, (service, jupyter) = trees.systemd(tmp_path)
    (tree.root / service.lstrip("/")).mkdir(parents=True)
    tree.memory2(jupyter, 8 * GIB, used=GIB)
    assert read(of(tree))["memory_limit_bytes"] == 8 * GIB


class TestVersion1:
    def test_docker(self, tmp_path):
        tree = trees.docker1(tmp_path)
        half = GIB // 2
        tree.memory1(V1_MEMORY, 2 * GIB, used=2 * GIB, inactive=half, active=half, kills=3)
        tree.cpu1(V1_CPU, 150_000, periods=100, throttled=0, waited=1.25)
        tree.account1(V1_CPU, used=10.0)
        container = of(tree)
        told = read(container, now=0.0)
        assert told["memory_percent"] == 50.0
        assert told["oom_kills"] == 3
        assert told["cpu_limit_cores"] == 1.5
        assert told["cpu_throttled_seconds"] == 1.25
        tree.account1(V1_CPU, used=13.0)
        tree.cpu1(V1_CPU, 150_000, periods=140, throttled=10, waited=2.0)
        told = read(container, now=4.0)
        assert told["cpu_percent"] == pytest.approx(50.0)
        assert told["cpu_throttled_percent"] == pytest.approx(25.0)

    def test_the_largest_number_is_no_limit(self, tmp_path):
        tree = trees.docker1(tmp_path)
        tree.memory1(V1_MEMORY, used=GIB)
        tree.cpu1(V1_CPU)
        assert read(of(tree)) == HOST
        assert read(of(tree), memory_limit_bytes=None)["memory_scope"] == "host"

    def test_a_limit_further_out_counts_though_its_group_is_not_mounted(self, tmp_path):
        tree = trees.docker1(tmp_path)
        tree.memory1(V1_MEMORY, used=GIB, hierarchical=4 * GIB)
        assert read(of(tree))["memory_percent"] == 25.0

    def test_kills_are_counted_in_each_group_by_itself(self, tmp_path):
        tree = trees.hybrid(tmp_path)
        service = f"{V1_MEMORY}/system.slice/jupyterhub.service"
        tree.memory1(service, kills=2)
        tree.memory1(f"{V1_MEMORY}/system.slice", GIB, kills=1)
        tree.memory1(V1_MEMORY, kills=5)
        assert read(of(tree))["oom_kills"] == 3

    def test_disks_are_left_to_others(self, tmp_path):
        tree = trees.docker1(tmp_path)
        tree.memory1(V1_MEMORY, GIB)
        assert "disk_io_scope" not in read(of(tree))


def test_hybrid_takes_the_controllers_of_version_1(tmp_path):
    tree = trees.hybrid(tmp_path)
    service = "/system.slice/jupyterhub.service"
    tree.memory1(f"{V1_MEMORY}{service}", GIB, used=GIB // 2)
    tree.memory2(f"/sys/fs/cgroup/unified{service}", 5)
    assert read(of(tree))["memory_percent"] == 50.0


class TestWhereFilesAre:
    def test_a_path_that_leads_out_of_the_namespace_tells_nothing(self, tmp_path):
        tree = Tree(tmp_path, "0::/../other\n", trees.MOUNT_V2)
        tree.memory2(V2, GIB)
        assert find("memory", str(tmp_path)) is None
        assert read(of(tree)) == HOST

    def test_a_path_that_is_not_there_is_the_one_that_is_mounted(self, tmp_path):
        tree = Tree(tmp_path, "0::/docker/4be0f1\n", trees.MOUNT_V2)
        tree.memory2(V2, 2 * GIB, used=GIB)
        assert read(of(tree))["memory_percent"] == 50.0

    def test_a_mount_of_another_group_is_taken_for_the_containers_own(self, tmp_path):
        mounts = "30 23 0:26 /docker/4be0f1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
        tree = Tree(tmp_path, "0::/elsewhere\n", mounts)
        tree.memory2(V2, 2 * GIB, used=GIB)
        assert read(of(tree))["memory_percent"] == 50.0

    def test_names_may_hold_spaces_and_colons(self, tmp_path):
        mounts = r"30 23 0:26 / /my\040groups rw shared:4 - cgroup2 cgroup rw" + "\n"
        tree = Tree(tmp_path, "0::/a:b\n", mounts)
        tree.memory2("/my groups/a:b", 2 * GIB, used=GIB)
        assert read(of(tree))["memory_percent"] == 50.0

    def test_optional_fields_of_a_mount_may_be_missing_or_many(self, tmp_path):
        for optional in ("", "shared:1 ", "shared:1 master:2 unbindable "):
            mounts = f"30 23 0:26 / /sys/fs/cgroup rw {optional}- cgroup2 cgroup rw\n"
            tree = Tree(tmp_path, "0::/\n", mounts)
            tree.memory2(V2, 2 * GIB, used=GIB)
            assert read(of(tree))["memory_percent"] == 50.0


class TestChanges:
    def test_limits_are_looked_up_every_half_minute(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.memory2(V2, 2 * GIB, used=GIB)
        container = of(tree)
        read(container, now=0.0)
        tree.memory2(V2, 4 * GIB, used=GIB)
        assert read(container, now=29.0)["memory_limit_bytes"] == 2 * GIB
        assert read(container, now=31.0)["memory_limit_bytes"] == 4 * GIB

    def test_another_quota_does_not_mix_two_groups_in_one_load(self, tmp_path):
        tree, (service, jupyter) = trees.systemd(tmp_path)
        tree.cpu2(service, "100000 100000", used=1.0)
        tree.cpu2(jupyter, "400000 100000", used=900.0)
        container = of(tree)
        read(container, now=0.0)
        tree.cpu2(service, "max 100000", used=2.0)
        assert read(container, now=31.0)["cpu_percent"] is None
        tree.cpu2(jupyter, "400000 100000", used=902.0)
        assert read(container, now=32.0)["cpu_percent"] == pytest.approx(50.0)

    def test_a_limit_that_cannot_be_read_leaves_the_host(self, tmp_path):
        tree = trees.docker(tmp_path)
        tree.write(f"{V2}/memory.max", "nonsense\n")
        container = of(tree)
        known = dict(HOST)
        with pytest.raises(ValueError, match="nonsense"):
            container.limits(0.0, known)
        assert container.memory(0.0, known) == {}


USE_UP = """
import json, os, sys, time
for folder in sys.argv[1:]:
    with open(f"{folder}/cgroup.procs", "w") as file:
        file.write(str(os.getpid()))
from ipyvitals.system.sampler import SystemSampler

sampler = SystemSampler()
sampler.sample(time.monotonic())
begin, used = time.monotonic(), time.process_time()
if os.fork() == 0:
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    full = bytearray(400 * 2**20)
    full[::4096] = b"x" * len(full[::4096])
    os._exit(0)
_, status = os.wait()
while time.process_time() - used < 0.3:
    pass
now = time.monotonic()
told = sampler.sample(now).to_dict()
used = time.process_time() - used
print(json.dumps({**told, "killed": status, "used": used, "took": now - begin}))
"""


@contextmanager
def real_groups(settings):
    """Make a group in each folder, with some settings; skip where the machine does not allow it."""
    made = []
    try:
        for folder, files in settings.items():
            group = Path(folder, f"ipyvitals-test-{os.getpid()}")
            try:
                group.mkdir()
                made.append(group)
                for name, text in files.items():
                    (group / name).write_text(text)
            except OSError as error:
                pytest.skip(f"this machine lets nobody make a control group here: {error}")
        yield [str(group) for group in made]
    finally:
        for group in reversed(made):
            group.rmdir()


def folder_of(controller, version):
    found = find(controller) if sys.platform == "linux" else None
    if found is None or found.version != version:
        pytest.skip(f"{controller} is under no control group of version {version} here")
    return found.folders[0]


class TestForReal:
    def check(self, groups):
        done = subprocess.run(
            [sys.executable, "-c", USE_UP, *groups],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["killed"] == 9
        assert told["scope"] == told["memory_scope"] == told["cpu_scope"] == "container"
        assert told["memory_limit_bytes"] == 200 * 2**20
        assert 2**20 < told["memory_used_bytes"] <= 200 * 2**20
        assert told["oom_kills"] == 1
        assert told["oom_kill_at"] is not None
        assert told["cpu_limit_cores"] == 0.5
        # The child took some CPU too, before it was killed.
        assert told["cpu_percent"] >= 0.9 * min(100, 100 * told["used"] / 0.5 / told["took"])
        assert 0.0 <= told["cpu_throttled_percent"] <= 100.0

    def test_version_1(self):
        settings = {
            folder_of("memory", 1): {"memory.limit_in_bytes": "200M"},
            folder_of("cpu", 1): {"cpu.cfs_quota_us": "50000"},
            folder_of("cpuacct", 1): {},
        }
        with real_groups(settings) as groups:
            self.check(groups)

    def test_version_2(self):
        folder = str(Path(folder_of("memory", 2)).parent)
        files = {"memory.max": "200M", "memory.swap.max": "0", "cpu.max": "50000 100000"}
        with real_groups({folder: files}) as groups:
            self.check(groups)
