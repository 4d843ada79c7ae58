"""Rows wait, within bounds, until they are written."""

from __future__ import annotations

from ipyvitals.schema import ModelDeployed, SystemSection
from ipyvitals.storage.buffer import IN_MEMORY, WAITING, WriteBuffer
from ipyvitals.storage.rows import ProgressRow, RunRow, SystemRow
from tests.unit.storage.conftest import NOON


def reading(at):
    return SystemRow(at, SystemSection())


def event(seq):
    return ModelDeployed(
        monitor="m", seq=seq, at=NOON, model_id="m", model_name="m", model_version=None,
        deployment_timestamp=NOON,
    )  # fmt: skip


def run(number, step):
    return RunRow(number, NOON, None, "Fit", "running", step, None, "", {})


def test_rows_stay_until_they_are_confirmed():
    buffer = WriteBuffer(WAITING)
    for at in range(5):
        buffer.put(reading(at))
    buffer.put(event(1))

    first = buffer.take(3)
    assert (first.rows, first.last) == ([reading(0), reading(1), reading(2)], False)
    assert buffer.take(3).rows == first.rows
    buffer.confirm(first)
    second = buffer.take(3)

    assert (second.rows, second.last) == ([reading(3), reading(4), event(1)], True)
    buffer.confirm(second)
    assert (len(buffer), buffer.rows()) == (0, [])


def test_reports_of_runs_come_back_as_they_were_whatever_their_names_are():
    rows = [
        ProgressRow(1, 1, NOON, "Fit", "running", 7, None, {"loss": 0.1, "train/acc": None}),
        ProgressRow(1, 2, NOON, "Fit", "running", None, 10, {"\ud800": 0.1 + 0.2}),
        ProgressRow(1, 3, NOON, "Fit", "running", 2**70, 10, {"": -5e-324}),
    ]
    buffer = WriteBuffer(WAITING)
    for row in rows:
        buffer.put(row)
    assert buffer.take(10).rows == buffer.rows() == rows


def report(n, step, metrics):
    return ProgressRow(n % 3, n, NOON + 0.1 * n, "Fit", "running", step, None, metrics)


def test_many_reports_of_several_runs_come_back_in_order_exactly_as_they_were():
    odd = {
        7: report(7, 2**70, {"loss": 0.1}),
        120: report(120, None, {"\ud800": 0.1 + 0.2}),
        230: report(230, -3, {"loss": None, "": -5e-324}),
    }
    rows = [odd.get(n, report(n, n, {"loss": 1.0 / (n + 1)})) for n in range(350)]
    buffer = WriteBuffer(WAITING)
    for row in rows:
        buffer.put(row)
    assert buffer.rows() == rows

    taken = []
    for _ in range(4):
        batch = buffer.take(90)
        buffer.confirm(batch)
        taken += batch.rows
    assert (taken, batch.last) == (rows, True)
    assert len(buffer) == 0


def test_the_oldest_reports_make_room_also_while_some_are_written():
    rows = [report(n, n, {"loss": 0.5}) for n in range(400)]
    buffer = WriteBuffer({**WAITING, ProgressRow: 150})
    for row in rows[:150]:
        buffer.put(row)
    batch = buffer.take(130)
    for row in rows[150:]:
        buffer.put(row)
    buffer.confirm(batch)
    assert (buffer.rows(), buffer.take_dropped()) == (rows[-150:], 250)


def test_reports_of_a_removed_run_are_gone():
    buffer = WriteBuffer(WAITING)
    for n in range(250):
        buffer.put(report(n, n, {"loss": 0.5}))
    buffer.remove_run(1)
    assert [row.n for row in buffer.rows()] == [n for n in range(250) if n % 3 != 1]


def test_the_oldest_of_a_kind_make_room():
    buffer = WriteBuffer({**WAITING, SystemRow: 3})
    buffer.put(event(1))
    for at in range(5):
        buffer.put(reading(at))

    assert buffer.rows() == [reading(2), reading(3), reading(4), event(1)]
    assert (buffer.take_dropped(), buffer.take_dropped()) == (2, 0)


def test_rows_that_leave_while_they_are_written_are_not_confirmed_twice():
    buffer = WriteBuffer({**WAITING, SystemRow: 3})
    for at in range(3):
        buffer.put(reading(at))
    batch = buffer.take(10)
    for at in range(3, 5):
        buffer.put(reading(at))

    buffer.confirm(batch)

    assert buffer.rows() == [reading(3), reading(4)]


def test_how_a_run_stands_takes_the_place_of_how_it_stood():
    buffer = WriteBuffer(IN_MEMORY)
    for row in (run(1, 1), run(1, 2), run(2, 1)):
        buffer.put(row)
    assert buffer.rows() == [run(1, 2), run(2, 1)]

    batch = buffer.take(10)
    buffer.put(run(2, 2))
    buffer.confirm(batch)

    assert buffer.rows() == [run(2, 2)]
