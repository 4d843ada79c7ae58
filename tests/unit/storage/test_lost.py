"""A run whose process died is lost, with its last word, and why where the history knows."""

from __future__ import annotations

import pytest

from ipyvitals import open_store
from ipyvitals.cli.stored import stored_entries
from ipyvitals.cli.tables import plain_table
from ipyvitals.schema import SystemSection
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.rows import ProgressRow, RunRow, SystemRow
from tests.unit.storage.conftest import NOON

GIB = 2**30
RUN = RunRow(1, NOON, None, "Fit", "running", 3, 10, "", {"loss": 0.5})


def reading(at, kills=None, used=79 * GIB // 10, scope="container", percent=98.0):
    section = SystemSection(
        memory_scope=scope,
        memory_used_bytes=used,
        memory_limit_bytes=8 * GIB,
        memory_percent=percent,
        oom_kills=kills,
    )
    return SystemRow(NOON + at, section)


def dead(monitor="default"):
    """Return a session of this machine whose process is gone."""
    return Session.here(monitor, NOON)._replace(pid=2**22 + 1, process_start="1")


@pytest.fixture
def run(path):
    """Return the first run of the file."""

    def first():
        with open_store(path) as store:
            return store.runs()[0]

    return first


def test_a_run_of_a_process_that_lives_is_running(write, run):
    write(RUN)
    assert (run().state, run().reason) == ("running", None)


def test_a_run_that_its_monitor_left_open_was_stopped_with_it(write, run):
    write(RUN, session=dead(), ended=NOON + 20)
    assert (run().state, run().last_at) == ("stopped", NOON + 20)


def test_a_run_whose_process_died_is_lost_since_its_last_word(write, run):
    reports = [ProgressRow(1, n, NOON + n, "Fit", "running", n, 10, {}) for n in (1, 2, 3)]
    write(RUN, *reports, session=dead(), at=NOON)
    assert (run().state, run().ended_at, run().last_at) == ("lost", None, NOON + 3)
    assert run().reason is None


def test_a_heartbeat_is_a_word_too(write, run):
    write(RUN, session=dead(), at=NOON + 9)
    assert (run().state, run().last_at) == ("lost", NOON + 9)


def test_the_last_report_of_a_lost_run_says_so(write, history):
    reports = [ProgressRow(1, n, NOON + n, "Fit", "running", n, 10, {"loss": 1.0}) for n in (1, 2)]
    write(RUN, *reports, session=dead())
    write(*reports)
    found = history("training")
    assert found.groupby("run", sort=False)["state"].apply(list).to_list() in (
        [["running", "lost"], ["running", "running"]],
        [["running", "running"], ["running", "lost"]],
    )
    # A part of the history has another last row, which is no end.
    assert history("training", until=NOON + 2)["state"].to_list() == ["running", "running"]


def test_a_completed_run_of_a_dead_process_is_completed(write, run, history):
    done = RunRow(1, NOON, NOON + 5, "Fit", "completed", 10, 10, "", {})
    write(done, ProgressRow(1, 1, NOON + 5, "Fit", "completed", 10, 10, {}), session=dead())
    assert (run().state, run().last_at) == ("completed", NOON + 5)
    assert history("training")["state"].to_list() == ["completed"]


def test_the_terminal_says_where_a_run_was_lost(write, path):
    write(RUN, session=dead())
    (entry,) = stored_entries(path)
    assert (entry.live, entry.lost) == (False, "step 3 of 10")
    assert "Training lost: step 3 of 10" in plain_table([entry], NOON)


def test_the_terminal_says_why_where_it_is_known(write, path):
    write(RUN, reading(5, kills=1), session=dead())
    write(reading(60, kills=2), at=NOON + 60, ended=NOON + 61)
    (entry,) = stored_entries(path)
    assert entry.lost == "step 3 of 10, out of memory 8.0 of 8.0 GiB"


class TestOutOfMemory:
    def test_a_later_reading_of_the_container_tells_of_the_kill(self, write, run):
        write(RUN, reading(5, kills=1, used=4 * GIB, percent=50.0), session=dead())
        assert run().reason is None
        write(reading(60, kills=2), at=NOON + 60)
        found = run()
        assert (found.state, found.reason) == ("lost", "out_of_memory")
        # The container had no memory left, though the last reading is of some seconds before.
        assert (found.memory_used_bytes, found.memory_limit_bytes) == (8 * GIB, 8 * GIB)

    def test_no_kill_is_another_cause(self, write, run):
        write(RUN, reading(5, kills=1), session=dead())
        write(reading(60, kills=1), at=NOON + 60)
        found = run()
        assert (found.state, found.reason) == ("lost", None)
        assert found.memory_used_bytes == 79 * GIB // 10

    def test_only_the_first_reading_after_it_counts(self, write, run):
        write(RUN, reading(5, kills=1), session=dead())
        write(reading(60, kills=1), reading(3_600, kills=2), at=NOON + 3_600)
        assert run().reason is None

    def test_a_kill_on_a_machine_with_memory_left_was_somebody_elses(self, write, run):
        write(RUN, reading(5, kills=1, scope="host", percent=40.0), session=dead())
        write(reading(60, kills=2, scope="host"), at=NOON + 60)
        assert run().reason is None

    def test_a_kill_on_a_machine_whose_memory_was_nearly_full_is_the_cause(self, write, run):
        write(RUN, reading(5, kills=1, scope="host", percent=97.0), session=dead())
        write(reading(60, kills=2, scope="host"), at=NOON + 60)
        assert (run().reason, run().memory_used_bytes) == ("out_of_memory", 79 * GIB // 10)

    def test_a_reading_of_another_machine_says_nothing(self, write, run):
        write(RUN, reading(5, kills=1), session=dead()._replace(host_id="elsewhere"), at=NOON)
        write(reading(60, kills=2), at=NOON + 60)
        assert (run().state, run().reason) == ("lost", None)

    def test_a_reading_of_another_scope_says_nothing(self, write, run):
        write(RUN, reading(5, kills=1), session=dead())
        write(reading(60, kills=20, scope="host"), at=NOON + 60)
        assert run().reason is None
