"""Who holds a model: a process that lives, or one that is gone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ipyvitals.storage import ownership
from ipyvitals.storage.ownership import LEASE_SECONDS, Session, SessionOwner, alive
from tests.unit.storage.conftest import NOON

LATER = NOON + 1_000_000


def owner(session, **changes):
    facts = SessionOwner(
        session.token, NOON, None, session.pid, session.host_id, session.process_start
    )
    return facts._replace(**changes)


@pytest.fixture
def here():
    return Session.here("default", NOON)


def test_this_process_lives_however_long_it_was_silent(here):
    assert alive(owner(here), LATER)
    assert not alive(owner(here, ended_at=NOON), NOON)


def test_a_process_that_ended_is_gone_at_once(here):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process_start = ownership.start_of_process(other.pid)
    assert alive(owner(here, pid=other.pid, process_start=process_start), LATER)

    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    # Nobody asked for its exit code yet, so the system still knows it.
    assert not alive(owner(here, pid=other.pid, process_start=process_start), NOON)
    other.communicate()
    assert not alive(owner(here, pid=other.pid, process_start=process_start), NOON)


def test_a_number_that_went_to_another_process_is_gone(here):
    assert not alive(owner(here, process_start="1"), NOON)


def test_where_births_are_not_told_the_number_counts(here):
    other = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                           capture_output=True, check=True)  # fmt: skip

    assert alive(owner(here, process_start=None), LATER)
    assert not alive(owner(here, pid=int(other.stdout), process_start=None), NOON)


@pytest.mark.parametrize("host_id", ["another machine", None])
@pytest.mark.parametrize(
    ("seconds", "lives"),
    [
        (0, True),
        (LEASE_SECONDS - 1, True),
        (LEASE_SECONDS + 1, False),
        (1 - LEASE_SECONDS, True),
        (-LEASE_SECONDS - 1, False),
    ],
)
def test_elsewhere_the_heartbeat_counts_whichever_clock_is_ahead(here, host_id, seconds, lives):
    assert alive(owner(here, host_id=host_id), NOON + seconds) is lives
