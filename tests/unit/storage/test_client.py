"""Whatever the disk does, the monitor goes on, and nothing is lost that there is room for."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing

import msgspec
import numpy as np
import pytest

from ipyvitals import open_store
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
def open_client(path, notices):
    """Open clients that are closed at the end."""
    made = []

    def make(where=path, monitor="default"):
        client = StorageClient(where, monitor, notices, time.time)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close(5.0)


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


def test_what_is_flushed_is_in_the_file(open_client, history, codes):
    client = open_client()
    for second in range(5):
        client.put(reading(second))

    assert client.flush(5.0)
    assert (rows_in(history), len(client.buffer), codes()) == (5, 0, [])


def test_rows_are_written_without_a_flush(open_client, history):
    client = open_client()
    client.flush(5.0)
    client.put(reading(1))
    client.wake()

    until(lambda: not len(client.buffer))
    assert rows_in(history) == 1


def test_folders_that_it_makes_are_private(open_client, tmp_path):
    client = open_client(tmp_path / "data" / "ipyvitals" / "history.sqlite")

    assert client.flush(5.0)
    assert (tmp_path / "data" / "ipyvitals").stat().st_mode & 0o777 == 0o700


def test_a_model_goes_on_where_another_session_left_it(open_client):
    first = open_client()
    assert first.restore("churn").wait(5.0)
    first.save(state(body=b"body", reference=b"reference"))
    first.save(state(head=b"newer"))
    assert first.close(5.0)

    recall = open_client().restore("churn")

    assert recall.wait(5.0)
    assert tuple(recall.found) == (b"newer", b"body", b"reference", [], NOON)


def test_a_client_that_is_dropped_lets_go_of_its_models(open_client, path, notices):
    first = StorageClient(path, "default", notices, time.time)
    first.restore("churn").wait(5.0)
    first.save(state())
    del first

    second = open_client()
    second.flush(5.0)
    recall = second.restore("churn")
    assert recall.wait(5.0)
    assert recall.found.head == b"head"


def test_a_closed_client_answers_at_once(open_client):
    client = open_client()
    assert client.close(5.0)
    began = time.monotonic()

    assert client.flush(5.0)
    assert time.monotonic() - began < 1.0


class TestADiskThatCannotBeWritten:
    def test_a_folder_that_takes_no_files(self, open_client, history, codes, path):
        with read_only(path.parent):
            client = open_client()
            for second in range(3):
                client.put(reading(second))
            assert not client.restore("churn").wait(5.0)
            assert not client.flush(5.0)
            assert codes() == ["store.unavailable"]
            assert len(client.buffer) == 3

        assert client.flush(5.0)
        assert (rows_in(history), len(client.buffer)) == (3, 0)
        assert codes() == ["store.unavailable", "store.caught_up"]

    def test_a_file_in_place_of_the_folder(self, open_client, codes, tmp_path):
        (tmp_path / "data").write_text("mine", encoding="utf-8")
        client = open_client(tmp_path / "data" / "history.sqlite")

        assert not client.flush(5.0)
        assert codes() == ["store.unavailable"]
        (tmp_path / "data").unlink()
        assert client.flush(5.0)

    def test_a_folder_in_place_of_the_file(self, open_client, notices, path):
        path.mkdir()

        assert not open_client().flush(5.0)
        (notice,) = notices.get()
        assert f"{path}: expected a file, got a folder" in notice.message

    def test_it_is_tried_again_without_a_flush(self, open_client, history, tmp_path, monkeypatch):
        monkeypatch.setattr("ipyvitals.storage.writer.FIRST_RETRY_SECONDS", 0.02)
        (tmp_path / "data").write_text("mine", encoding="utf-8")
        client = open_client(tmp_path / "data" / "history.sqlite")
        client.put(reading(0))
        assert not client.flush(5.0)

        (tmp_path / "data").unlink()
        until(lambda: not len(client.buffer))

    def test_a_recall_is_answered_once_the_file_is_there(self, open_client, tmp_path):
        (tmp_path / "data").write_text("mine", encoding="utf-8")
        client = open_client(tmp_path / "data" / "history.sqlite")
        recall = client.restore("churn")
        assert not recall.wait(5.0)

        (tmp_path / "data").unlink()
        client.flush(5.0)
        assert recall.done

    def test_a_full_disk(self, open_client, tmp_path, history, codes):
        disk = tmp_path / "disk"
        with small_disk(disk) as mounted:
            if not mounted:
                pytest.skip("this machine lets nobody mount a disk")
            client = open_client(disk / "history.sqlite")
            client.put(reading(0))
            assert client.flush(5.0)
            filler = disk / "filler"
            with pytest.raises(OSError, match="space"):
                filler.write_bytes(b"x" * 2_000_000)
            for second in range(1, 2_000):
                client.put(reading(second, disk_path="/somewhere" * 20))
            client.save(state())
            assert not client.flush(5.0)
            assert codes() == ["store.unavailable"]
            assert len(client.buffer) == 1_999

            filler.unlink()
            assert client.flush(5.0)
            with closing(sqlite3.connect(disk / "history.sqlite")) as connection, connection:
                found = connection.execute("SELECT count(*) FROM system").fetchone()[0]
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert found == 2_000
            client.close(5.0)

    def test_a_limit_on_the_size_of_files(self, path):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(LIMITED), str(path)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

        assert (done.stderr, done.returncode) == ("", 0)
        assert done.stdout.split() == [
            *("False", "store.unavailable", "True", "store.unavailable", "store.caught_up", "2000"),
        ]

    def test_the_oldest_rows_make_room(self, open_client, history, codes, path):
        with read_only(path.parent):
            client = open_client()
            client._queue.buffer = client.buffer = WriteBuffer({**WAITING, SystemRow: 100})
            for second in range(150):
                client.put(reading(second))
            assert not client.flush(5.0)
            assert codes() == ["store.unavailable", "store.dropped"]

        assert client.flush(5.0)
        assert rows_in(history) == 100

    def test_what_a_closed_monitor_left_is_written_later(self, open_client, history, path):
        with read_only(path.parent):
            client = open_client()
            client.put(reading(0))
            assert not client.close(5.0)
            other = open_client()

        assert other.flush(5.0)
        assert rows_in(history) == 1


LIMITED = """
import resource, signal, sys, time
from pathlib import Path
from ipyvitals.utils.notices import Notices
from ipyvitals.storage.rows import SystemRow
from ipyvitals.storage.client import StorageClient
from ipyvitals.schema import SystemSection

