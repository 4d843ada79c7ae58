"""Notebook 7 shows the same panel as JupyterLab."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.notebook_page import vital


def test_notebook_7_shows_the_same(open_notebook):
    notebook = open_notebook(
        "from ipyvitals import Monitor\n"
        "monitor = Monitor('churn', version='2.1', interval=0.5, metrics_interval=0.25)\n"
        "monitor",
        "from time import perf_counter\n"
        "end = perf_counter() + 4\n"
        "for _ in monitor.track(iter(perf_counter, None), stage='Endless'):\n"
        "    monitor.record('a', 'a')\n"
        "    if perf_counter() > end: break",
        app="notebooks",
    )
    assert notebook.page.title().endswith("Notebook") or "jp-notebook" in notebook.page.content()
    notebook.run(0)
    panel = notebook.panel(0)
    expect(vital(panel, "model.name")).to_have_text("churn")
    notebook.start(1)
    expect(vital(panel, "training.stage")).to_have_text("Endless")
    expect(vital(panel, "model.status")).to_have_text("Training")
    expect(vital(panel, "metrics.current_accuracy")).to_have_text("100.0 %")
    notebook.expect_busy(1)
    notebook.expect_done(1)
    expect(panel.locator(".v-training")).to_have_attribute("data-state", "stopped")
