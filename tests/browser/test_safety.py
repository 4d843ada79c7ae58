"""What users name, write and raise does no harm; keyboard and screen reader find their way."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.notebook_page import vital

EVIL = "<img src=x onerror=window.hacked=1>"


def test_markup_in_names_and_texts_is_shown_as_text(open_notebook):
    notebook = open_notebook(
        f"""
from ipyvitals import Monitor
evil = {EVIL!r}
monitor = Monitor(evil, version=evil, name=evil, interval=0.5, metrics_interval=0.25)
monitor
""",
        """
run = monitor.training(total=2, stage=evil, details=evil)
run.update(1, **{evil: 1.0})
monitor.record_error(evil)
""",
        "run.fail(evil)",
    )
    notebook.run(0)
    panel = notebook.panel(0)
    expect(vital(panel, "model.name")).to_have_text(EVIL)
    expect(vital(panel, "model.version")).to_have_text(EVIL)
    expect(panel.locator(".v-monitor")).to_have_text(EVIL)
    notebook.run(1)
    expect(vital(panel, "training.stage")).to_have_text(EVIL)
    expect(vital(panel, "training.details")).to_have_text(EVIL)
    expect(vital(panel, "training.metrics")).to_contain_text(EVIL)
    expect(panel.locator(".v-notices")).to_contain_text(EVIL)
    notebook.run(2)
    expect(vital(panel, "model.reason")).to_have_text(EVIL)
    expect(panel.locator("[aria-live]")).to_contain_text(EVIL)

    expect(panel.locator("img, script, iframe")).to_have_count(0)
    assert notebook.page.evaluate("window.hacked") is None


def test_a_callback_that_prints_or_raises_breaks_no_cell(open_notebook):
    notebook = open_notebook(
        "from ipyvitals import Monitor\n"
        "monitor = Monitor('churn', interval=0.5, metrics_interval=0.25)\n"
        "def speak(event):\n    print('heard', event.type)\n"
        "def fail(event):\n    raise RuntimeError('the callback is broken')\n"
        "monitor.on('*', speak)\nmonitor.on('*', fail)\n"
        "monitor",
        "done = 0\n"
        "for step in monitor.track(range(300)):\n"
        "    monitor.record(step, step)\n"
        "    done += 1\n"
        "monitor.flush()\n"
        "print('steps', done)",
    )
    notebook.run(0)
    notebook.run(1)
    expect(notebook.cell(1)).to_contain_text("steps 300")
    expect(notebook.page.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(
        0
    )
    panel = notebook.panel(0)
    expect(panel.locator(".v-notices")).to_contain_text("the callback is broken")
    expect(vital(panel, "model.total_predictions")).to_have_text("300")


def test_keyboard_and_screen_reader(open_notebook):
    notebook = open_notebook(
        "from ipyvitals import Monitor\n"
        "monitor = Monitor('churn', interval=0.5, metrics_interval=0.25)\n"
        "run = monitor.training(total=200, stage='Fit')\n"
        "run.update(82)\n"
        "monitor.record_batch([1] * 40, [1] * 40)\n"
        "monitor",
    )
    notebook.run(0)
    panel = notebook.panel(0)
    bar = panel.get_by_role("progressbar", name="Fit")
    expect(bar).to_have_attribute("aria-valuenow", "41")
    expect(bar).to_have_attribute("aria-valuemin", "0")
    expect(bar).to_have_attribute("aria-valuemax", "100")
    expect(panel.locator("[aria-live]")).to_have_count(1)
    expect(panel).to_have_role("region")
    expect(panel).to_have_accessible_name("Model monitor churn")

    chart = panel.locator('[data-chart="current_accuracy"]')
    expect(chart).to_have_role("img")
    expect(chart).to_have_accessible_name("Accuracy, last 5 minutes: 100.0 %")
    chart.hover()
    expect(chart.locator("xpath=..")).to_have_text(re.compile(r"^100\.0 % · \d\d:\d\d:\d\d$"))

    # Charts are no stops of the tab key: from one button to the next.
    panel.get_by_role("button", name="System", exact=True).focus()
    notebook.page.keyboard.press("Shift+Tab")
    assert notebook.page.evaluate("document.activeElement.closest('.ipyvitals-panel') === null")
