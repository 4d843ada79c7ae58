"""A saved notebook in every host: which form of the panel it shows, and what is left of it."""

from __future__ import annotations

import nbformat
import pytest
from bleach.sanitizer import Cleaner
from nbclient import NotebookClient
from nbconvert import HTMLExporter, LatexExporter, MarkdownExporter

from ipyvitals.render.html import static_view
from tests.unit.render.test_html import STATES, Page, state

VIEW = "application/vnd.jupyter.widget-view+json"
CELLS = (
    """
from ipyvitals import FakeClock, Monitor
monitor = Monitor("churn", version="2.1", interval=None, clock=FakeClock(time=1_767_323_045.0))
monitor.record_batch([1] * 40, [1] * 38 + [0, 0], latency=0.004)
monitor.tick()
""",
    "monitor",
)
SAYS = ("churn", "95.0", "83.5–98.6 %, last 40 labels", "As of 2 Jan 2026, 03:04:05 UTC, not live")

# The first form that a host knows is the one it shows.
HOSTS = {
    "JupyterLab, trusted": (VIEW, "text/html", "image/svg+xml", "text/markdown", "text/plain"),
    "JupyterLab, untrusted": ("text/html", "image/svg+xml", "text/markdown", "text/plain"),
    "GitHub": ("text/html", "image/svg+xml", "image/png", "text/plain"),
    "nbviewer": ("text/html", "image/svg+xml", "image/png", "text/markdown", "text/plain"),
    "VS Code": (VIEW, "text/html", "text/latex", "text/markdown", "image/svg+xml", "text/plain"),
    # A widget that it cannot show, as after reopening, gives way to the next form.
    "VS Code, reopened": ("text/html", "text/latex", "text/markdown", "text/plain"),
    "Colab": (VIEW, "text/html", "text/markdown", "image/png", "text/plain"),
    "Colab, reopened": ("text/html", "text/markdown", "image/png", "text/plain"),
    "a terminal": ("text/plain",),
}


@pytest.fixture(scope="module")
def executed():
    """Return a notebook that ran in a real kernel, with the state of its widgets."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS]
    )
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook


@pytest.fixture(scope="module")
def saved(executed):
    """Return the same as JupyterLab saves it by default: without the state of widgets."""
    notebook = nbformat.from_dict(executed)
    notebook.metadata.pop("widgets")
    return notebook


@pytest.fixture(scope="module")
def bundle(saved):
    return saved.cells[1].outputs[0]["data"]


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_finds_a_form_that_it_knows(bundle, host):
    shown = next(form for form in HOSTS[host] if form in bundle)

    live = host in ("JupyterLab, trusted", "VS Code", "Colab")
    assert (shown == VIEW) == live
    if not live:
        assert all(words in bundle[shown] for words in (SAYS[0], SAYS[-1]))


def test_no_form_comes_before_html_where_a_host_prefers_images(bundle):
    assert set(bundle) == {VIEW, "text/html", "text/plain"}


def test_the_output_is_marked_so_that_it_can_be_renewed(saved):
    assert saved.cells[1].outputs[0]["metadata"]["ipyvitals"] == {
        "monitor": "default",
        "at": 1_767_323_045.0,
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nbconvert_to_html(saved, theme):
    html, _ = HTMLExporter(theme=theme).from_notebook_node(saved)
    start = html.index("<table")
    page = Page(html[start : html.index("</table>", start) + len("</table>")])

    assert all(words in page.words for words in SAYS)
    charts = {image["alt"].split(",")[0] for image in page.images}
    assert charts >= {"Accuracy", "Predictions per minute", "Latency p95"}
    assert VIEW not in html


def test_nbconvert_to_pdf_by_latex_has_the_text(saved):
    latex, _ = LatexExporter().from_notebook_node(saved)

    assert "churn 2.1, Live" in latex
    assert "As of 2 Jan 2026, 03:04:05 UTC, not live." in latex


def test_nbconvert_to_markdown_has_the_table(saved):
    markdown, _ = MarkdownExporter().from_notebook_node(saved)

    assert "<table" in markdown
    assert SAYS[-1] in markdown


def test_where_the_state_of_widgets_is_kept_nbconvert_prefers_the_widget(executed):
    html, _ = HTMLExporter().from_notebook_node(executed)
    assert VIEW in html
    assert SAYS[-1] not in html

    # What docs/saved-notebooks.md recommends against it.
    exporter = HTMLExporter()
    exporter.register_preprocessor(
        "nbconvert.preprocessors.ClearMetadataPreprocessor", enabled=True
    )
    html, _ = exporter.from_notebook_node(executed)
    assert VIEW not in html
    assert SAYS[-1] in html


# The published allow-list of GitHub's sanitiser: github.com/gjtorikian/html-pipeline.
GITHUB_TAGS = """
h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead tbody
tfoot blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details caption
figure figcaption abbr bdo cite dfn mark small span time wbr
"""
GITHUB_ATTRIBUTES = """
abbr align alt aria-describedby aria-hidden aria-label aria-labelledby axis border cellpadding
cellspacing char charoff cols colspan color compact dir disabled frame headers height hspace id
itemprop label lang nowrap open role rows rowspan rules scope size span start summary tabindex title
type valign value width
"""
GITHUB_PROTOCOLS = {"http", "https"}


@pytest.mark.parametrize("name", STATES)
def test_github_takes_styles_and_images_and_leaves_every_word(name):
    html = static_view(*state(name))
    cleaner = Cleaner(
        set(GITHUB_TAGS.split()),
        {"*": GITHUB_ATTRIBUTES.split(), "a": ["href"], "img": ["src", "longdesc"]},
        GITHUB_PROTOCOLS,
        strip=True,
    )
    cleaned = cleaner.clean(html)
    before, after = Page(html), Page(cleaned)

    assert "style=" not in cleaned
    assert "data:" not in cleaned
    assert after.words == before.words
    # What the charts show is in words in their place.
    assert [one["alt"] for one in after.images] == [one["alt"] for one in before.images]
    # Four columns are left.
    cells = [one for tag, one in after.tags if tag == "td"]
    assert {one.get("colspan") for one in cells} == {None, "2", "4"}
    assert {one["valign"] for one in cells} == {"top"}
