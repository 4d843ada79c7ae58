"""Who holds a model: a process that lives, or one that is gone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ipyvitals.storage import ownership
from ipyvitals.storage.ownership import LEASE_SECONDS, Holder, Session, alive
from tests.unit.storage.conftest import NOON

LATER = NOON + 1_000_000


def holder(session, **changes):
    facts = Holder(session.token, NOON, None, session.pid, session.place, session.born)
    return facts._replace(**changes)


@pytest.fixture
def here():
    return Session.here("default", NOON)


def test_this_process_lives_however_long_it_was_silent(here):
    assert alive(holder(here), LATER)
    assert not alive(holder(here, ended_at=NOON), NOON)


def test_a_process_that_ended_is_gone_at_once(here):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = ownership._birth_of(other.pid)
    assert alive(holder(here, pid=other.pid, born=born), LATER)

    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    # Nobody asked for its exit code yet, so the system still knows it.
    assert not alive(holder(here, pid=other.pid, born=born), NOON)
    other.communicate()
    assert not alive(holder(here, pid=other.pid, born=born), NOON)


def test_a_number_that_went_to_another_process_is_gone(here):
    assert not alive(holder(here, born="1"), NOON)


def test_where_births_are_not_told_the_number_counts(here):
    other = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                           capture_output=True, check=True)  # fmt: skip

    assert alive(holder(here, born=None), LATER)
    assert not alive(holder(here, pid=int(other.stdout), born=None), NOON)


@pytest.mark.parametrize("place", ["another machine", None])
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
def test_elsewhere_the_heartbeat_counts_whichever_clock_is_ahead(here, place, seconds, lives):
    assert alive(holder(here, place=place), NOON + seconds) is lives
