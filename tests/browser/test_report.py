"""The page of a report, opened from a disk, by somebody without a network."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ipyvitals import FakeClock, Monitor

LINES = "path.js-line"


@pytest.fixture
def monitor(tmp_path):
    clock = FakeClock()
    with Monitor("churn", version="2.1", interval=None, clock=clock) as made:
        made.deploy("churn", "2.1")
        with made.training(total=3) as run:
            for step in range(3):
                run.update(step + 1, loss=1.0 / (step + 1))
        for _ in range(60):
            clock.advance(1)
            made.record_batch([1] * 5, [1] * 4 + [0], latency=0.004)
            made.tick()
        yield made


@pytest.mark.parametrize("charts", ["plotly", "svg"])
@pytest.mark.parametrize("template", ["light", "dark"])
def test_a_report_needs_no_network(page, monitor, tmp_path, artefacts, charts, template):
    asked, said = [], []
    page.context.set_offline(True)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))

    path = monitor.report(tmp_path / "churn.html", charts=charts, template=template)
    page.goto(path.as_uri())

    expect(page.locator("body > table").first).to_contain_text("80.0 %")
    if charts == "plotly":
        expect(page.locator(".js-plotly-plot")).to_have_count(2)
        expect(page.locator(LINES).first).to_be_visible()
    else:
        expect(page.locator("svg[role=img]")).to_have_count(2)
    # Nothing but the file itself; and nobody is refused what the page's policy forbids.
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    assert said == []
    # Status and charts are of one width, and none sticks out.
    table = page.locator("body > table").first.bounding_box()
    chart = page.locator(".js-plotly-plot, body > svg").first.bounding_box()
    assert chart["width"] == pytest.approx(table["width"], abs=2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=artefacts / f"report-{charts}-{template}.png", full_page=True)
