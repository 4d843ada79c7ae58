"""Whatever the disk does, the monitor goes on, and nothing is lost that there is room for."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import time

import msgspec
import pytest

from ipyvitals.schema import ModelDeployed, SystemSection
from ipyvitals.storage.buffer import WAITING, WriteBuffer
from ipyvitals.storage.client import StorageClient
from ipyvitals.storage.rows import StateRow, SystemRow
from ipyvitals.utils.notices import Notices
from tests.unit.storage.conftest import NOON
from tests.unit.storage.places import read_only, small_disk


@pytest.fixture
def notices():
    return Notices(lambda: NOON)


@pytest.fixture
def open_sink(path, notices):
    """Open sinks that are closed at the end."""
    made = []

    def make(where=path, monitor="default"):
        sink = StorageClient(where, monitor, notices, time.time)
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close(5.0)


@pytest.fixture
def codes(notices):
    return lambda: [notice.code for notice in notices.get()]


def reading(second, **fields):
    return SystemRow(NOON + second, SystemSection(**fields))


def state(head=b"head", **changes):
    row = StateRow(NOON, "churn", "churn", None, None, NOON, "active", 7, 0.9, head, None, None)
    return msgspec.structs.replace(row, **changes)


def rows_in(history):
    return len(history("system"))


def test_what_is_flushed_is_in_the_file(open_sink, history, codes):
    sink = open_sink()
    for second in range(5):
        sink.put(reading(second))

    assert sink.flush(5.0)
    assert (rows_in(history), len(sink.backlog), codes()) == (5, 0, [])


def test_rows_are_written_without_a_flush(open_sink, history):
    sink = open_sink()
    sink.flush(5.0)
    sink.put(reading(1))
    sink.wake()

    until(lambda: not len(sink.backlog))
    assert rows_in(history) == 1


def test_folders_that_it_makes_are_private(open_sink, tmp_path):
    sink = open_sink(tmp_path / "data" / "ipyvitals" / "history.sqlite")

    assert sink.flush(5.0)
    assert (tmp_path / "data" / "ipyvitals").stat().st_mode & 0o777 == 0o700


def test_a_model_goes_on_where_another_session_left_it(open_sink):
    first = open_sink()
    assert first.restore("churn").wait(5.0)
    first.save(state(body=b"body", reference=b"reference"))
    first.save(state(head=b"newer"))
    assert first.close(5.0)

    recall = open_sink().restore("churn")

    assert recall.wait(5.0)
    assert tuple(recall.found) == (b"newer", b"body", b"reference", [])


def test_a_sink_that_is_dropped_lets_go_of_its_models(open_sink, path, notices):
    first = StorageClient(path, "default", notices, time.time)
    first.restore("churn").wait(5.0)
    first.save(state())
    del first

    second = open_sink()
    second.flush(5.0)
    recall = second.restore("churn")
    assert recall.wait(5.0)
    assert recall.found.head == b"head"


def test_a_closed_sink_answers_at_once(open_sink):
    sink = open_sink()
    assert sink.close(5.0)
    began = time.monotonic()

    assert sink.flush(5.0)
    assert time.monotonic() - began < 1.0


class TestADiskThatCannotBeWritten:
    def test_a_folder_that_takes_no_files(self, open_sink, history, codes, path):
        with read_only(path.parent):
            sink = open_sink()
            for second in range(3):
                sink.put(reading(second))
            assert not sink.restore("churn").wait(5.0)
            assert not sink.flush(5.0)
            assert codes() == ["store.unavailable"]
            assert len(sink.backlog) == 3

        assert sink.flush(5.0)
        assert (rows_in(history), len(sink.backlog)) == (3, 0)
        assert codes() == ["store.unavailable", "store.caught_up"]

    def test_a_file_in_place_of_the_folder(self, open_sink, codes, tmp_path):
        (tmp_path / "data").write_text("mine", encoding="utf-8")
        sink = open_sink(tmp_path / "data" / "history.sqlite")

        assert not sink.flush(5.0)
        assert codes() == ["store.unavailable"]
        (tmp_path / "data").unlink()
        assert sink.flush(5.0)

    def test_a_folder_in_place_of_the_file(self, open_sink, notices, path):
        path.mkdir()

        assert not open_sink().flush(5.0)
        (notice,) = notices.get()
        assert f"{path}: expected a file, got a folder" in notice.message

    def test_it_is_tried_again_without_a_flush(self, open_sink, history, tmp_path, monkeypatch):
        monkeypatch.setattr("ipyvitals.storage.writer.FIRST_RETRY_SECONDS", 0.02)
        (tmp_path / "data").write_text("mine", encoding="utf-8")
        sink = open_sink(tmp_path / "data" / "history.sqlite")
        sink.put(reading(0))
        assert not sink.flush(5.0)

        (tmp_path / "data").unlink()
        until(lambda: not len(sink.backlog))

    def test_a_recall_is_answered_once_the_file_is_there(self, open_sink, tmp_path):
        (tmp_path / "data").write_text("mine", encoding="utf-8")
        sink = open_sink(tmp_path / "data" / "history.sqlite")
        recall = sink.restore("churn")
        assert not recall.wait(5.0)

        (tmp_path / "data").unlink()
        sink.flush(5.0)
        assert recall.done

    def test_a_full_disk(self, open_sink, tmp_path, history, codes):
        disk = tmp_path / "disk"
        with small_disk(disk) as mounted:
            if not mounted:
                pytest.skip("this machine lets nobody mount a disk")
            sink = open_sink(disk / "history.sqlite")
            sink.put(reading(0))
            assert sink.flush(5.0)
            filler = disk / "filler"
            with pytest.raises(OSError, match="space"):
                filler.write_bytes(b"x" * 2_000_000)
            for second in range(1, 2_000):
                sink.put(reading(second, disk_path="/somewhere" * 20))
            sink.save(state())
            assert not sink.flush(5.0)
            assert codes() == ["store.unavailable"]
            assert len(sink.backlog) == 1_999

            filler.unlink()
            assert sink.flush(5.0)
            with sqlite3.connect(disk / "history.sqlite") as connection:
                found = connection.execute("SELECT count(*) FROM system").fetchone()[0]
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            connection.close()
            assert found == 2_000
            sink.close(5.0)

    def test_a_limit_on_the_size_of_files(self, path):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(LIMITED), str(path)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

        assert (done.stderr, done.returncode) == ("", 0)
        assert done.stdout.split() == [
            *("False", "store.unavailable", "True", "store.unavailable", "store.caught_up", "2000"),
        ]

    def test_the_oldest_rows_make_room(self, open_sink, history, codes, path):
        with read_only(path.parent):
            sink = open_sink()
            sink._account.backlog = sink.backlog = WriteBuffer({**WAITING, SystemRow: 100})
            for second in range(150):
                sink.put(reading(second))
            assert not sink.flush(5.0)
            assert codes() == ["store.unavailable", "store.dropped"]

        assert sink.flush(5.0)
        assert rows_in(history) == 100

    def test_what_a_closed_monitor_left_is_written_later(self, open_sink, history, path):
        with read_only(path.parent):
            sink = open_sink()
            sink.put(reading(0))
            assert not sink.close(5.0)
            other = open_sink()

        assert other.flush(5.0)
        assert rows_in(history) == 1


LIMITED = """
import resource, signal, sys, time
from pathlib import Path
from ipyvitals.utils.notices import Notices
from ipyvitals.storage.rows import SystemRow
from ipyvitals.storage.client import Sink
from ipyvitals.schema import SystemSection