path = Path(sys.argv[1])
notices = Notices(time.time)
client = StorageClient(path, "default", notices, time.time)
assert client.flush(5.0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for second in range(2_000):
    client.put(SystemRow(float(second), SystemSection(disk_path="/somewhere" * 20)))
print(client.flush(5.0), *(notice.code for notice in notices.get()))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(client.flush(5.0), *(notice.code for notice in notices.get()))
client.close(5.0)
from ipyvitals import open_store
print(len(open_store(path).history("system")))
"""


class TestAFileThatIsHeld:
    def test_it_is_written_when_it_is_free(self, open_client, history, codes, path):
        client = open_client()
        assert client.flush(5.0)
        with closing(sqlite3.connect(path, isolation_level=None)) as other, other:
            other.execute("BEGIN EXCLUSIVE")
            client.put(reading(0))
            began = time.monotonic()
            client.put(reading(1))
            assert time.monotonic() - began < 0.1
            assert not client.flush(10.0)
            assert codes() == ["store.locked"]
            other.execute("COMMIT")

        assert client.flush(5.0)
        assert rows_in(history) == 2


class TestAFileThatIsBroken:
    @pytest.mark.parametrize("content", [b"SQLite format 3\0 and then nonsense" * 99, b"x" * 5_000])
    def test_it_is_set_aside(self, open_client, history, codes, path, content, notices):
        path.write_bytes(content)

        client = open_client()
        client.put(reading(0))

        assert client.flush(5.0)
        assert (rows_in(history), codes()) == (1, ["store.broken"])
        (kept,) = path.parent.glob("history.sqlite.broken-*")
        assert kept.read_bytes() == content
        assert kept.name in notices.get()[0].message

    def test_it_breaks_while_it_is_written(self, open_client, history, path, codes):
        client = open_client()
        client.restore("churn").wait(5.0)
        for second in range(5_000):
            client.put(reading(second))
        assert client.flush(5.0)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)

        until(lambda: break_it(client))
        assert "store.broken" in codes()
        client.put(reading(1))
        assert client.flush(5.0)
        assert rows_in(history) >= 1
        assert list(path.parent.glob("history.sqlite.broken-*"))

    @pytest.mark.parametrize(
        "overwritten", [[""], ["-wal"], ["", "-wal"], ["", "-wal", "-shm"]], ids=str
    )
    @pytest.mark.parametrize("log", [True, False], ids=["with a log", "without a log"])
    def test_it_is_overwritten_while_it_is_used(
        self, open_client, history, path, codes, overwritten, log
    ):
        client = open_client()
        client.put(reading(0))
        assert client.flush(5.0)
        # A reader keeps the log from being copied into the file.
        with closing(sqlite3.connect(path)) as other:
            if log:
                other.execute("BEGIN")
                other.execute("SELECT count(*) FROM sessions").fetchall()
            client.put(reading(1))
            client.save(state())
            assert client.flush(5.0)
            random = np.random.default_rng(1)
            for ending in overwritten:
                file = path.with_name(path.name + ending)
                if file.exists():
                    file.write_bytes(random.bytes(file.stat().st_size))
            client.put(reading(2))
            assert client.flush(5.0)
        client.put(reading(3))
        client.save(state(total_predictions=9))
        assert client.flush(5.0)

        assert rows_in(history) == (4 if codes() == [] else 2)
        assert codes() == ["store.broken"] or (not log and overwritten == ["-wal"])
        assert open_store(path).models()[0].total_predictions == 9

    @pytest.mark.parametrize("ending", ["", "-wal"])
    def test_it_or_its_log_is_emptied_while_it_is_used(self, open_client, history, path, ending):
        client = open_client()
        with closing(sqlite3.connect(path)) as other:
            assert client.flush(5.0)
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM sqlite_master").fetchall()
            client.put(reading(0))
            client.save(state())
            assert client.flush(5.0)
        for file in path.parent.glob(f"{path.name}{ending}"):
            file.write_bytes(b"")

        until(lambda: flush_one(client, 1))
        client.put(reading(2))
        client.save(state(total_predictions=9))
        assert client.flush(5.0)

        assert rows_in(history) >= 2
        assert open_store(path).models()[0].total_predictions == 9

    def test_two_processes_set_it_aside_once(self, open_client, history, codes, path):
        first, second = open_client(), open_client(monitor="second")
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

    def test_the_database_of_another_program_is_not_touched(self, open_client, codes, path):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE mine (id)")
        before = path.read_bytes()

        client = open_client()
        client.put(reading(0))

        assert not client.flush(5.0)
        assert (codes(), path.read_bytes()) == (["store.unavailable"], before)


def flush_one(client, second):
    client.put(reading(second))
    return client.flush(5.0)


def break_it(client):
    client.put(reading(0))
    client.flush(5.0)
    return any(notice.code == "store.broken" for notice in client._queue.notices.get())


def test_a_file_that_was_removed_is_made_anew(open_client, history, path):
    client = open_client()
    client.put(reading(0))
    client.restore("churn").wait(5.0)
    assert client.flush(5.0)
    for file in path.parent.glob("history.sqlite*"):
        file.unlink()

    client.put(reading(1))
    client.save(state())

    assert client.flush(5.0)
    assert rows_in(history) == 1


def test_what_sqlite_cannot_hold_is_written_in_a_form_that_it_can(open_client, history, codes):
    client = open_client(monitor="\udc81")
    client.put(reading(0, disk_path="\ud800", memory_used_bytes=1 << 70))
    client.save(state(name="\ud800", model_id="m" * 5_000))

    assert client.flush(5.0)

    found = history("system", monitor="\udc81")
    assert found["disk_path"].to_list() == ["\\ud800"]
    assert found["memory_used_bytes"].isna().all()
    assert codes() == []


def test_rows_that_no_table_takes_are_left_out(open_client, history, codes, notices):
    client = open_client()
    client.put(reading(0))
    client.put(reading(1, disk_path=object()))
    client.put(reading(2, memory_used_bytes=[1]))
    client.put(reading(3))
    client.save(state(status=object()))
    client.save(state(model_id="rival"))

    assert client.flush(5.0)
    assert (rows_in(history), codes()) == (2, ["store.unfit"])
    assert notices.get()[0].count == 3
    assert client.restore("rival").wait(5.0)


def test_monitors_of_a_process_share_a_thread(open_client, history):
    clients = [open_client(monitor=f"m{number}") for number in range(5)]
    for number, client in enumerate(clients):
        client.put(reading(number))
    assert all(client.flush(5.0) for client in clients)

    (thread,) = {client._writer.worker.thread for client in clients}
    assert thread.name == "ipyvitals-store"
    assert set(history("system")["monitor"]) == {f"m{number}" for number in range(5)}
    for client in clients:
        client.close(5.0)
    assert not thread.is_alive()


def test_thousands_of_rows_are_written_in_pieces(open_client, history):
    client = open_client()
    for seq in range(5_000):
        client.put(
            ModelDeployed(
                monitor="m", seq=seq, at=NOON, model_id="m", model_name="m", model_version=None,
                deployment_timestamp=NOON,
            )
        )  # fmt: skip
    assert client.flush(20.0)
    assert len(history("events")) == 5_000


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_stores_its_own_monitors_and_leaves_those_of_its_parent_alone(tmp_path):
    assert run_forking(FORKED, tmp_path / "history.sqlite") == [
        *("exit", "_exit", "ok"),
        # The parent's: as many as without a child.
        "3",
        *("child-_exit", "child-exit", "default"),
    ]


FORKED = """
import gc, os, sqlite3, sys, warnings
from contextlib import closing
import pandas
from ipyvitals import Monitor, open_store

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
        own = Monitor("m", name=f"child-{how}", store=path, interval=None)
        own.record(1, 1)
        assert own.flush()
        assert own.history()["total_predictions"].to_list() == [1]
        assert not own.snapshot().notices
        assert len(store.history(monitor=f"child-{how}")) == 1
        store.close()
        own.close()
        monitor.close()
        del monitor, own, store
        gc.collect()
        print(how, flush=True)
        sys.exit(0) if how == "exit" else os._exit(0)
    _, status = os.wait()
    assert status == 0
monitor.record(1, 1)
assert monitor.flush()
with closing(sqlite3.connect(path)) as connection, connection:
    print(*connection.execute("PRAGMA integrity_check").fetchone())
print(len(store.history("events", monitor="default")))
print(*sorted(one.name for one in store.monitors()))
monitor.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_amid_a_write_does_not_wait_and_its_child_keeps_its_history_in_memory(tmp_path):
    assert run_forking(FORKED_AMID, tmp_path / "history.sqlite") == ["store.forked", "1", "ok", "2"]


FORKED_AMID = """
import os, sqlite3, sys, threading, time, warnings
from contextlib import closing
import pandas
from ipyvitals import Monitor, StoreError, open_store
from ipyvitals.storage.connections import connect

path = sys.argv[1]
monitor = Monitor("m", store=path, interval=None)
monitor.record(1, 1)
assert monitor.flush()

# A thread that is inside SQLite for as long as this process likes.
inside, leave = threading.Event(), threading.Event()
def work():
    connection = connect(path)
    connection.execute("BEGIN IMMEDIATE")
    inside.set()
    leave.wait(30)
    connection.execute("COMMIT")
    connection.close()
thread = threading.Thread(target=work)
thread.start()
inside.wait(30)

started = time.monotonic()
child = os.fork()
if child == 0:
    own = Monitor("m", name="child", store=path, interval=None)
    own.record(1, 1)
    own.flush()
    for read in (own.history, lambda: open_store(path)):
        try:
            read()
        except StoreError as error:
            assert "forked while" in str(error)
        else:
            raise AssertionError("expected an error")
    print(*(notice.code for notice in own.snapshot().notices))
    print(own.snapshot().metrics.total_predictions, flush=True)
    own.close()
    sys.exit(0)
assert time.monotonic() - started < 0.5
_, status = os.wait()
assert status == 0
leave.set()
thread.join()
monitor.record(1, 1)
assert monitor.flush()
with closing(sqlite3.connect(path)) as connection, connection:
    print(*connection.execute("PRAGMA integrity_check").fetchone())
with open_store(path) as store:
    print(store.history()["total_predictions"].iloc[-1])
monitor.close()
"""


def run_forking(code, path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning", "-c",
         textwrap.dedent(code), str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.split()
