"""Updates for the Jupyter server: changes, periodic full updates, and numbering without gaps."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from ipyvitals.events.event_log import EventLog
from ipyvitals.jupyter.broadcast import BroadcastSender
from ipyvitals.schema import (
    MetricsSection,
    ModelDeployed,
    ModelSection,
    Snapshot,
    SystemSection,
    TrainingSection,
    WorkerInfo,
)
from ipyvitals.schema.protocol import Update


class Recorder:
    """A sender whose messages are recorded, with snapshots to show."""

    def __init__(self):
        self.sent = []
        self.events = EventLog("default", lambda: self.at, lambda event: None)
        self.has_server = True
        self.sender = BroadcastSender(
            self.sent.append, self.events, interval=5.0, has_server=lambda: self.has_server
        )
        self.at = 1_000.0
        self.sections = {}

    def show(self, after=1.0, **sections):
        self.at += after
        self.sections |= sections
        before = len(self.sent)
        self.sender.show(
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
def recorder():
    return Recorder()


def sections_of(message):
    return set(message) & {
        *("model", "training", "metrics", "system", "notices", "models", "durations"),
    }


def test_the_first_message_has_everything(recorder):
    (message,) = recorder.show()

    assert message["full"]
    assert len(sections_of(message)) == 7
    assert (message["n"], message["interval"], message["closed"]) == (1, 5.0, False)


def test_then_only_what_changed(recorder):
    recorder.show()
    (message,) = recorder.show(metrics=MetricsSection(total_predictions=5))

    assert not message["full"]
    assert sections_of(message) == {"metrics"}
    assert message["n"] == 2


def test_nothing_when_nothing_changed(recorder):
    recorder.show()
    assert recorder.show() == []


def test_uptime_alone_is_no_change(recorder):
    recorder.show(model=ModelSection(uptime_seconds=1.0))
    assert recorder.show(model=ModelSection(uptime_seconds=2.0)) == []


def test_everything_every_thirty_seconds_and_when_asked(recorder):
    recorder.show()
    (message,) = recorder.show(after=30.0)
    assert message["full"]
    recorder.sender.request_full()
    (message,) = recorder.show()
    assert message["full"]


def test_a_wall_clock_set_back_does_not_stop_updates(recorder):
    recorder.show()
    (message,) = recorder.show(after=-86_400.0)
    assert message["full"]
    assert recorder.show() == []
    (message,) = recorder.show(metrics=MetricsSection(total_predictions=5))
    assert not message["full"]


def test_a_wall_clock_set_forward_does_not_stop_updates(recorder):
    recorder.show()
    (message,) = recorder.show(after=86_400.0)
    assert message["full"]
    (message,) = recorder.show(metrics=MetricsSection(total_predictions=5))
    assert not message["full"]
    (message,) = recorder.show(after=-10.0)
    assert message["full"]


def test_events_are_sent_once_and_in_order(recorder):
    recorder.deploy("a")
    (first,) = recorder.show()
    recorder.deploy("b")
    recorder.deploy("c")
    (second,) = recorder.show()

    assert [event["model_name"] for event in first["events"]] == ["a"]
    assert [event["model_name"] for event in second["events"]] == ["b", "c"]
    assert sections_of(second) == set()
    assert second["events"][0]["type"] == "model_deployed"


def test_progress_is_sent_once_a_second_and_other_events_at_once(recorder):
    recorder.show()
    assert recorder.show(after=0.1, training=TrainingSection(progress=1.0)) == []
    assert recorder.show(after=0.1, training=TrainingSection(progress=2.0)) == []
    recorder.deploy("a")
    (message,) = recorder.show(after=0.1)
    assert message["training"]["progress"] == 2.0
    assert recorder.show(after=0.5, training=TrainingSection(progress=3.0)) == []
    (message,) = recorder.show(after=0.5)
    assert message["training"]["progress"] == 3.0


def test_without_a_server_full_messages_are_sent_at_growing_intervals(recorder):
    recorder.has_server = False
    recorder.show()
    recorder.deploy("a")
    assert recorder.show(after=0.5, metrics=MetricsSection(total_predictions=5)) == []
    (message,) = recorder.show(after=0.5)
    assert message["full"]
    assert [event["model_name"] for event in message["events"]] == ["a"]
    sent_at = [recorder.at for _ in range(100) if recorder.show(after=1.0)]
    assert [b - a for a, b in pairwise(sent_at)] == [4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_reply_has_everything_and_does_not_count_as_update(recorder):
    recorder.show(system=SystemSection(cpu_percent=12.0))
    snapshot = Snapshot(monitor="default", seq=0, at=recorder.at, **recorder.sections)
    answer = recorder.sender.full(snapshot)
    (message,) = recorder.show(system=SystemSection(cpu_percent=13.0))

    assert answer.full
    assert answer.system.cpu_percent == 12.0
    assert (answer.n, message["n"]) == (1, 2)


def test_the_last_message_is_closed_and_has_the_last_values(recorder):
    recorder.show(metrics=MetricsSection(total_predictions=5))
    recorder.sender.end()

    assert recorder.sent[-1]["closed"]
    assert recorder.sent[-1]["metrics"]["total_predictions"] == 5


def test_messages_decode_as_updates(recorder):
    recorder.deploy("a")
    (message,) = recorder.show(system=SystemSection(cpu_percent=12.0))
    update = msgspec.json.decode(msgspec.json.encode(message), type=Update)

    assert update.system.cpu_percent == 12.0
    assert update.events[0].model_name == "a"


def test_the_end_is_sent_once_with_stopped_models(recorder):
    recorder.show(model=ModelSection(name="churn", status="degraded", reason="low"))
    recorder.sender.end()
    recorder.sender.end()
    (_, last) = recorder.sent

    assert (last["closed"], last["full"], last["n"]) == (True, True, 2)
    assert (last["model"]["status"], last["model"]["reason"]) == ("stopped", "Monitor closed")


def test_a_monitor_that_was_never_shown_has_no_end_to_send(recorder):
    recorder.sender.end()

    assert recorder.sent == []


def test_a_worker_that_is_only_older_is_not_sent_again(recorder):
    def heard(seconds, **fields):
        return [WorkerInfo(worker="a", name="rank 0", last_heard_seconds=seconds, **fields)]

    recorder.show(workers=heard(0.4))
    assert recorder.show(workers=heard(1.4)) == []
    (late,) = recorder.show(workers=heard(14.0, state="late"))
    assert [row["last_heard_seconds"] for row in late["workers"]] == [14.0]
    assert recorder.show(workers=heard(15.0, state="late")) == []
