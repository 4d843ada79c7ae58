"""`plot` and `report`: figures and pages of the history of a monitor."""

from __future__ import annotations

import numpy as np
import pytest

from ipyvitals import ArgumentTypeError, ArgumentValueError, Monitor, compare


@pytest.fixture
def busy(monitor, clock):
    """Return a monitor that trained, served, failed and was replaced."""
    with monitor.training(total=3, stage="Fit") as run:
        for step in (1, 2, 3):
            clock.advance(1)
            run.update(step, loss=1 / step)
            monitor.tick()
    monitor.deploy("churn", version="2.1", baseline_accuracy=0.94)
    for right in (10, 10, 10, 10, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2):
        monitor.record_batch([1] * 10, [1] * right + [0] * (10 - right), latency=0.004)
        clock.advance(5)
        monitor.tick()
    monitor.deploy("churn", version="2.2")
    for _ in range(5):
        monitor.record_batch([1] * 10, [1] * 10, latency=0.002)
        clock.advance(5)
        monitor.tick()
    return monitor


def line(figure, name):
    return next(one for one in figure.data if one.name == name)


def test_a_plot_shows_what_happened(busy):
    figure = busy.plot()
    accuracy = np.array(line(figure, "Accuracy").y)

    assert np.nanmax(accuracy) == 1.0
    assert np.nanmin(accuracy) < 0.6
    assert line(figure, "p95").y[-1] == pytest.approx(2.0, rel=0.02)
    flags = [one.text for one in figure.layout.annotations if one.hovertext]
    assert flags[0] in ("churn 2.1", "▾")
    assert len(flags) == 2
    colours = {one.fillcolor for one in figure.layout.shapes if one.type == "rect"}
    assert "#8f5400" in colours
    assert not line(figure, "Accuracy").customdata[-1].endswith("Degraded")


def test_since_until_and_model_id_choose(busy, clock):
    late = busy.plot(since=clock.time() - 12)
    early = busy.plot(until=clock.time() - 12)
    one = busy.plot(model_id="churn-2.2")

    assert min(line(late, "Accuracy").y) == 1.0
    assert len(line(late, "CPU").x) < len(line(early, "CPU").x)
    assert np.nanmin(np.array(line(one, "Accuracy").y)) == 1.0
    assert [flag.text for flag in one.layout.annotations if flag.hovertext] == ["churn 2.2"]


def test_templates_and_titles(make):
    monitor = make("churn", name="champion")
    monitor.tick()

    assert monitor.plot(template="dark").layout.template.layout.paper_bgcolor == "#16181c"
    assert monitor.plot().layout.title.text.startswith("champion")


def test_bad_arguments(monitor):
    with pytest.raises(ArgumentValueError, match="expected 'light' or 'dark'"):
        monitor.plot(template="blue")
    with pytest.raises(ArgumentTypeError, match="since="):
        monitor.plot(since=[])
    with pytest.raises(ArgumentValueError, match="a live figure goes on"):
        monitor.plot(live=True, until="2030-01-01")
    with pytest.raises(ArgumentValueError, match="report"):
        monitor.report(charts="png")


def test_a_time_in_which_nothing_happened(busy, clock):
    nothing = busy.plot(until=clock.time() - 86_400)

    assert "Nothing was recorded in this time." in nothing.layout.title.text
    assert "Nothing was recorded" in busy.report(charts="svg", until=clock.time() - 86_400)


def test_a_closed_monitor_still_shows_its_history(busy):
    busy.close()

    assert np.nanmax(np.array(line(busy.plot(), "Accuracy").y)) == 1.0
    assert "Stopped" in busy.report(charts="svg")


def test_a_report_is_a_text_or_a_file(busy, tmp_path):
    html = busy.report(charts="svg")
    path = tmp_path / "report.html"
    path.write_text("of old")

    assert html.startswith("<!doctype html>")
    for words in ("churn", "Training runs", "Accuracy dropped below threshold", "not live"):
        assert words in html
    assert busy.report(path, charts="svg") == path
    assert busy.report(str(path), charts="svg") == path
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_runs_of_a_monitor_are_compared(busy):
    trace, table = compare(busy).data

    assert list(trace.y) == pytest.approx([1.0, 0.5, 1 / 3])
    assert table.type == "table"
    assert list(compare(busy, table=False).data) == [trace]


def test_a_history_of_two_kernels_has_a_gap_between_them(clock, tmp_path):
    for _ in range(2):
        options = {"interval": None, "clock": clock, "store": tmp_path / "history.sqlite"}
        with Monitor("churn", version="1", **options) as monitor:
            for _ in range(20):
                monitor.record_batch([1] * 10, [1] * 9 + [0])
                clock.advance(5)
                monitor.tick()
            assert monitor.flush()
            values = np.array(line(monitor.plot(), "Accuracy").y)
        clock.advance(86_400)

    assert np.isnan(values).sum() == 1
    assert np.nanmin(values) == pytest.approx(0.9)
