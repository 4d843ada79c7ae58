"""A folder of reports: others' files, slow views of a network and full disks change no total."""

from __future__ import annotations

import os

import pytest

from ipyvitals import FakeClock, Monitor
from ipyvitals.remote.folder import ForeignFolderError, ReportFolder
from ipyvitals.remote.report import ModelReport, Report, WriterIdentity, encode_report
from ipyvitals.storage.ownership import Session

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners of files are of POSIX")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def home(clock, tmp_path):
    with Monitor("churn", name="m", interval=None, store=None, clock=clock, git=False) as monitor:
        monitor._engine.receive_reports(tmp_path / "reports")
        yield monitor


@pytest.fixture
def folder(tmp_path):
    return ReportFolder(tmp_path / "reports")


def report(token, n, predictions, writer=None, **more):
    return encode_report(
        Report(
            monitor="m", writer=writer or WriterIdentity(token=token), n=n, now=0.0,
            models=[ModelReport(predictions=predictions)], **more,
        )
    )  # fmt: skip


def total(monitor):
    monitor.tick()
    return monitor.snapshot().metrics.total_predictions


def test_64_writers_add_up(home, folder):
    for n in (1, 2, 3):
        for writer in range(64):
            folder.write(f"{writer:02}", report(f"{writer:02}", n, n * writer))
        assert total(home) == n * sum(range(64))
    assert len(home.snapshot().workers) == 64


def test_a_network_that_shows_old_and_partial_states_costs_delay_only(home, folder, tmp_path):
    states = [report("a", n, 10 * n) for n in (1, 2, 3)]
    path = tmp_path / "reports" / "a.vitals"
    folder.write("a", states[1])
    assert total(home) == 20
    # The cache of the network shows an older state, then a part of the newest one.
    path.write_bytes(states[0])
    assert total(home) == 20
    path.write_bytes(states[2][:40])
    assert total(home) == 20
    path.unlink()
    assert total(home) == 20
    folder.write("a", states[2])
    assert total(home) == 30


def test_leftovers_and_files_of_others_are_ignored(home, folder, tmp_path):
    folder.write("a", report("a", 1, 5))
    reports = tmp_path / "reports"
    (reports / "b.tmp").write_bytes(report("b", 1, 100)[:20])
    (reports / "notes.txt").write_text("hello")
    (tmp_path / "elsewhere").write_bytes(report("c", 1, 100))
    (reports / "c.vitals").symlink_to(tmp_path / "elsewhere")
    (reports / "d.vitals").mkdir()
    assert total(home) == 5
    assert home.snapshot().notices == []


def test_a_folder_that_others_can_write_is_not_read(home, folder, tmp_path):
    folder.write("a", report("a", 1, 5))
    (tmp_path / "reports").chmod(0o777)
    assert total(home) == 0
    assert [one.code for one in home.snapshot().notices] == ["workers.folder"]
    # Nor one in which another user left a file.
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.vitals").write_bytes(b"")
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(ForeignFolderError, match="only its user can write"):
        next(iter(ReportFolder(tmp_path / "open").new_reports()), None)


def test_a_folder_is_its_users_alone(folder, tmp_path):
    folder.write("a", b"report")
    assert (tmp_path / "reports").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "reports" / "a.vitals").stat().st_mode & 0o777 == 0o600


def test_clock_steps_change_no_total_and_no_rate(home, folder, clock):
    folder.write("a", report("a", 1, 5))
    assert total(home) == 5
    for step in (-86_400.0, 7 * 86_400.0):
        clock.set_wall(clock.time() + step)
        folder.write("a", report("a", 2 if step < 0 else 3, 6))
        assert total(home) == 6
    (row,) = home.snapshot().workers
    assert row.total_predictions == 6


def test_a_process_id_that_came_again_is_another_worker(home, folder):
    here = Session.here("m", 0.0)
    known = {"pid": here.pid, "host_id": here.host_id}
    former = WriterIdentity(token="a", process_start="1", **known)
    current = WriterIdentity(token="b", process_start=here.process_start, **known)
    folder.write("a", report("a", 4, 40, former))
    folder.write("b", report("b", 1, 2, current))
    assert total(home) == 42
    home._engine.clock.advance(5.0)
    home.tick()
    assert {one.worker: one.state for one in home.snapshot().workers} == {
        "a": "gone",
        "b": "alive",
    }
