"""A live comparison: runs that go on and new ones are drawn, and little travels."""

from __future__ import annotations

import gc
import weakref

import comm
import pytest
from comm.base_comm import BaseComm

from ipyvitals import ArgumentTypeError, ArgumentValueError, FakeClock, Monitor, compare, open_store
from ipyvitals.charts import live_comparison as live_module
from ipyvitals.charts.palette import PALETTES


class Wire(BaseComm):
    sent: list

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((data, sum(memoryview(one).nbytes for one in buffers or ())))


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Return what went to pages; drawing takes no time, so that each second is drawn."""
    messages = []

    def create(*args, **kwargs):
        wire = Wire.__new__(Wire)
        wire.sent = messages
        wire.__init__(*args, **kwargs)
        return wire

    monkeypatch.setattr(comm, "create_comm", create)
    monkeypatch.setattr(live_module, "thread_time", lambda: 0.0)
    return messages


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def monitor(clock, tmp_path):
    with Monitor("churn", interval=None, clock=clock, store=tmp_path / "h.sqlite") as monitor:
        yield monitor


def lines(figure):
    return {
        (one.name, one.yaxis): list(map(float, one.y)) for one in figure.data if one.type != "table"
    }


def legend(figure):
    return [one.name for one in figure.data if one.type != "table" and one.showlegend]


def test_a_run_is_drawn_while_it_goes_on_and_so_is_the_next_one(monitor, clock):
    figure = compare(monitor, live=True)
    assert (lines(figure), figure.layout.xaxis.visible) == ({}, False)

    with monitor.training(5, name="first") as run:
        run.update(1, loss=0.9)
        clock.advance(1)
        monitor.tick()
        assert lines(figure) == {("first", "y"): [0.9]}
        assert figure.layout.xaxis.visible is None
        run.update(2, loss=0.5)
        clock.advance(1)
        monitor.tick()
        assert lines(figure) == {("first", "y"): [0.9, 0.5]}
        assert {one.mode for one in figure.data if one.type != "table"} == {"lines"}
    with monitor.training(5, name="second") as run:
        run.update(1, loss=0.8, accuracy=0.5)
        clock.advance(1)
        monitor.tick()

    assert legend(figure) == ["first", "second"]
    assert lines(figure)["second", "y2"] == [0.5]
    assert "live" in figure.layout.title.text
    figure.close()


def test_runs_of_the_history_stay_beside_those_that_go_on(monitor, clock):
    with monitor.training(2, name="before") as run:
        run.update(1, loss=3.0)
        run.update(2, loss=2.0)
    figure = compare(monitor, live=True)
    with monitor.training(2, name="now") as run:
        run.update(1, loss=2.5)
    clock.advance(1)
    monitor.tick()

    assert lines(figure) == {("before", "y"): [3.0, 2.0], ("now", "y"): [2.5]}
    (table,) = [one for one in figure.data if one.type == "table"]
    assert list(table.cells["values"][1]) == ["completed", "completed"]
    figure.close()


def test_conditions_names_and_metrics_hold_for_runs_that_come_later(monitor, clock):
    tagged = compare(monitor, live=True, tag="good", table=False)
    named = compare({"A": monitor}, live=True, metrics="loss", table=False)
    for name, tags in (("one", ["good"]), ("two", [])):
        with monitor.training(2, name=name, tags=tags) as run:
            run.update(1, loss=1.0, lr=0.1)
    clock.advance(1)
    monitor.tick()

    assert legend(tagged) == ["one"]
    assert legend(named) == ["A, one", "A, two"]
    assert {axis for _, axis in lines(named)} == {"y"}
    tagged.close()
    named.close()


def test_only_values_travel_and_nothing_where_nothing_happens(monitor, clock, sent):
    figure = compare(monitor, live=True, template="dark", table=False)
    with monitor.training(1_000, name="long") as run:
        for step in range(1, 301):
            run.update(step, loss=1.0 / step)
        for _ in range(2):
            run.update(advance=1, loss=0.001)
            clock.advance(1)
            monitor.tick()
        sent.clear()
        run.update(advance=1, loss=0.001)
        clock.advance(1)
        monitor.tick()
        assert 0 < sum(size for _, size in sent) < 10_000
    clock.advance(1)
    monitor.tick()
    sent.clear()
    clock.advance(1)
    monitor.tick()

    assert sent == []
    assert figure.data[0].line.color == PALETTES["dark"].accent
    figure.close()


def test_a_figure_that_is_closed_is_fed_no_more_and_keeps_no_monitor(clock):
    other = Monitor("churn", name="other", interval=None, clock=clock)
    figure = compare(other, live=True)
    figure.close()
    other.tick()
    assert not other._engine._publisher.watched

    figure = compare(other, live=True)
    gone = weakref.ref(other)
    del other
    gc.collect()
    assert gone() is None
    figure.close()


def test_it_needs_a_monitor(monitor, tmp_path, training):
    with monitor.training(1) as run:
        run.update(1, loss=1.0)
    monitor.flush()
    for other in (open_store(tmp_path / "h.sqlite"), training({"a": {"loss": [3.0]}}), []):
        with pytest.raises(ArgumentValueError, match="expected a Monitor"):
            compare(other, live=True)
    with pytest.raises(ArgumentTypeError, match="live='yes'"):
        compare(monitor, live="yes")
