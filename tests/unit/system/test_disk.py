"""The disk under the working folder: how full, how busy, and what if it hangs."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace

import psutil
import pytest

from ipyvitals.system.disk import DiskReader
from ipyvitals.system.timeout import TimeoutCaller

MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
50 27 0:44 / /home rw,relatime shared:4 - nfs4 server:/home rw,vers=4.2
51 27 0:45 / /homework rw,relatime - xfs /dev/vdb rw
52 50 0:46 / /home/ada/my\\040scratch rw - tmpfs tmpfs rw
"""
DISKS = """\
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 254       0 vda 100 0 {read} 5 100 0 {written} 7 0 0 0 0 0 0 0 0 0
 254      10 vda1 1 0 1 1 1 0 1 1 0 0 0 0 0 0 0 0 0
"""


class FakeApi:
    """Stands in for psutil."""

    def __init__(self, linux=True):
        self.LINUX = linux
        self.usage = SimpleNamespace(total=1_100, used=300, free=700)
        self.counters = SimpleNamespace(read_bytes=0, write_bytes=0)
        self.threads = []

    def disk_usage(self, path):
        self.path = path
        self.threads.append(threading.current_thread())
        return self.usage

    def disk_io_counters(self):
        return self.counters


@pytest.fixture
def proc(tmp_path):
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "mountinfo").write_text(MOUNTS)

    def disks(read=0, written=0):
        (tmp_path / "diskstats").write_text(DISKS.format(read=read, written=written))

    disks()
    return SimpleNamespace(path=str(tmp_path), disks=disks)


def in_folder(monkeypatch, path):
    monkeypatch.setattr(os, "getcwd", lambda: path)


def test_blocks_kept_for_root_are_left_out():
    api = FakeApi()
    reading = DiskReader("/", api=api).space(0.0, {})
    assert reading == {"disk_percent": 30.0, "disk_free_bytes": 700, "disk_path": "/"}
    assert api.path == "/"


def test_an_empty_file_system_is_unknown():
    api = FakeApi()
    api.usage = SimpleNamespace(total=0, used=0, free=0)
    assert DiskReader("/proc", api=api).space(0.0, {})["disk_percent"] is None


def test_it_watches_where_the_notebook_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    disk = DiskReader()
    monkeypatch.chdir("/")
    assert disk.space(0.0, {})["disk_path"] == os.fspath(tmp_path)


@pytest.mark.parametrize(
    ("folder", "elsewhere"),
    [
        ("/", False),
        ("/srv/notebooks", False),
        ("/homework", False),
        ("/home/ada", True),
        ("/home/ada/my scratch/deep", False),
    ],
)
def test_only_a_disk_that_may_hang_is_asked_on_another_thread(proc, monkeypatch, folder, elsewhere):
    in_folder(monkeypatch, folder)
    api = FakeApi()
    disk = DiskReader(api=api, proc=proc.path)
    monkeypatch.setattr(disk, "_device", (0, 0))
    disk.space(0.0, {})
    assert (api.threads[0] is not threading.current_thread()) == elsewhere


@pytest.mark.parametrize("linux", [True, False])
def test_a_path_that_somebody_gives_may_lead_anywhere(linux):
    api = FakeApi(linux)
    DiskReader("/", api=api).space(0.0, {})
    assert api.threads[0] is not threading.current_thread()


def test_a_disk_that_hangs_is_given_up_and_asked_again_once_it_answers():
    api, hangs, back = FakeApi(), threading.Event(), threading.Event()

    def disk_usage(path):
        hangs.wait(20)
        back.set()
        return api.usage

    answers, api.disk_usage = api.disk_usage, disk_usage
    disk = DiskReader("/", api=api, caller=TimeoutCaller("disk", seconds=0.01))
    for words in ("did not answer within 0.01 s", "still does not answer"):
        with pytest.raises(TimeoutError, match=words):
            disk.space(0.0, {})
    asking = [one for one in threading.enumerate() if one.name == "ipyvitals-disk"]
    assert len(asking) == 1
    hangs.set()
    asking[0].join(20)
    api.disk_usage = answers
    disk._caller.seconds = 20.0
    assert disk.space(0.0, {})["disk_free_bytes"] == 700


class TestReadsAndWrites:
    @pytest.fixture
    def disk(self, proc):
        disk = DiskReader("/", api=FakeApi(), proc=proc.path)
        disk._device = (254, 0)
        return disk

    def test_linux_counts_sectors_of_the_device_under_the_path(self, disk, proc):
        proc.disks(read=1_000, written=50)
        told = disk.io(0.0, {})
        assert told["disk_io_scope"] == "host"
        assert told["disk_read_bytes_per_second"] is None
        proc.disks(read=1_010, written=70)
        told = disk.io(2.0, {})
        assert told["disk_read_bytes_per_second"] == 2_560.0
        assert told["disk_written_bytes_per_second"] == 5_120.0
        assert (told["disk_read_bytes"], told["disk_written_bytes"]) == (5_120, 10_240)

    def test_before_the_disk_was_asked_its_device_is_not_known(self, proc):
        assert DiskReader("/", api=FakeApi(), proc=proc.path).io(0.0, {}) == {}

    def test_a_file_system_without_a_device_has_none(self, disk):
        disk._device = (0, 44)
        assert disk.io(0.0, {}) == {}

    def test_elsewhere_all_disks_are_counted(self):
        api = FakeApi(linux=False)
        disk = DiskReader("/", api=api)
        disk.io(0.0, {})
        api.counters = SimpleNamespace(read_bytes=500, write_bytes=100)
        assert disk.io(5.0, {})["disk_read_bytes_per_second"] == 100.0
        api.counters = None
        assert disk.io(9.0, {}) == {}


class TestSharedMemory:
    def test_it_is_what_the_file_system_says(self, monkeypatch):
        stat = SimpleNamespace(f_blocks=16_384, f_frsize=4_096, f_bavail=4_096)
        monkeypatch.setattr(os, "statvfs", lambda path: stat)
        assert DiskReader("/", api=FakeApi()).shared_memory(0.0, {}) == {
            "shared_memory_limit_bytes": 64 * 2**20,
            "shared_memory_free_bytes": 16 * 2**20,
            "shared_memory_percent": 75.0,
        }

    def test_where_there_is_none_nothing_is_told(self, tmp_path):
        disk = DiskReader("/", api=FakeApi(), shared_memory=str(tmp_path / "none"))
        assert disk.shared_memory(0.0, {}) == {}

    def test_a_system_without_statvfs_has_none(self, monkeypatch):
        monkeypatch.delattr(os, "statvfs")
        assert DiskReader("/", api=FakeApi(linux=False)).shared_memory(0.0, {}) == {}


@pytest.mark.skipif(not psutil.LINUX, reason="this is about Linux")
def test_what_this_process_writes_is_counted(tmp_path):
    disk = DiskReader(str(tmp_path))
    disk.space(0.0, {})
    if not disk.io(0.0, {}):
        pytest.skip("the disk under the folder for tests is no device of this machine")
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(2**20))
        file.flush()
        os.fsync(file.fileno())
    assert disk.io(1.0, {})["disk_written_bytes"] >= 2**20


def test_a_path_object_is_a_path(tmp_path):
    assert DiskReader(tmp_path).space(0.0, {})["disk_path"] == str(tmp_path)


def test_a_path_that_is_no_text_of_unicode_can_be_sent(tmp_path):
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    assert DiskReader(folder).space(0.0, {})["disk_path"] == f"{tmp_path}/caf\\udce9"
