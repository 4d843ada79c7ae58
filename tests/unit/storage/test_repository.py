"""Each session writes for itself; a model is held by one living process at a time."""

from __future__ import annotations

import msgspec
import pytest

from ipyvitals import open_store
from ipyvitals.schema import SystemSection
from ipyvitals.storage.files import open_for_writing
from ipyvitals.storage.ownership import Session
from ipyvitals.storage.repository import SessionRepository
from ipyvitals.storage.rows import StateRow, SystemRow
from ipyvitals.storage.schema import transaction
from tests.unit.storage.conftest import NOON


@pytest.fixture
def connection(path):
    opened = open_for_writing(path)
    yield opened
    opened.close()


@pytest.fixture
def begin(connection):
    """Begin a session that lives, or is that of a process that does not."""

    def repository(monitor="default", *, gone=False, at=NOON):
        session = Session.here(monitor, at)
        if gone:
            session = session._replace(process_start="1")
        with transaction(connection):
            return SessionRepository(connection, session, at)

    return repository


def state(model_id="churn", head=b"head", body=None, **changes):
    row = StateRow(NOON, model_id, "churn", "2.1", None, NOON, "active", 7, 0.9, head, body, None)
    return msgspec.structs.replace(row, **changes)


def slots(path):
    with open_store(path) as store:
        return [(one.slot, one.live) for one in store.models()]


def test_a_new_session_goes_on_with_what_the_last_one_left(begin):
    first = begin(gone=True)
    assert first.claim("churn", NOON) is None
    first.save(state(body=b"body", reference=b"reference"), NOON)
    first.save(state(head=b"newer"), NOON)

    found = begin().claim("churn", NOON)

    assert tuple(found) == (b"newer", b"body", b"reference", [], NOON)


def test_it_goes_on_at_once_after_an_orderly_end(begin):
    first = begin()
    first.claim("churn", NOON)
    first.save(state(), NOON)
    first.end(NOON + 1)

    assert begin().claim("churn", NOON + 2).head == b"head"


def test_two_that_live_count_for_themselves(begin, path):
    first, second = begin(), begin()
    first.claim("churn", NOON)
    first.save(state(head=b"first"), NOON)

    assert second.claim("churn", NOON) is None
    second.save(state(head=b"second"), NOON)
    assert slots(path) == [(1, True), (2, True)]

    # Later the first slot is there for whoever comes first.
    first.end(NOON)
    second.end(NOON)
    third, fourth = begin(), begin()
    assert third.claim("churn", NOON).head == b"first"
    assert fourth.claim("churn", NOON).head == b"second"
    assert begin().claim("churn", NOON) is None


def test_monitors_of_other_names_and_other_models_are_apart(begin):
    first = begin(gone=True)
    first.claim("churn", NOON)
    first.save(state(), NOON)

    assert begin("other").claim("churn", NOON) is None
    assert begin().claim("rival", NOON) is None


def test_who_lost_a_model_goes_on_in_a_slot_of_its_own(begin, path):
    first = begin(gone=True)
    first.claim("churn", NOON)
    first.save(state(head=b"early"), NOON)
    second = begin()
    assert second.claim("churn", NOON).head == b"early"

    # It was not gone after all.
    first.save(state(head=b"first"), NOON)
    second.save(state(head=b"second"), NOON)
    first.save(state(head=b"first again"), NOON)

    assert len(slots(path)) == 2
    second.end(NOON)
    assert begin().claim("churn", NOON).head == b"second"


def test_a_session_keeps_its_slot(begin, connection):
    first, second = begin(), begin()
    first.claim("churn", NOON)
    second.claim("churn", NOON)
    first.end(NOON)
    with transaction(connection):
        again = SessionRepository(connection, second._session, NOON)

    again.claim("churn", NOON)
    again.save(state(head=b"second"), NOON)

    assert begin().claim("churn", NOON) is None
    again.end(NOON)
    assert begin().claim("churn", NOON).head == b"second"


def test_rows_alone_hold_a_model_too(begin, figures, path):
    begin(gone=True).write([figures(0)], NOON)
    begin().write([figures(1)], NOON)
    begin().write([figures(2)], NOON)

    assert slots(path) == [(1, True), (2, True)]


def test_the_points_behind_the_charts_have_the_loads_of_then(begin, figures):
    first = begin(gone=True)
    loads = [SystemRow(NOON + at, SystemSection(cpu_percent=float(at))) for at in (1, 5)]
    rows = [figures(at, current_accuracy=at / 10, predictions_per_minute=at) for at in range(8)]
    first.write([*rows, *loads], NOON)
    first.save(state(), NOON)

    points = begin().claim("churn", NOON).points

    assert [point.at for point in points] == [NOON + at for at in range(8)]
    assert [point.cpu_percent for point in points] == [None, 1, 1, 1, 1, 5, 5, 5]
    assert points[-1].current_accuracy == 0.7


def test_a_clock_that_was_set_back_tells_a_moment_twice(begin, figures, history):
    repository = begin()
    repository.write([figures(0, total_predictions=1), figures(-60, total_predictions=2)], NOON)
    repository.write([figures(0, total_predictions=3)], NOON)

    assert history()["total_predictions"].to_list() == [2, 3]
