"""The writer tries a file that fails as seldom as documented, whoever waits."""

from __future__ import annotations

import sqlite3

import pytest

from ipyvitals.storage.buffer import WAITING, WriteBuffer
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.session_queue import RestoreRequest, SessionQueue, WriterRequest
from ipyvitals.storage.writer import Writer
from ipyvitals.utils.notices import Notices


class FailingConnections:
    """A file that cannot be opened; counts the attempts, and raises for each."""

    replaced = False

    def __init__(self, error):
        self.attempts = 0
        self.error = error

    def open(self, *, durable):
        self.attempts += 1
        raise self.error

    def reset(self):
        pass


@pytest.fixture
def queue():
    session = Session.here("default", 0.0)
    return SessionQueue(session, WriteBuffer(WAITING), Notices(lambda: 0.0), lambda: 0.0)


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1_000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr("ipyvitals.storage.writer.time", clock)
    return clock


@pytest.fixture
def writer(tmp_path, queue, monkeypatch):
    writer = Writer(tmp_path / "history.sqlite")
    writer._connections = FailingConnections(sqlite3.OperationalError("unable to open"))
    writer._queues.append(queue)
    return writer


def attempts_in(writer, clock, seconds):
    """Return the seconds of the attempts, while something wakes the writer each 0.5 s."""
    begun, found = clock.now, []
    while clock.now < begun + seconds:
        before = writer._connections.attempts
        writer._run_cycle()
        if writer._connections.attempts > before:
            found.append(clock.now - begun)
        clock.now += 0.5
    return found


@pytest.mark.parametrize("waits", ["restore", "close", "flush"])
def test_a_caller_that_waits_gets_one_attempt_at_once_and_then_the_pauses_count(
    writer, clock, queue, waits
):
    if waits == "close":
        queue.close()
    else:
        queue.ask(RestoreRequest("churn") if waits == "restore" else WriterRequest())
    assert attempts_in(writer, clock, 50.0) == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0]


def test_each_new_request_gets_an_attempt(writer, clock, queue):
    queue.ask(RestoreRequest("churn"))
    assert attempts_in(writer, clock, 6.0) == [0.0, 1.0, 3.0]
    request = WriterRequest()
    queue.ask(request)
    assert attempts_in(writer, clock, 0.5) == [0.0]
    assert not request.wait(0.0)


def test_a_value_whose_text_exits_ends_no_thread_and_is_a_notice(writer, clock, queue):
    writer._connections.error = SystemExit("no text")
    queue.ask(WriterRequest())
    assert writer._run_cycle() == 1.0
    assert [one.code for one in queue.notices.get()] == ["store.unavailable"]
