"""What a saved notebook keeps of a figure, for readers without plotly."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import nbformat
import plotly.io
import pytest
from nbconvert import HTMLExporter

from ipyvitals import FakeClock, Monitor, compare
from tests.unit.render.test_html import Page

PLOTLY = "application/vnd.plotly.v1+json"
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def monitor():
    with Monitor("churn", version="1", interval=None, clock=FakeClock()) as monitor:
        monitor.record_batch([1] * 40, [1] * 38 + [0, 0])
        monitor.tick()
        yield monitor


@pytest.fixture
def notebook(monkeypatch):
    """Let plotly believe that this is a notebook."""
    monkeypatch.setattr(plotly.io.renderers, "default", "plotly_mimetype")


def image(html):
    (found,) = Page(html).images
    begin, _, text = found["src"].partition(",")
    assert begin == "data:image/svg+xml"
    return ET.fromstring(unquote(text)), found["alt"]


def test_a_figure_has_an_image_beside_plotlys_own_form(monitor, training, notebook):
    for figure in (monitor.plot(), compare(training({"a": {"loss": [3.0, 2.0]}}))):
        bundle = figure._repr_mimebundle_()
        svg, words = image(bundle["text/html"])

        assert set(bundle) == {PLOTLY, "text/html", "text/plain"}
        assert svg.tag.endswith("svg")
        assert words == bundle["text/plain"]
        assert re.search(r"^Plot of .*, as of .* UTC, not live$", words)
        with pytest.raises(NotImplementedError):
            figure._ipython_display_()


def test_a_live_figure_has_the_image_of_the_moment(monitor):
    figure = monitor.plot(live=True)
    before, _ = image(figure._repr_mimebundle_()["text/html"])
    monitor._engine.clock.advance(60)
    monitor.record_batch([1] * 40, [0] * 40)
    monitor.tick()
    bundle = figure._repr_mimebundle_()
    after, words = image(bundle["text/html"])

    assert VIEW in bundle
    assert ET.tostring(after) != ET.tostring(before)
    assert "Accuracy" in words
    assert len(bundle["text/plain"]) < 200
    figure.close()


def test_nbconvert_shows_the_image(monitor, notebook):
    cell = nbformat.v4.new_code_cell(
        "monitor.plot()",
        outputs=[nbformat.v4.new_output("display_data", monitor.plot()._repr_mimebundle_())],
    )
    html, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))

    assert "data:image/svg+xml," in html
    assert "Plot of 95 % interval, Accuracy" in html


def test_html_of_plotlys_own_is_left_alone(monitor, monkeypatch):
    monkeypatch.setattr(plotly.io.renderers, "default", "notebook_connected")
    html = monitor.plot()._repr_mimebundle_()["text/html"]

    assert "Plotly.newPlot" in html
    assert "data:image/svg+xml" not in html


def test_without_a_notebook_plotly_does_what_it_does(monitor, monkeypatch, capsys):
    monkeypatch.setattr(plotly.io.renderers, "default", None)
    monitor.plot()._ipython_display_()

    assert "RecordedFigure({" in capsys.readouterr().out
