"""What the panel sends to the page."""

from __future__ import annotations

import gc

import comm
import msgspec
import pytest
import traitlets
from comm.base_comm import BaseComm

from ipyvitals import FakeClock, Monitor, StatusPanel
from ipyvitals.schema import (
    PANEL_SECTIONS,
    PANEL_TRAITS,
    MetricsSection,
    ModelSection,
    Point,
    Snapshot,
    SystemSection,
    TrainingSection,
)

STRUCTS = {
    "model": ModelSection,
    "training": TrainingSection,
    "metrics": MetricsSection,
    "system": SystemSection,
}


EMPTY = Snapshot(monitor="default", seq=0, at=0.0)


class RecordedComm(BaseComm):
    """A wire whose messages are kept."""

    sent: list

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((msg_type, data))


@pytest.fixture
def sent(monkeypatch):
    """Return the messages so far, oldest first."""
    messages = []

    def create(*args, **kwargs):
        wire = RecordedComm.__new__(RecordedComm)
        wire.sent = messages
        wire.__init__(*args, **kwargs)
        return wire

    monkeypatch.setattr(comm, "create_comm", create)
    return messages


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def monitor(clock, sent):
    monitor = Monitor("churn", version="2.1", interval=None, clock=clock)
    yield monitor
    monitor.close()


def updates(sent):
    return [
        data["state"]
        for kind, data in sent
        if kind == "comm_msg" and data.get("method") == "update" and data["state"]
    ]


def opened(sent, panel):
    """Return the state that the panel began with."""
    states = [data["state"] for kind, data in sent if kind == "comm_open"]
    return next(state for state in states if state.get("_anywidget_id", "").endswith("StatusPanel"))


def test_a_new_panel_brings_everything(monitor, sent):
    monitor.record_batch([1, 1], [1, 0])
    monitor.tick()
    state = opened(sent, monitor.panel())

    assert state["monitor"] == "default"
    assert state["model"]["name"] == "churn"
    assert state["metrics"]["current_accuracy"] == 0.5
    assert state["history"]["current_accuracy"] == [0.5]
    assert set(state["history"]) == set(Point.__struct_fields__)
    for name, section in STRUCTS.items():
        assert set(state[name]) == set(section.__struct_fields__)


def test_the_traits_are_those_that_the_page_reads():
    traits = StatusPanel.class_own_traits(sync=True)
    own = {name: trait for name, trait in traits.items() if not name.startswith("_")}

    assert set(own) == set(PANEL_TRAITS)
    for name in PANEL_SECTIONS:
        empty = [] if isinstance(own[name], traitlets.List) else {}
        assert type(msgspec.to_builtins(getattr(EMPTY, name))) is type(empty), name


def test_only_what_changed_travels_and_in_one_message(monitor, sent, clock):
    monitor.panel()
    monitor.tick()
    sent.clear()
    clock.advance(1)
    monitor.record(1, 1)
    monitor.flush()

    (update,) = updates(sent)
    assert set(update) == {"at", "model", "metrics"}
    assert update["at"] == clock.time()
    assert update["metrics"]["total_predictions"] == 1


def test_of_several_models_those_that_changed_travel(monitor, sent, clock):
    monitor.panel()
    monitor.tick()
    monitor.deploy("churn", version="2.2")
    sent.clear()
    monitor.flush()
    (first,) = updates(sent)
    assert len(first["models"]) == 2

    sent.clear()
    clock.advance(1)
    monitor.record(1, 1)
    monitor.flush()
    (then,) = updates(sent)
    assert [(row["version"], row["total_predictions"]) for row in then["models"]] == [("2.2", 1)]


def test_nothing_travels_when_nothing_changed(monitor, sent, clock):
    monitor.panel()
    monitor.flush()
    sent.clear()
    for _ in range(20):
        clock.advance(1)
        monitor.flush()

    assert updates(sent) == []


class TestBeat:
    @pytest.fixture
    def heartbeat(self, monitor, sent, clock):
        """Let seconds pass; return the states that were sent meanwhile."""
        monitor._engine.watch(StatusPanel(monitor._engine, interval=5.0))
        monitor.flush()

        def pass_seconds(seconds, wall=None):
            sent.clear()
            for _ in range(seconds):
                clock.advance(1)
                if wall is not None:
                    clock.set_wall(clock.time() + wall)
                    wall = None
                monitor.flush()
            return updates(sent)

        return pass_seconds

    def test_the_page_hears_within_the_interval_though_nothing_changed(self, heartbeat, clock):
        assert [set(state) for state in heartbeat(20)] == [{"at"}] * 4

    @pytest.mark.parametrize("hours", [-10, -1, 1, 10])
    def test_a_clock_set_anew_stops_no_beat(self, heartbeat, clock, hours):
        states = heartbeat(20, wall=hours * 3_600)
        assert len(states) == 4
        assert states[0]["at"] == pytest.approx(clock.time(), abs=20)

    def test_a_clock_set_back_by_a_moment_delays_a_beat_by_no_more(self, heartbeat):
        heartbeat(4)
        assert len(heartbeat(6, wall=-2)) == 1


