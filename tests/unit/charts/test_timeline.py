"""The figure of a history: what is in it, where, and what it says under the pointer."""

from __future__ import annotations

import itertools
import json

import numpy as np
import plotly.io
import pytest

from ipyvitals.charts.marks import bands_of, deployments_of
from ipyvitals.charts.model_series import split_active_model
from ipyvitals.charts.palette import PALETTES
from ipyvitals.charts.rows import latency_scale
from ipyvitals.charts.tables import HistoryTable
from ipyvitals.charts.timeline import timeline
from ipyvitals.charts.times import PIXELS, TimeAxis
from ipyvitals.errors import ArgumentValueError
from tests.unit.render.test_html import luminance
from tests.unit.tables import START


def trace(figure, name):
    return next(one for one in figure.data if one.name == name)


def headings(figure):
    return [one.text for one in figure.layout.annotations if one.text.startswith("<b>")]


@pytest.fixture
def shown(metrics, system, models):
    """Return a figure of these tables, minute by minute one hour long."""

    def show(seconds=range(3600), deployments=(), *, machine=None, template="light", **columns):
        options = {name: columns.pop(name) for name in ("model_id", "title") if name in columns}
        if "ids" in columns:
            columns["model_id"] = columns.pop("ids")
        readings = range(0, 3600, 5) if machine is None else machine
        return timeline(
            metrics(seconds, **columns),
            system(readings),
            models(*deployments),
            template=template,
            **options,
        ).figure

    return show


