"""Looks at Linux's own files that keep hold of Python's lock."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from ipyvitals.system.linux import procfs as held

pytestmark = pytest.mark.skipif(not psutil.LINUX, reason="only Linux has these files")


def test_they_tell_what_the_operating_system_does(tmp_path):
    long = os.urandom(200_000)
    (tmp_path / "long").write_bytes(long)
    for number in range(3_000):
        (tmp_path / f"{number:040}").touch()
    (tmp_path / "näme").symlink_to("long")

    assert held.read(str(tmp_path / "long")) == long[: held.BUFFER_BYTES]
    assert held.read(str(tmp_path / "long"), all_of_it=True) == long
    assert sorted(held.names(str(tmp_path))) == sorted(os.listdir(tmp_path))
    assert held.size(str(tmp_path / "long")) == 200_000
    assert held.link(str(tmp_path / "näme")) == "long"


def test_a_library_without_the_newer_calls_is_asked_as_python_does(monkeypatch, tmp_path):
    libc = held._libc()
    (tmp_path / "one").write_bytes(b"12")

    class Older:
        open, read, close, readlink = libc.open, libc.read, libc.close, libc.readlink

    monkeypatch.setattr(held, "_libc", Older)
    assert held.names(str(tmp_path)) == ["one"]
    assert held.size(str(tmp_path / "one")) == 2
    Older.statx = lambda *arguments: -1  # as a sandbox that does not know the call
    assert held.size(str(tmp_path / "one")) == 2


@pytest.mark.parametrize("call", [held.read, held.names, held.size, held.link])
def test_what_is_gone_is_not_found(call, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        call(str(tmp_path / "gone"))

    assert caught.value.filename == str(tmp_path / "gone")


def test_a_folder_is_no_file_and_a_file_no_folder():
    with pytest.raises(IsADirectoryError):
        held.read("/proc")
    with pytest.raises(NotADirectoryError):
        held.names("/proc/self/stat")


def test_a_thread_beside_a_busy_cell_need_not_wait_for_its_turn():
    turns = 0
    done = False

    def compute():
        nonlocal turns
        while not done:
            turns += 1

    def turns_taken_by(look):
        # The other thread has just had its turn, and asks for the next one in half a second.
        time.sleep(0.01)
        before = turns
        look()
        return turns - before

    usual = sys.getswitchinterval()
    cell = threading.Thread(target=compute)
    cell.start()
    try:
        sys.setswitchinterval(0.5)

        def ours():
            held.read("/proc/self/stat")
            held.names("/proc/self/task")
            held.size("/proc/self/fd")

        ours()
        assert turns_taken_by(ours) == 0
        assert any(turns_taken_by(Path("/proc/self/fd").stat) for _ in range(1_000))
    finally:
        done = True
        sys.setswitchinterval(usual)
        cell.join()
