"""Champion and challenger side by side, while a cell computes."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.notebook_page import vital
from tests.browser.sidebar import SidebarPage
from tests.browser.test_live import rises_while_busy

MAKE = """
from ipyvitals import Monitor, Thresholds
monitor = Monitor(
    name="serving", interval=0.5, metrics_interval=0.25, segment="class",
    thresholds=Thresholds(accuracy=0.85),
)
challenger = monitor.deploy("churn", version="2.2")
champion = monitor.deploy("churn", version="2.1")
monitor
"""

# Nothing in this loop lets another thread run by itself.
SERVE = """
from time import perf_counter
start, n, late = perf_counter(), 0, 0
while perf_counter() - start < 50:
    sum(1.0 / step for step in range(1, 2_000))
    n += 1
    monitor.record("stays", "stays" if n % 20 else "leaves", latency=0.004)
    monitor.record("stays", "stays" if n % 10 else "leaves", latency=0.008, model_id=challenger)
    monitor.record("stays", id=n, model_id=champion)
    if n > 100:
        monitor.label(n - 100, "stays")
"""

KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"


def test_the_challenger_is_shown_beside_the_champion_while_a_cell_computes(open_notebook):
    notebook = open_notebook(MAKE, SERVE)
    notebook.run(0)
    panel = notebook.panel(0)
    rows = panel.get_by_role("radio")
    sidebar = SidebarPage(notebook.page).open()
    notebook.activate()

    notebook.start(1)
    expect(rows).to_have_count(2)
    champion, challenger = rows.nth(0), rows.nth(1)
    expect(champion).to_have_attribute("value", "churn-2.1")
    expect(champion).to_be_checked()
    rises_while_busy(notebook, 1, vital(panel, "models.churn-2.2.predictions_per_minute"), times=3)
    expect(vital(panel, "models.churn-2.2.current_accuracy")).to_have_text("90.0 %")
    expect(vital(panel, "metrics.median_label_delay_seconds")).to_have_text(
        re.compile(r"^\d+ m?s late$")
    )
    expect(vital(panel, "metrics.labels_pending")).to_contain_text("100")

    panel.locator("label").nth(1).click()
    expect(challenger).to_be_checked()
    expect(vital(panel, "model.version")).to_have_text("2.2")
    expect(vital(panel, "metrics.current_accuracy")).to_have_text("90.0 %")
    expect(vital(panel, "metrics.latency_p95_seconds")).to_have_text(
        re.compile(r"^(7\.9|8\.0)\d ms$")
    )
    rises_while_busy(notebook, 1, vital(panel, "model.total_predictions"), times=3)
    expect(vital(sidebar.panel, "model.version")).to_have_text("2.1")
    expect(sidebar.panel.get_by_role("radio").first).to_be_checked()

    # A step of the keyboard is one in the list, and none in the notebook around it.
    notebook.page.keyboard.press("ArrowUp")
    expect(champion).to_be_checked()
    expect(champion).to_be_focused()
    expect(vital(panel, "model.version")).to_have_text("2.1")
    notebook.page.keyboard.press("ArrowDown")
    expect(vital(panel, "model.version")).to_have_text("2.2")
    panel.get_by_role("button", name="Show active model").click()
    expect(champion).to_be_checked()
    assert notebook.page.evaluate(KERNEL) == "busy"

    panel.get_by_text("By segment").click()
    expect(vital(panel, "metrics.segments.stays.current_accuracy")).to_have_text("100.0 %")
    notebook.command("notebook:interrupt-kernel")
    notebook.expect_done(1)
    assert int(notebook.value("len(monitor.models())")) == 2
