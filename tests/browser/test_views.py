"""Views come and go: several of one panel, cells that run again, reloads and restarts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.notebook_page import reading, readout, vital

MAKE = """
from ipyvitals import Monitor
monitor = Monitor("churn", version="2.1", interval=0.5, metrics_interval=0.25)
monitor.deploy("churn", version="2.1")
monitor
"""
RECORD = 'monitor.record_batch(["a"] * 40, ["a"] * 36 + ["b"] * 4, latency=0.02)'
THREADS = "sorted(t.name for t in __import__('threading').enumerate() if 'ipyvitals' in t.name)"


def test_views_of_one_panel_stay_in_step(open_notebook):
    notebook = open_notebook(MAKE, "monitor", RECORD)
    notebook.run(0)
    notebook.run(1)
    notebook.cell(1).locator(".jp-OutputArea-output").first.click(position={"x": 5, "y": 5})
    notebook.command("notebook:create-output-view")
    detached = notebook.page.locator(".jp-LinkedOutputView .ipyvitals-panel")
    expect(vital(detached, "model.name")).to_have_text("churn")

    notebook.activate()
    notebook.run(2)

    for view in (notebook.panel(0), notebook.panel(1), detached):
        expect(vital(view, "metrics.current_accuracy")).to_have_text("90.0 %")
        expect(vital(view, "model.total_predictions")).to_have_text("40")
        expect(vital(view, "model.status")).to_have_text("Live")


def test_running_the_constructor_again_closes_the_old_panel_and_leaves_no_thread(open_notebook):
    notebook = open_notebook(MAKE, "monitor", RECORD)
    for cell in (0, 1, 2):
        notebook.run(cell)
    expect(vital(notebook.panel(1), "model.total_predictions")).to_have_text("40")
    threads = notebook.value(THREADS)

    notebook.run(0)

    old = notebook.panel(1)
    expect(old.locator(".v-freshness")).to_contain_text("Closed")
    expect(vital(old, "model.status")).to_have_text("Stopped")
    expect(vital(old, "model.total_predictions")).to_have_text("40")
    assert (
        notebook.value(THREADS)
        == threads
        == ("['ipyvitals-sampler', 'ipyvitals-scheduler', 'ipyvitals-store']")
    )

    # The model goes on from where the closed monitor left it.
    expect(vital(notebook.panel(0), "model.total_predictions")).to_have_text("40")
    notebook.run(2)
    expect(vital(notebook.panel(0), "model.total_predictions")).to_have_text("80")
    expect(vital(notebook.panel(0), "model.status")).to_have_text("Live")
    assert notebook.value("monitor.close()") == "None"
    expect(notebook.panel(0).locator(".v-freshness")).to_contain_text("Closed")
    assert notebook.value(THREADS) == "[]"


def test_a_kernel_that_restarts_leaves_a_panel_that_says_so(open_notebook):
    notebook = open_notebook(MAKE, RECORD)
    notebook.run(0)
    notebook.run(1)
    panel = notebook.panel(0)
    expect(vital(panel, "model.total_predictions")).to_have_text("40")

    notebook.command("notebook:restart-kernel")
    notebook.page.locator(".jp-Dialog button.jp-mod-accept").click()

    expect(panel.locator(".v-freshness")).to_contain_text("Kernel gone, last update")
    expect(panel).to_have_attribute("data-fresh", "no")
    expect(vital(panel, "model.total_predictions")).to_have_text("40")

    notebook.wait_for_kernel()
    notebook.run(0)
    expect(notebook.panel(0).locator(".v-freshness")).to_be_hidden()
    # The new kernel goes on with the same model.
    expect(vital(notebook.panel(0), "model.total_predictions")).to_have_text("40")
    notebook.run(1)
    expect(vital(notebook.panel(0), "model.total_predictions")).to_have_text("80")


def test_a_reload_shows_current_values_and_charts_at_once(open_notebook):
    # No thread: what the page shows after the reload is what it asked for, not what came later.
    notebook = open_notebook(
        "from ipyvitals import FakeClock, Monitor\n"
        "import time\n"
        "clock = FakeClock(time=time.time() - 200)\n"
        "monitor = Monitor('churn', version='2.1', interval=None, clock=clock)\n"
        "monitor.deploy('churn', version='2.1')\n"
        "monitor",
        "for second in range(200):\n"
        "    monitor.record('a', 'a' if second % 10 else 'b', latency=0.02)\n"
        "    clock.advance(1)\n"
        "    monitor.tick()",
    )
    notebook.run(0)
    notebook.run(1)
    expect(vital(notebook.panel(0), "model.total_predictions")).to_have_text("200")
    notebook.value("monitor.record('a', 'a')")
    notebook.save()

    notebook.page.reload()
    panel = notebook.panel(0)
    panel.wait_for(timeout=60_000)

    # Of its 201 predictions the last was never shown to the page before.
    expect(vital(panel, "model.total_predictions")).to_have_text("201")
    expect(vital(panel, "model.status")).to_have_text("Live")
    chart = panel.locator('[data-chart="current_accuracy"]')
    chart.scroll_into_view_if_needed()
    width = chart.bounding_box()["width"]
    chart.hover(position={"x": width - 2, "y": 10})
    expect(readout(chart)).to_contain_text("% · ")
    newest = reading(chart)
    chart.hover(position={"x": 2, "y": 10})
    expect(readout(chart)).not_to_have_text(newest)
    oldest = reading(chart)
    # The kernel's clock has moved by 200 s, of which the page saw nothing before its reload.
    assert (seconds(newest) - seconds(oldest)) % 86_400 > 150


def seconds(reading: str) -> int:
    hours, minutes, rest = map(int, reading.rsplit(" ", 1)[1].split(":"))
    return 3_600 * hours + 60 * minutes + rest
