"""The machine under the model unfolds, in a cell and in the sidebar, and moves beside a cell."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.notebook_page import vital
from tests.browser.sidebar import SidebarPage
from tests.browser.test_live import MAKE, rises_while_busy

# Its child holds more memory than the kernel, so that it is among the largest.
WORK = """
import subprocess, sys
from time import perf_counter
hold = "import time; held = bytearray(64 * 2**20); time.sleep(100)"
child = subprocess.Popen([sys.executable, "-c", hold])
end = perf_counter() + 60
while perf_counter() < end:
    sum(range(2_000))
"""


def headline(panel: Locator) -> Locator:
    return panel.get_by_role("button", name="System", exact=True)


@pytest.mark.alone
def test_it_unfolds_by_keyboard_and_follows_a_busy_cell_and_its_child(
    open_notebook, page, artefacts
):
    notebook = open_notebook(MAKE, WORK)
    notebook.run(0)
    panel = notebook.panel(0)
    expect(panel.locator(".v-busy")).to_have_text("no cell running")
    expect(panel.locator(".v-news")).to_contain_text(re.compile(r"(container limit|host) \d"))
    children = vital(panel, "system.process_children")
    expect(children).to_have_count(0)

    headline(panel).focus()
    page.keyboard.press("Enter")
    expect(headline(panel)).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".jp-Notebook.jp-mod-editMode")).to_have_count(0)
    expect(children).to_have_text("0")
    processes = panel.locator(".v-processes li")
    expect(processes).to_have_count(2)

    notebook.start(1)
    expect(children).to_have_text("1")
    expect(processes).to_have_count(3)
    expect(vital(panel, "system.kernel_busy_since")).to_have_text(re.compile(r"^since \d\d:"))
    rises_while_busy(notebook, 1, vital(panel, "system.kernel_busy_seconds"), times=2)
    sidebar = SidebarPage(page).open()
    headline(sidebar.panel).click()
    expect(sidebar.vital("system.process_children")).to_have_text("1")
    rises_while_busy(notebook, 1, sidebar.vital("system.kernel_busy_seconds"), times=2)

    panel.screenshot(path=artefacts / "system-unfolded.png")
    sidebar.element.screenshot(path=artefacts / "sidebar-system-unfolded.png")

    notebook.command("notebook:interrupt-kernel")
    notebook.expect_done(1)
    expect(panel.locator(".v-busy")).to_have_text("no cell running")
    notebook.value("(child.kill(), child.wait())")
    for shown in (children, sidebar.vital("system.process_children")):
        expect(shown).to_have_text("0")

    headline(panel).focus()
    page.keyboard.press("Space")
    expect(children).to_have_count(0)
