"""A page of its own: everything in one file, and nothing in it that could act."""

from __future__ import annotations

import re

import pytest

from ipyvitals import FakeClock, Monitor, compare
from ipyvitals.charts.palette import PALETTES
from ipyvitals.charts.report import check_charts, report_page
from ipyvitals.charts.timeline import timeline
from ipyvitals.errors import ArgumentValueError
from ipyvitals.schema import ModelSection, Snapshot
from tests.unit.render.test_html import EVIL, Page
from tests.unit.tables import START

CHANGE = {
    "at": START + 60,
    "type": "model_status_change",
    "model_id": "churn-1",
    "data": {"old_status": "active", "new_status": "degraded", "reason": EVIL},
}


@pytest.fixture
def page(metrics, system, models, training):
    def make(charts, changes=(CHANGE,), template="light"):
        history = timeline(
            metrics(range(600)), system(range(0, 600, 5)), models(), template=template
        )
        runs = compare(training({"a": {"loss": [3.0, 2.0]}}), template=template)
        return report_page(
            Snapshot(
                monitor="default",
                seq=0,
                at=START,
                model=ModelSection(model_id="c", name=EVIL, version="1", status="active"),
            ),
            {},
            [("History", history.figure), ("Training runs", runs)],
            changes,
            PALETTES[template],
            charts,
        )

    return make


def head(html):
    return html[: html.index("</head>")]


@pytest.mark.parametrize("charts", ["svg", "plotly"])
def test_status_charts_and_changes_are_in_one_file(page, charts):
    html = page(charts)

    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert "As of 2 Jan 2026, 03:04:05 UTC, not live" in html
    for heading in ("History", "Training runs", "Changes of status"):
        assert f"<h2>{heading}</h2>" in html
    assert "Live → Degraded" in html
    assert "Content-Security-Policy" in head(html)
    assert "connect-src" not in html
    assert "default-src 'none'" in head(html)


def test_the_script_of_plotly_is_there_once(page):
    html = page("plotly")

    assert 4_000_000 < len(html) < 7_000_000
    assert len(re.findall(r"plotly\.js v\d", html)) == 1
    assert html.count("Plotly.newPlot(") >= 2
    assert not re.search(r'<(script|link|img|iframe)[^>]+(src|href)="?https?:', html)


def test_with_svg_there_is_no_script(page):
    html = page("svg")
    found = Page(html[html.index("<body>") : html.index("</body>")].partition(">")[2])
    tags = {tag for tag, _ in found.tags}

    assert "svg" in tags
    assert not tags & {"script", "link", "iframe", "style", "form"}
    assert len(html) < 200_000
    assert "script-src" not in head(html)
    assert [name for _, one in found.tags for name in one if name.startswith("on")] == []


def test_what_users_write_is_shown_as_text(page):
    html = page("svg")

    assert "<script>alert" not in html
    assert "<img src=x" not in html
    # In the title of the page, its heading, the summary, and as the reason of the change.
    assert html.count("&lt;script&gt;alert(2)") >= 4


def test_the_newest_hundred_changes_are_listed_newest_first(page):
    changes = [{**CHANGE, "at": START + second} for second in range(130)]
    html = page("svg", changes)

    assert html.count("Live → Degraded") == 100
    assert html.index("03:06:14") < html.index("03:06:13")
    assert "and 30 before" in html


def test_without_changes_there_is_no_list(page):
    assert "Changes of status" not in page("svg", ())


def test_dark(page):
    assert "background:#16181c" in head(page("svg", template="dark"))


def test_there_are_two_kinds_of_charts():
    assert check_charts("svg") == "svg"
    with pytest.raises(ArgumentValueError, match=r"expected 'plotly'.*or 'svg', which runs no"):
        check_charts("png")


def test_lines_and_table_have_the_names_of_the_runs_and_no_empty_columns():
    with Monitor("churn", interval=None, store=None, clock=FakeClock()) as monitor:
        with monitor.training(2, stage="Fit", name="wide") as run:
            run.update(1, loss=3.0)
            run.update(2, loss=2.0)
        html = monitor.report(charts="svg")

    assert html.count("wide") >= 3  # the status, the legend and the table
    table = html[html.index("What the training runs took") :]
    assert "<th" in table
    assert "best loss" in table
    assert "Energy" not in table