path = Path(sys.argv[1])
notices = Notices(time.time)
sink = Sink(path, "default", notices, time.time)
assert sink.flush(5.0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for second in range(2_000):
    sink.put(SystemRow(float(second), SystemSection(disk_path="/somewhere" * 20)))
print(sink.flush(5.0), *(notice.code for notice in notices.get()))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(sink.flush(5.0), *(notice.code for notice in notices.get()))
sink.close(5.0)
from ipyvitals import open_store
print(len(open_store(path).history("system")))
"""


class TestAFileThatIsHeld:
    def test_it_is_written_when_it_is_free(self, open_sink, history, codes, path):
        sink = open_sink()
        assert sink.flush(5.0)
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            sink.put(reading(0))
            began = time.monotonic()
            sink.put(reading(1))
            assert time.monotonic() - began < 0.1
            assert not sink.flush(10.0)
            assert codes() == ["store.locked"]
            other.execute("COMMIT")
        other.close()

        assert sink.flush(5.0)
        assert rows_in(history) == 2


class TestAFileThatIsBroken:
    @pytest.mark.parametrize("content", [b"SQLite format 3\0 and then nonsense" * 99, b"x" * 5_000])
    def test_it_is_set_aside(self, open_sink, history, codes, path, content, notices):
        path.write_bytes(content)

        sink = open_sink()
        sink.put(reading(0))

        assert sink.flush(5.0)
        assert (rows_in(history), codes()) == (1, ["store.broken"])
        (kept,) = path.parent.glob("history.sqlite.broken-*")
        assert kept.read_bytes() == content
        assert kept.name in notices.get()[0].message

    def test_it_breaks_while_it_is_written(self, open_sink, history, path, codes):
        sink = open_sink()
        sink.restore("churn").wait(5.0)
        for second in range(5_000):
            sink.put(reading(second))
        assert sink.flush(5.0)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)

        until(lambda: break_it(sink))
        assert "store.broken" in codes()
        sink.put(reading(1))
        assert sink.flush(5.0)
        assert rows_in(history) >= 1
        assert list(path.parent.glob("history.sqlite.broken-*"))

    def test_two_processes_set_it_aside_once(self, open_sink, history, codes, path):
        first, second = open_sink(), open_sink(monitor="second")
        assert first.flush(5.0)
        assert second.flush(5.0)
        for file in path.parent.glob("history.sqlite*"):
            file.unlink()
        path.write_bytes(b"x" * 5_000)

        first.put(reading(0))
        second.put(reading(1))
        assert first.flush(5.0)
        assert second.flush(5.0)

        assert (rows_in(history), codes()) == (2, ["store.broken"])
        assert len(list(path.parent.glob("history.sqlite.broken-*"))) == 1

    def test_the_database_of_another_program_is_not_touched(self, open_sink, codes, path):
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE mine (id)")
        connection.close()
        before = path.read_bytes()

        sink = open_sink()
        sink.put(reading(0))

        assert not sink.flush(5.0)
        assert (codes(), path.read_bytes()) == (["store.unavailable"], before)


def break_it(sink):
    sink.put(reading(0))
    sink.flush(5.0)
    return any(notice.code == "store.broken" for notice in sink._account.notices.get())


def test_a_file_that_was_removed_is_made_anew(open_sink, history, path):
    sink = open_sink()
    sink.put(reading(0))
    sink.restore("churn").wait(5.0)
    assert sink.flush(5.0)
    for file in path.parent.glob("history.sqlite*"):
        file.unlink()

    sink.put(reading(1))
    sink.save(state())

    assert sink.flush(5.0)
    assert rows_in(history) == 1


def test_rows_that_no_table_takes_are_left_out(open_sink, history, codes, notices):
    sink = open_sink()
    sink.put(reading(0))
    sink.put(reading(1, disk_path="\ud800"))
    sink.put(reading(2, memory_used_bytes=1 << 70))
    sink.put(reading(3))
    sink.save(state(name="\ud800"))
    sink.save(state(model_id="rival"))

    assert sink.flush(5.0)
    assert (rows_in(history), codes()) == (2, ["store.unfit"])
    assert notices.get()[0].count == 3


def test_monitors_of_a_process_share_a_thread(open_sink, history):
    sinks = [open_sink(monitor=f"m{number}") for number in range(5)]
    for number, sink in enumerate(sinks):
        sink.put(reading(number))
    assert all(sink.flush(5.0) for sink in sinks)

    (thread,) = {sink._writer._thread for sink in sinks}
    assert thread.name == "ipyvitals-store"
    assert set(history("system")["monitor"]) == {f"m{number}" for number in range(5)}
    for sink in sinks:
        sink.close(5.0)
    assert not thread.is_alive()


def test_thousands_of_rows_are_written_in_pieces(open_sink, history):
    sink = open_sink()
    for seq in range(5_000):
        sink.put(
            ModelDeployed(
                monitor="m", seq=seq, at=NOON, model_id="m", model_name="m", model_version=None,
                deployment_timestamp=NOON,
            )
        )  # fmt: skip
    assert sink.flush(20.0)
    assert len(history("events")) == 5_000


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_writes_nothing_and_leaves_the_file_whole(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning", "-c",
         textwrap.dedent(FORKED), str(tmp_path / "history.sqlite")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.split() == ["ok", "3", "1"]


FORKED = """
import gc, os, sqlite3, sys, warnings
import pandas
from ipyvitals import Monitor, StoreError, open_store

path = sys.argv[1]
monitor = Monitor("m", store=path, interval=None)
monitor.record(1, 1)
assert monitor.flush()
store = open_store(path)
for how in ("exit", "_exit"):
    if os.fork() == 0:
        warnings.simplefilter("ignore")
        monitor.record(1, 1)
        monitor.deploy("child")
        monitor.flush()
        own = Monitor("m", name="child", store=path, interval=None)
        own.record(1, 1)
        own.flush()
        assert own.history()["total_predictions"].to_list() == [1]
        assert [notice.code for notice in own.snapshot().notices] == ["store.forked"]
        try:
            store.history()
        except StoreError as error:
            assert "this process" in str(error)
        store.close()
        own.close()
        monitor.close()
        del monitor, own, store
        gc.collect()
        sys.exit(0) if how == "exit" else os._exit(0)
    _, status = os.wait()
    assert status == 0
monitor.record(1, 1)
assert monitor.flush()
with sqlite3.connect(path) as connection:
    print(*connection.execute("PRAGMA integrity_check").fetchone())
print(len(store.history("events")), len(store.monitors()))
monitor.close()
"""