def test_rows_share_one_axis_of_time_and_name_their_units(shown):
    figure = shown()

    assert [text.partition("</b>")[0] for text in headings(figure)] == [
        *("<b>Accuracy", "<b>Predictions", "<b>Latency", "<b>System"),
    ]
    assert [
        unit in text
        for unit, text in zip(
            ("95 % interval", "per minute", ">ms<", "% in use"), headings(figure), strict=True
        )
    ] == [True] * 4
    assert {one.xaxis for one in figure.data} == {None}
    domains = [figure.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3", "yaxis4")]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(domains))
    assert figure.layout.xaxis.anchor == "y4"
    assert figure.layout.showlegend is False


def test_lines_have_their_values_and_one_accent(shown):
    figure = shown()
    accent = PALETTES["light"].accent

    assert trace(figure, "Accuracy").y[0] == 0.95
    assert trace(figure, "p95").y[0] == pytest.approx(12.0)
    assert trace(figure, "Memory").y[0] == 55.0
    coloured = [one.name for one in figure.data if one.line.color == accent]
    assert coloured == ["Accuracy", "Predictions", "p95", "CPU"]
    assert trace(figure, "Threshold").line.dash == "dash"
    assert trace(figure, "Threshold").line.color == PALETTES["light"].warn


def test_the_pointer_tells_value_time_and_what_it_rests_on(shown):
    figure = shown()
    accuracy = trace(figure, "Accuracy")

    assert figure.layout.template.layout.hovermode == "x unified"
    assert figure.layout.hoversubplots == "axis"
    assert figure.layout.xaxis.hoverformat == "%-d %b %Y, %H:%M:%S UTC"
    assert accuracy.hovertemplate == "%{customdata}<extra>Accuracy</extra>"
    assert accuracy.customdata[0] == "95.0 % (90.0–98.0 %, last 100) · Live"
    assert trace(figure, "p95").hovertemplate.startswith("%{y:.3~g} ms")
    assert all(one.hoverinfo == "skip" for one in figure.data if one.name == "Threshold")


def test_the_band_is_the_interval(shown):
    band = trace(shown(range(3), machine=range(3)), "95 % interval")

    assert band.fill == "toself"
    assert list(band.y)[:6] == [0.98] * 3 + [0.9] * 3


def test_no_spike_vanishes_in_a_long_history(shown):
    accuracy = np.full(50_000, 0.95)
    accuracy[31_337] = 0.1
    figure = shown(range(50_000), machine=range(0, 50_000, 5), current_accuracy=accuracy)

    line = trace(figure, "Accuracy")
    assert min(line.y) == 0.1
    assert max(len(one.x) for one in figure.data if one.name != "95 % interval") <= 3 * PIXELS
    assert len(trace(figure, "95 % interval").x) <= 4 * PIXELS + 10


def test_statuses_are_bands_and_live_is_none(shown):
    statuses = ["active"] * 1000 + ["degraded"] * 900 + ["active"] * 1700
    figure = shown(status=statuses)
    (band,) = figure.layout.shapes

    assert (band.type, band.yref, band.fillcolor) == ("rect", "paper", PALETTES["light"].warn)
    assert str(band.x0)[:19] == "2026-01-02 03:20:45"
    assert str(band.x1)[:19] == "2026-01-02 03:35:45"
    assert any("Degraded" in one.text for one in figure.layout.annotations)


def test_a_failure_of_a_second_is_seen_in_a_day():
    at = np.arange(86_400.0)
    statuses = np.full(86_400, "active", dtype=object)
    statuses[43_210] = "failed"
    (band,) = bands_of(TimeAxis(at), statuses)

    assert band.status == "failed"
    assert band.first <= 43_210 <= band.last
    assert band.last - band.first == pytest.approx(86_399 / PIXELS)


def test_a_status_that_flaps_is_few_bands_and_none_is_overlooked():
    statuses = np.array(["active", "degraded"] * 20_000, dtype=object)
    bands = bands_of(TimeAxis(np.arange(40_000.0)), statuses)

    assert len(bands) <= PIXELS
    assert sum(band.last - band.first for band in bands) > 30_000


def test_a_status_ends_where_nobody_watched_any_more():
    at = np.array([0.0, 5.0, 10.0, 9000.0, 9005.0])
    (first, second) = bands_of(TimeAxis(at), np.full(5, "degraded", dtype=object))

    assert first.last < 30.0
    assert second.first == 9000.0


def test_deployments_are_marked_with_name_time_and_baseline(shown):
    figure = shown(
        deployments=[
            (60, "churn-1", "churn", "1", 0.94),
            (1800, "churn-2", "churn", "2", None),
        ],
        ids=["churn-1"] * 1800 + ["churn-2"] * 1800,
    )
    lines = [one for one in figure.layout.shapes if one.type == "line"]
    flags = [one for one in figure.layout.annotations if one.hovertext]

    assert [str(one.x0)[:19] for one in lines] == ["2026-01-02 03:05:05", "2026-01-02 03:34:05"]
    assert [one.text for one in flags] == ["churn 1", "churn 2"]
    assert flags[0].hovertext == (
        "churn 1<br>deployed 2 Jan 2026, 03:05:05 UTC<br>baseline accuracy 94.0 %"
    )


def test_many_deployments_do_not_write_over_each_other(shown):
    figure = shown(deployments=[(60 * n, f"churn-{n}", "churn", str(n), None) for n in range(50)])
    flags = [one for one in figure.layout.annotations if one.hovertext]
    named = [one for one in flags if one.text.startswith("churn")]

    assert len(flags) == 50
    assert 4 <= len(named) <= 12


def test_what_users_write_is_no_markup(shown):
    evil = "<b>x</b> & <a href='y'>"
    figure = shown(deployments=[(60, evil, evil, None, None)], title=evil, ids=[evil] * 3600)
    (flag,) = [one for one in figure.layout.annotations if one.hovertext]
    safe = "&lt;b&gt;x&lt;/b&gt; &amp; &lt;a href='y'&gt;"

    assert flag.text == safe
    assert flag.hovertext.startswith(safe)
    assert figure.layout.title.text.startswith(safe)


# Several models


TWO = [(0, "churn-1", "churn", "1", None), (1800, "churn-2", "churn", "2", None)]


def test_the_active_model_is_in_front_and_a_challenger_beside_it(metrics, system, models):
    seconds = np.repeat(np.arange(0.0, 3600.0, 10.0), 2)
    frame = metrics(
        seconds,
        model_id=["churn-1", "churn-2"] * 360,
        current_accuracy=[0.9, 0.7] * 360,
    )
    figure = timeline(frame, system(range(0, 3600, 5)), models(*TWO)).figure
    front = trace(figure, "Accuracy")
    values = np.array(front.y)

    assert values[0] == 0.9
    assert values[-1] == 0.7
    # The line is interrupted where the other one takes over.
    assert np.isnan(values).sum() == 1
    beside = [one for one in figure.data if one.name in ("churn-1", "churn-2")]
    assert {one.meta for one in beside} == {
        f"{name}:{column}"
        for name in ("churn-1", "churn-2")
        for column in ("current_accuracy", "predictions_per_minute", "latency_p95_seconds")
    }
    assert {one.line.color for one in beside} == {PALETTES["light"].muted}


def test_one_model_alone(metrics, system, models):
    frame = metrics(range(100), model_id=["churn-1", "churn-2"] * 50)
    figure = timeline(frame, system(range(100)), models(*TWO), model_id="churn-2").figure

    assert len(trace(figure, "Accuracy").x) in (50, 51)
    assert not [one for one in figure.data if one.name.startswith("churn")]
    assert [one.text for one in figure.layout.annotations if one.hovertext] == []


def test_without_deployments_the_busiest_model_is_in_front(metrics):
    table = HistoryTable(
        metrics(range(4), model_id=["a", "b", "a", "b"], total_predictions=[1, 500, 2, 501])
    )
    series = split_active_model(table, TimeAxis(np.empty(0)), deployments_of(metrics([])), None)

    assert set(series.main.texts("model_id")) == {"b"}
    assert [set(one.texts("model_id")) for one in series.others] == [{"a"}]


# Rows and scales


def test_a_regression_shows_its_errors(shown):
    figure = shown(range(10), mae=[1.5] * 10, rmse=[2.5] * 10)

    assert "<b>Error</b>" in headings(figure)[1]
    assert trace(figure, "MAE").y[0] == 1.5


@pytest.mark.parametrize(
    ("seconds", "unit"), [(0.000_2, "µs"), (0.004, "ms"), (2.5, "s"), (np.nan, "ms")]
)
def test_latencies_are_in_the_unit_of_most_of_them(seconds, unit):
    assert latency_scale(np.array([seconds, seconds, np.nan]))[1] == unit


def test_a_lonely_point_is_a_dot(shown):
    assert trace(shown([5], machine=[5]), "Accuracy").mode == "lines+markers"


def test_scales_make_sense_however_little_there_is(shown):
    accuracy, predictions, latency, machine = (
        one.autorangeoptions.to_plotly_json() for one in shown().select_yaxes()
    )

    # Neither 150 % right, nor half a prediction, nor a machine that looks full at 5 %.
    assert accuracy["clipmax"] == 1.05
    assert (predictions["include"], machine["include"]) == (5, 100)
    assert "include" not in latency


def test_an_empty_history_says_so(metrics, system, models):
    figure = timeline(metrics([]), system([]), models(), title="churn").figure

    assert "Nothing was recorded in this time." in figure.layout.title.text
    assert figure.layout.xaxis.range is None
    # No numbers of nothing.
    axes = [*figure.select_xaxes(), *figure.select_yaxes()]
    assert [one.visible for one in axes] == [False] * 5


def test_the_title_tells_the_period(shown):
    assert "2 Jan 2026, 03:04 to 04:04 UTC" in shown().layout.title.text
    two_days = shown(range(0, 180_000, 60), machine=range(0, 180_000, 60))
    assert "2 Jan 2026, 03:04 to 4 Jan 2026, 05:03 UTC" in two_days.layout.title.text


# Looks


def test_dark_and_light_and_what_plotly_itself_uses(shown, monkeypatch):
    assert shown(template="dark").layout.template.layout.paper_bgcolor == "#16181c"
    assert shown(template=None).layout.template.layout.paper_bgcolor == "#ffffff"
    monkeypatch.setattr(plotly.io.templates, "default", "plotly_dark")
    assert shown(template=None).layout.template.layout.paper_bgcolor == "#16181c"


def test_another_template_is_refused(shown):
    with pytest.raises(ArgumentValueError, match="expected 'light' or 'dark'; any of plotly's own"):
        shown(template="ggplot2")


@pytest.mark.parametrize("name", PALETTES)
def test_every_colour_is_read_on_its_ground(name):
    palette = PALETTES[name]
    ground = luminance(palette.ground)
    texts = [palette.ink, palette.muted, palette.accent, palette.warn, palette.bad]
    for colour, least in [*((one, 4.5) for one in texts), *((one, 3.0) for one in palette.runs)]:
        high, low = sorted([luminance(colour), ground], reverse=True)
        assert (high + 0.05) / (low + 0.05) >= least, colour


def test_a_figure_is_plain_json_of_moderate_size(shown):
    text = shown(range(50_000), machine=range(0, 50_000, 5)).to_json()

    assert len(text) < 1_500_000
    assert json.loads(text)["data"]
    assert START > 0


def test_no_value_under_the_pointer_or_tick_is_rounded_to_a_claim(metrics, system, models):
    machine = system(range(0, 60, 5)).assign(cpu_percent=99.96, memory_percent=0.04)
    shown = metrics(range(60)).assign(mae=0.99996, rmse=1.5)
    figure = timeline(shown, machine, models(), template="light").figure

    assert trace(figure, "CPU").customdata[0] == "99 %"
    assert trace(figure, "Memory").customdata[0] == "1 %"
    assert trace(figure, "MAE").customdata[0] == "1.00"  # and not "1"
    assert {trace(figure, name).hovertemplate for name in ("CPU", "MAE")} == {
        "%{customdata}<extra>CPU</extra>",
        "%{customdata}<extra>MAE</extra>",
    }
    # 99.95 % is no 100 %.
    assert figure.layout.yaxis.tickformat == ".3~%"
