"""What the Jupyter server hears: what changed, all of it now and then, with no gap unnoticed."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from ipyvitals.events.event_log import EventLog
from ipyvitals.jupyter.broadcast import Broadcast
from ipyvitals.schema import (
    MetricsSection,
    ModelDeployed,
    ModelSection,
    Snapshot,
    SystemSection,
    TrainingSection,
)
from ipyvitals.schema.protocol import Update


class Wire:
    """A broadcast whose messages are kept, and the snapshots that it is shown."""

    def __init__(self):
        self.sent = []
        self.events = EventLog("default", lambda: self.at, lambda event: None)
        self.served = True
        self.broadcast = Broadcast(
            self.sent.append, self.events, interval=5.0, served=lambda: self.served
        )
        self.at = 1_000.0
        self.sections = {}

    def show(self, after=1.0, **sections):
        self.at += after
        self.sections |= sections
        before = len(self.sent)
        self.broadcast.show(
            Snapshot(monitor="default", seq=self.events.seq, at=self.at, **self.sections)
        )
        return self.sent[before:]

    def deploy(self, name):
        self.events.emit(
            ModelDeployed,
            model_id=name,
            model_name=name,
            model_version=None,
            deployment_timestamp=self.at,
        )


@pytest.fixture
def wire():
    return Wire()


def sections_of(message):
    return set(message) & {
        *("model", "training", "metrics", "system", "notices", "models", "durations"),
    }


def test_the_first_message_has_everything(wire):
    (message,) = wire.show()

    assert message["full"]
    assert len(sections_of(message)) == 7
    assert (message["n"], message["interval"], message["closed"]) == (1, 5.0, False)


def test_then_only_what_changed(wire):
    wire.show()
    (message,) = wire.show(metrics=MetricsSection(total_predictions=5))

    assert not message["full"]
    assert sections_of(message) == {"metrics"}
    assert message["n"] == 2


def test_nothing_when_nothing_changed(wire):
    wire.show()
    assert wire.show() == []


def test_uptime_moves_by_itself(wire):
    wire.show(model=ModelSection(uptime_seconds=1.0))
    assert wire.show(model=ModelSection(uptime_seconds=2.0)) == []


def test_everything_every_thirty_seconds_and_when_asked(wire):
    wire.show()
    (message,) = wire.show(after=30.0)
    assert message["full"]
    wire.broadcast.ask_full()
    (message,) = wire.show()
    assert message["full"]


def test_a_wall_clock_set_back_harms_nothing(wire):
    wire.show()
    (message,) = wire.show(after=-86_400.0)
    assert message["full"]
    assert wire.show() == []
    (message,) = wire.show(metrics=MetricsSection(total_predictions=5))
    assert not message["full"]


def test_a_wall_clock_set_forward_harms_nothing_either(wire):
    wire.show()
    (message,) = wire.show(after=86_400.0)
    assert message["full"]
    (message,) = wire.show(metrics=MetricsSection(total_predictions=5))
    assert not message["full"]
    (message,) = wire.show(after=-10.0)
    assert message["full"]


def test_events_travel_once_and_in_order(wire):
    wire.deploy("a")
    (first,) = wire.show()
    wire.deploy("b")
    wire.deploy("c")
    (second,) = wire.show()

    assert [event["model_name"] for event in first["events"]] == ["a"]
    assert [event["model_name"] for event in second["events"]] == ["b", "c"]
    assert sections_of(second) == set()
    assert second["events"][0]["type"] == "model_deployed"


def test_progress_travels_once_a_second_and_what_happened_at_once(wire):
    wire.show()
    assert wire.show(after=0.1, training=TrainingSection(progress=1.0)) == []
    assert wire.show(after=0.1, training=TrainingSection(progress=2.0)) == []
    wire.deploy("a")
    (message,) = wire.show(after=0.1)
    assert message["training"]["progress"] == 2.0
    assert wire.show(after=0.5, training=TrainingSection(progress=3.0)) == []
    (message,) = wire.show(after=0.5)
    assert message["training"]["progress"] == 3.0


def test_where_no_server_listens_full_messages_are_sent_less_and_less_often(wire):
    wire.served = False
    wire.show()
    wire.deploy("a")
    assert wire.show(after=0.5, metrics=MetricsSection(total_predictions=5)) == []
    (message,) = wire.show(after=0.5)
    assert message["full"]
    assert [event["model_name"] for event in message["events"]] == ["a"]
    sent_at = [wire.at for _ in range(100) if wire.show(after=1.0)]
    assert [b - a for a, b in pairwise(sent_at)] == [4.0, 8.0, 16.0, 30.0, 30.0]


def test_an_answer_has_everything_and_is_no_update(wire):
    wire.show(system=SystemSection(cpu_percent=12.0))
    snapshot = Snapshot(monitor="default", seq=0, at=wire.at, **wire.sections)
    answer = wire.broadcast.full(snapshot)
    (message,) = wire.show(system=SystemSection(cpu_percent=13.0))

    assert answer.full
    assert answer.system.cpu_percent == 12.0
    assert (answer.n, message["n"]) == (1, 2)


def test_the_end_is_told_with_the_last_values(wire):
    wire.show(metrics=MetricsSection(total_predictions=5))
    wire.broadcast.end()

    assert wire.sent[-1]["closed"]
    assert wire.sent[-1]["metrics"]["total_predictions"] == 5


def test_messages_are_read_by_the_other_side(wire):
    wire.deploy("a")
    (message,) = wire.show(system=SystemSection(cpu_percent=12.0))
    update = msgspec.json.decode(msgspec.json.encode(message), type=Update)

    assert update.system.cpu_percent == 12.0
    assert update.events[0].model_name == "a"