def test_the_history_travels_once(monitor, sent, clock):
    monitor.panel()
    sent.clear()
    for _ in range(5):
        clock.advance(1)
        monitor.record(1, 1)
        monitor.flush()

    assert len(updates(sent)) == 5
    assert all("history" not in update for update in updates(sent))


def test_a_view_that_comes_late_gets_what_is_known_now(monitor, sent, clock):
    panel = monitor.panel()
    sent.clear()
    clock.advance(1)
    monitor.flush()
    monitor.record_batch([1] * 4, [1, 1, 1, 0])
    # What JupyterLab sends after a reload of the page.
    panel.comm.handle_msg({"content": {"data": {"method": "request_state"}}, "buffers": []})

    state = updates(sent)[-1]
    assert state["metrics"]["current_accuracy"] == 0.75
    assert len(state["history"]["at"]) == 1


def test_training_reaches_the_panel(monitor, sent):
    monitor.panel()
    with monitor.training(total=4, stage="Fit") as run:
        run.update(1, loss=0.5)
        monitor.tick()

    training = next(update["training"] for update in updates(sent) if "training" in update)
    assert (training["stage"], training["progress"]) == ("Fit", 25.0)
    assert training["metrics"] == {"loss": 0.5}


def test_a_metric_that_is_no_number_is_unknown(monitor, sent):
    with monitor.training() as run:
        run.update(loss=float("nan"))
    monitor.panel()
    state = opened(sent, monitor.panel())

    assert state["training"]["metrics"] == {"loss": None}
    assert state["notices"][0]["code"] == "training.not_finite"


def test_what_goes_wrong_is_shown(monitor, sent):
    monitor.panel()
    monitor.label("nobody", 1)
    monitor.flush()

    (notice,) = updates(sent)[-1]["notices"]
    assert (notice["code"], notice["count"]) == ("labels.unknown", 1)


def test_the_same_panel_each_time(monitor):
    assert monitor.panel() is monitor.panel()


def test_the_end_is_shown(monitor, sent):
    monitor.panel()
    monitor.record(1, 1)
    monitor.close()

    assert updates(sent)[-1] == {"closed": True}
    assert updates(sent)[-2]["model"]["status"] == "stopped"


def test_a_monitor_that_nobody_holds_closes_its_panel(sent):
    monitor = Monitor("m", interval=None)
    panel = monitor.panel()
    del monitor
    gc.collect()

    assert panel.closed
    # Still answers with the last values.
    assert panel.get_state()["model"]["name"] == "m"


def test_a_panel_that_cannot_send_is_counted_and_harms_nobody(monitor, monkeypatch):
    panel = monitor.panel()

    def fail(*args, **kwargs):
        raise OSError("socket closed")

    monkeypatch.setattr(panel.comm, "publish_msg", fail)
    monitor.record(1, 1)
    monitor.tick()
    monitor.close()

    (notice,) = monitor.snapshot().notices
    assert (notice.code, notice.count) == ("views.failed", 3)
    assert monitor.snapshot().metrics.total_predictions == 1


def test_nothing_flows_back(monitor, sent):
    panel = monitor.panel()
    panel.comm.handle_msg(
        {
            "content": {
                "data": {"method": "update", "state": {"model": {"name": "x"}}, "buffer_paths": []}
            },
            "buffers": [],
        }
    )
    monitor.record(1, 1)
    monitor.flush()

    assert monitor.snapshot().model.name == "churn"
    assert panel.get_state()["model"]["name"] == "churn"


def test_a_terminal_gets_text(monitor):
    assert monitor._repr_mimebundle_() == {"text/plain": repr(monitor)}


def test_marimo_gets_the_panel(monitor):
    assert monitor._display_() is monitor.panel()


def test_an_ipykernel_that_cannot_update_from_threads_is_named(monitor, monkeypatch):
    import ipykernel

    monkeypatch.setattr(ipykernel, "__version__", "7.0.1")
    monitor.panel()

    (notice,) = monitor.snapshot().notices
    assert notice.code == "panel.ipykernel"
