"""Where the file lies decides how it is written."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ipyvitals import Monitor, open_store
from ipyvitals.schema import SystemSection
from ipyvitals.storage import files
from ipyvitals.storage.client import StorageClient
from ipyvitals.storage.files import is_local, open_for_writing
from ipyvitals.storage.rows import SystemRow
from ipyvitals.utils.notices import Notices
from tests.unit.storage.conftest import NOON

MOUNTS = """
overlay / overlay rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sda1 /home/ada/scratch ext4 rw 0 0
//server/share /mnt/windows\\040share cifs rw 0 0
user@host: /mnt/elsewhere fuse.sshfs rw 0 0
tmpfs /mnt/over tmpfs rw 0 0
server:/over /mnt/over nfs rw 0 0
""".lstrip()


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    table = tmp_path / "mounts"
    table.write_text(MOUNTS, encoding="utf-8")
    monkeypatch.setattr(files, "MOUNTS", table)
    monkeypatch.setattr(files.sys, "platform", "linux")


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/tmp/history.sqlite", True),
        ("/home/ada/history.sqlite", False),
        ("/home/ada/scratch/deep/history.sqlite", True),
        ("/home/ada/scratchy/history.sqlite", False),
        ("/mnt/windows share/history.sqlite", False),
        ("/mnt/elsewhere/history.sqlite", False),
        ("/mnt/over/history.sqlite", False),
        ("/mnt/history.sqlite", True),
    ],
)
def test_the_innermost_mount_decides(mounts, path, local):
    assert is_local(Path(path)) is local


def test_without_a_table_of_mounts_a_disk_is_local(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "MOUNTS", tmp_path / "none")

    assert is_local(tmp_path / "history.sqlite")


def pragma(connection, name):
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_disk_of_this_machine_gets_a_write_ahead_log(path):
    connection = open_for_writing(path)

    assert (pragma(connection, "journal_mode"), pragma(connection, "synchronous")) == ("wal", 1)
    connection.close()


def test_a_disk_of_a_network_gets_none_though_there_was_one(path, monkeypatch):
    open_for_writing(path).close()
    monkeypatch.setattr(files, "is_local", lambda path: False)

    connection = open_for_writing(path)

    assert (pragma(connection, "journal_mode"), pragma(connection, "synchronous")) == ("delete", 2)
    connection.close()


def test_a_disk_of_a_network_is_written_all_the_same(path, monkeypatch, history):
    monkeypatch.setattr(files, "is_local", lambda path: False)
    notices = Notices(lambda: NOON)
    clients = [StorageClient(path, f"m{number}", notices, lambda: NOON) for number in range(2)]
    for second in range(10):
        for client in clients:
            client.put(SystemRow(NOON + second, SystemSection()))
            client.wake()
    kept = [client.close(5.0) for client in clients]
    assert kept == [True, True]

    assert (len(history("system")), notices.get()) == (20, [])
    with closing(sqlite3.connect(path)) as connection, connection:
        assert pragma(connection, "journal_mode") == "delete"


def log_bytes(path):
    log = path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log.exists() else 0


def test_a_closed_monitor_leaves_one_file_with_everything_in_it(path, tmp_path):
    client = StorageClient(path, "default", Notices(lambda: NOON), lambda: NOON)
    for second in range(20):
        client.put(SystemRow(NOON + second, SystemSection()))
        assert client.flush(5.0)
    assert client.close(5.0)

    assert log_bytes(path) == 0
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    with open_store(copy) as store:
        assert len(store.history("system")) == 20


def test_the_log_stays_short_though_the_file_is_opened_for_each_write(path):
    client = StorageClient(path, "default", Notices(lambda: NOON), lambda: NOON)
    longest = 0
    for second in range(40):
        client.put(SystemRow(NOON + second, SystemSection(disk_path="/" + "x" * 50_000)))
        assert client.flush(5.0)
        longest = max(longest, log_bytes(path))
    assert client.close(5.0)

    assert longest < files.LOG_BYTES + 200_000


@pytest.mark.skipif(os.name != "posix", reason="needs modes of files")
class TestMode:
    """A file that a monitor creates has mode 0600, wherever it is, and so has its log."""

    @pytest.fixture(autouse=True)
    def open_umask(self):
        before = os.umask(0)
        yield
        os.umask(before)

    def test_a_new_file_and_its_log_are_private(self, path):
        with closing(open_for_writing(path)) as connection:
            connection.execute("CREATE TABLE more (id)")
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

        assert modes == dict.fromkeys([path.name, f"{path.name}-wal", f"{path.name}-shm"], 0o600)

    def test_so_is_one_that_replaces_a_broken_one(self, path):
        monitor = Monitor("churn", interval=None, store=path)
        assert monitor.flush()
        path.chmod(0o644)
        path.write_bytes(b"x" * 5_000)
        monitor.record(1, 1)
        monitor.tick()
        assert monitor.flush()
        monitor.close()

        assert path.stat().st_mode & 0o777 == 0o600

    def test_the_mode_of_a_file_that_exists_is_left_as_it_is(self, path):
        path.touch(mode=0o640)
        with closing(open_for_writing(path)) as connection:
            connection.execute("CREATE TABLE more (id)")
            modes = {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

        assert modes == {0o640}
