"""A notebook that is opened again without its kernel, and without trust."""

from __future__ import annotations

import json
from time import monotonic

from playwright.sync_api import expect

from tests.browser.notebook_page import NotebookPage, vital

MAKE = """
from ipyvitals import Monitor, Thresholds
monitor = Monitor("churn", version="2.1", interval=0.5, metrics_interval=0.1)
monitor
"""
SAVE_SECONDS = 20
LIGHT_INK = "rgba(255, 255, 255, 0.87)"
SERVE = """
for _ in range(20):
    monitor.record_batch([1] * 5, [1] * 5, latency=0.004)
    time.sleep(0.05)
"""


def saved(notebook, file, words):
    """Save until the first cell's panel says these words, and return the notebook.

    The server may hear of the last figures after the page, and a page that is saving by itself
    does not save once more.
    """
    end = monotonic() + SAVE_SECONDS
    while True:
        notebook.save()
        content = json.loads(file.read_text(encoding="utf-8"))
        outputs = content["cells"][0]["outputs"]
        if any(words in "".join(one["data"]["text/html"]) for one in outputs):
            return content
        assert monotonic() < end, f"expected a panel saved with {words!r}, got {outputs}"
        notebook.page.wait_for_timeout(100)


def test_an_untrusted_notebook_shows_the_last_status(open_notebook, server, page, artefacts):
    notebook = open_notebook(MAKE, f"import time{SERVE}")
    notebook.run(0)
    notebook.run(1)
    expect(vital(notebook.panel(), "model.total_predictions")).to_have_text("100")
    (file,) = server.root.glob("*untrusted*.ipynb")
    content = saved(notebook, file, "last 100 labels")

    # As if somebody else had written it: Jupyter has not signed this text.
    content["cells"][1]["source"] = "# by somebody else"
    file.unlink()
    other = server.root / "from-elsewhere.ipynb"
    other.write_text(json.dumps(content), encoding="utf-8")
    server.shut_down_kernels()
    page.goto(f"{server.url}/lab/workspaces/elsewhere/tree/{other.name}?token={server.token}")
    again = NotebookPage(page)
    again.wait_for_kernel()
    shown = again.cell(0).locator(".jp-OutputArea-output table")

    expect(shown).to_contain_text("not live")
    expect(shown).to_contain_text("100.0 %")
    expect(again.panel()).to_have_count(0)
    assert shown.locator("img").evaluate_all(
        "images => images.length > 3 && images.every(one => one.naturalWidth > 100)"
    )
    # JupyterLab's sanitiser lets the looks pass: four columns, words to the left.
    tiles = shown.locator("td", has_text="last 100 labels")
    expect(tiles).to_have_css("text-align", "left")
    expect(shown.locator("b", has_text="Live").first).to_have_css(
        "background-color", "rgba(20, 133, 74, 0.13)"
    )
    shown.screenshot(path=artefacts / "saved-light.png")
    again.command("apputils:change-theme", theme="JupyterLab Dark")
    expect(shown.locator("b", has_text="churn")).to_have_css("color", LIGHT_INK)
    shown.screenshot(path=artefacts / "saved-dark.png")
