"""A live figure: what it draws, what it sends, and when it ends."""

from __future__ import annotations

import gc
import weakref

import comm
import numpy as np
import pytest
from comm.base_comm import BaseComm

from ipyvitals import FakeClock, Monitor
from ipyvitals.charts import live as live_module
from ipyvitals.charts.live import live_timeline
from ipyvitals.charts.palette import PALETTES
from ipyvitals.charts.timeline import timeline
from ipyvitals.charts.times import PIXELS
from ipyvitals.schema import MetricsSection, ModelSection, Snapshot, SystemSection
from tests.unit.tables import START


class Wire(BaseComm):
    sent: list

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.sent.append((data, sum(memoryview(one).nbytes for one in buffers or ())))


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Return what went to pages: each message, and the bytes of its buffers."""
    messages = []

    def create(*args, **kwargs):
        wire = Wire.__new__(Wire)
        wire.sent = messages
        wire.__init__(*args, **kwargs)
        return wire

    monkeypatch.setattr(comm, "create_comm", create)
    return messages


def snapshot(second, *, accuracy=0.95, status="active", version="1", cpu=40.0):
    low, high = (None, None) if accuracy is None else (accuracy - 0.05, accuracy + 0.02)
    return Snapshot(
        monitor="default",
        seq=0,
        at=START + second,
        model=ModelSection(
            model_id=f"churn-{version}",
            name="churn",
            version=version,
            status=status,
            deployed_at=START + 60 * int(version),
        ),
        metrics=MetricsSection(
            current_accuracy=accuracy,
            accuracy_low=low,
            accuracy_high=high,
            accuracy_threshold=0.85,
            predictions_per_minute=60,
            window_labelled=100,
            latency_p95_seconds=0.012,
        ),
        system=SystemSection(cpu_percent=cpu),
    )


@pytest.fixture
def begin(metrics, system, models):
    """Start a live figure after so many seconds of history."""

    def start(seconds=100):
        made = timeline(
            metrics(range(seconds)),
            system(range(0, seconds, 5)),
            models((0, "churn-1", "churn", "1", None)),
            template="light",
        )
        return live_timeline(made, snapshot(seconds))

    return start


@pytest.fixture(autouse=True)
def _instant_drawing(monkeypatch):
    """Let drawing take no time, so that the figure is redrawn each second on any machine."""
    monkeypatch.setattr(live_module, "thread_time", lambda: 0.0)


def line(figure, name):
    (found,) = [one for one in figure.data if one.name == name]
    return found


def seconds(trace):
    return (np.asarray(trace.x) / 1000 - START).tolist()


def test_new_points_are_at_the_end_of_each_line(begin):
    figure, live = begin()
    for second in (101, 102, 103):
        live.show(snapshot(second, accuracy=0.9 - second / 1000, cpu=second))

    accuracy = line(figure, "Accuracy")
    assert seconds(accuracy) == [float(second) for second in range(104)]
    assert list(accuracy.y)[-4:] == pytest.approx([0.95, 0.799, 0.798, 0.797])
    assert accuracy.customdata[-1] == "79.7 % (74.7–81.7 %, last 100) · Live"
    assert list(line(figure, "CPU").y)[-4:] == [40.0, 101.0, 102.0, 103.0]
    assert line(figure, "p95").y[-1] == pytest.approx(12.0)
    assert accuracy.line.color == PALETTES["light"].accent
    assert seconds(line(figure, "95 % interval"))[103] == 103.0


def test_what_is_not_known_is_a_gap(begin):
    figure, live = begin()
    live.show(snapshot(101, accuracy=None))
    live.show(snapshot(102))

    assert np.isnan(line(figure, "Accuracy").y).tolist() == [False] * 101 + [True, False]


def test_points_travel_in_batches_of_a_second(begin, sent):
    figure, live = begin()
    before = len(sent)
    for tenth in range(1, 10):
        live.show(snapshot(100 + tenth / 10))
    assert len(sent) == before

    live.show(snapshot(101))
    assert len(sent) > before
    assert seconds(line(figure, "CPU"))[-2:] == pytest.approx([100.9, 101.0])


def test_a_figure_that_is_slow_to_draw_is_redrawn_less_often(begin, sent, monkeypatch):
    _, live = begin()
    times = iter(np.arange(0.0, 100.0, 0.2).tolist())
    monkeypatch.setattr(live_module, "thread_time", lambda: next(times))
    drawn = []
    for second in range(101, 113):
        before = len(sent)
        live.show(snapshot(second))
        drawn += [second] if len(sent) > before else []

    # 0.2 s are 5 % of 4 s.
    assert drawn == [101, 105, 109]


def test_it_stays_small_however_long_it_runs(begin, sent, monkeypatch):
    monkeypatch.setattr(live_module, "BATCH_SECONDS", 60.0)
    monkeypatch.setattr(live_module, "MOST_ROWS", 5_000)
    figure, live = begin(2 * PIXELS)
    for second in range(2 * PIXELS + 1, 8_000):
        live.show(snapshot(second, cpu=97.0 if second == 7_777 else float(second % 7)))
        if second == 7_900:
            sent.clear()

    assert max(len(one.x) for one in figure.data if one.x is not None) <= 4 * PIXELS + 10
    assert sum(size for _, size in sent) < 400_000
    # The oldest rows have left, and no spike has.
    assert 2_500 < seconds(line(figure, "CPU"))[0] < 3_500
    assert max(line(figure, "CPU").y) == 97.0


def test_with_a_model_id_only_the_time_in_which_that_model_is_active_is_drawn(
    metrics, system, models
):
    made = timeline(
        metrics(range(10)), system(range(10)), models(), model_id="churn-1", template="light"
    )
    figure, live = live_timeline(made, snapshot(10))
    live.show(snapshot(11, version="2"))
    live.show(snapshot(12, version="2"))

    # The last value of the model holds; that of the other model is not drawn.
    assert set(line(figure, "Accuracy").y) == {0.95}
    assert seconds(line(figure, "CPU"))[-1] == 12.0


def test_a_new_status_and_a_new_model_are_marked(begin):
    figure, live = begin()
    before = len(figure.layout.shapes)
    for second in range(101, 111):
        live.show(snapshot(second, status="degraded"))
    live.show(snapshot(111, version="2"))

    band, line = figure.layout.shapes[before - 1], figure.layout.shapes[-1]
    bands = [one for one in figure.layout.shapes if one.type == "rect"]
    assert [one.fillcolor for one in bands] == [PALETTES["light"].warn]
    assert str(bands[0].x1)[:19] == "2026-01-02 03:05:55"
    assert (line.type, str(line.x0)[:19]) == ("line", "2026-01-02 03:05:56")
    assert "churn 2" in [one.text for one in figure.layout.annotations]
    assert band is not None
    # The headings are still there.
    assert sum(one.text.startswith("<b>") for one in figure.layout.annotations) == 4


def test_marks_are_sent_only_when_they_change(begin, sent):
    _, live = begin()
    live.show(snapshot(101))
    before = len(sent)
    live.show(snapshot(102))

    said = [data["state"].get("_py2js_update") for data, _ in sent[before:]]
    assert [one["layout_data"] for one in said if one] == [{}]


def test_a_figure_that_is_closed_or_gone_is_fed_no_more(begin):
    figure, live = begin()
    assert live.show(snapshot(101)) is True
    figure.close()
    assert live.show(snapshot(102)) is False


def test_it_begins_from_nothing(metrics, system, models):
    made = timeline(metrics([]), system([]), models(), template="light")
    figure, live = live_timeline(made, snapshot(0))
    live.show(snapshot(1))

    assert seconds(line(figure, "Accuracy")) == [0.0, 1.0]
    assert {one.mode for one in figure.data} == {"lines"}
    assert figure.layout.xaxis.range is None
    assert figure.layout.xaxis.visible
    assert figure.layout.yaxis4.visible
    assert ">live<" in figure.layout.title.text


@pytest.fixture
def clock():
    return FakeClock(time=START + 100)


@pytest.fixture
def monitor(clock):
    with Monitor("churn", version="1", interval=None, clock=clock) as monitor:
        yield monitor


def test_a_monitor_feeds_it_tick_by_tick(monitor, clock):
    figure = monitor.plot(live=True)
    for _ in range(3):
        monitor.record_batch([1] * 100, [1] * 75 + [0] * 25)
        clock.advance(1)
        monitor.tick()

    accuracy = line(figure, "Accuracy")
    assert seconds(accuracy) == [100.0, 101.0, 102.0, 103.0]
    assert list(accuracy.y)[1:] == [0.75, 0.75, 0.75]


def test_it_begins_with_the_last_quarter_of_an_hour(monitor, clock):
    for _ in range(40):
        monitor.record_batch([1] * 10, [1] * 10)
        clock.advance(60)
        monitor.tick()
    recent = line(monitor.plot(live=True), "Accuracy")
    whole = line(monitor.plot(live=True, since=START), "Accuracy")

    assert START + seconds(recent)[0] >= clock.time() - 15 * 60
    assert seconds(whole)[0] < 200


def test_a_monitor_lets_go_of_a_closed_figure(monitor):
    figure = monitor.plot(live=True)
    assert monitor._engine._publisher.watched
    figure.close()
    monitor.tick()

    assert not monitor._engine._publisher.watched
    assert monitor.snapshot().notices == []


def test_a_figure_does_not_keep_its_monitor(clock):
    other = Monitor("churn", name="other", interval=None, clock=clock)
    figure = other.plot(live=True)
    gone = weakref.ref(other)
    del other
    gc.collect()

    assert gone() is None
    figure.close()
