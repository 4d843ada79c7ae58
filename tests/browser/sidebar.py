"""The sidebar in the browser, as a person uses it."""

from __future__ import annotations

import json

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import notebook
from tests.browser.lab import LabServer
from tests.browser.notebook_page import NotebookPage, vital

# Nothing in this loop lets another thread run by itself.
COMPUTE = """
from time import perf_counter
start, right = perf_counter(), 0
with monitor.training(total=2000, stage="Fit", details="pure Python") as run:
    while (passed := perf_counter() - start) < 100:
        loss = sum(1.0 / step for step in range(1, 2_000))
        right = (right + 1) % 20
        monitor.record("stays", "stays" if right else "leaves", latency=0.004)
        run.update(int(20 * passed), loss=loss)
"""
TRACK = """
for step in monitor.track(range(10**9), stage="Fit"):
    sum(range(2_000))
"""
DEGRADE = """
monitor.record_batch(["stays"] * 100, ["stays"] * 95 + ["leaves"] * 5)
monitor.record_batch(["stays"] * 60, ["leaves"] * 60)
"""


def make(name: str, version: str = "2.1") -> str:
    """Return a cell that makes a monitor, and shows no panel."""
    return (
        "from ipyvitals import Monitor, Thresholds\n"
        f"monitor = Monitor({name!r}, version={version!r}, interval=0.5, metrics_interval=0.25,\n"
        "    thresholds=Thresholds(accuracy=0.85))"
    )


class SidebarPage:
    """The sidebar of an open page.

    Parameters
    ----------
    page : Page
        Where it is open.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.element = page.locator("#ipyvitals-sidebar")
        self.panel = self.element.locator(".ipyvitals-panel")
        self.status = page.locator("#ipyvitals-statusbar button")

    def open(self) -> SidebarPage:
        """Bring it to the front."""
        self.page.wait_for_function(
            "() => window.jupyterapp?.commands.hasCommand('ipyvitals:open')"
        )
        self.page.evaluate("window.jupyterapp.commands.execute('ipyvitals:open')")
        expect(self.element).to_be_visible()
        return self

    def vital(self, name: str) -> Locator:
        """Return the element that shows a field of the notebook in front."""
        return vital(self.panel, name)

    def row(self, place: str) -> Locator:
        """Return the line of another notebook."""
        return self.element.locator("[data-kernel-id]", has_text=place)

    def button(self, text: str) -> Locator:
        """Return a button."""
        return self.element.get_by_role("button", name=text, exact=True)

    def toast(self, text: str) -> Locator:
        """Return a notification."""
        return self.page.locator(".Toastify__toast", has_text=text)

    def set(self, plugin: str, settings: str) -> None:
        """Change a plugin's settings, and load the page anew."""
        self.page.evaluate(
            "([plugin, text]) => window.jupyterapp.serviceManager.settings.save(plugin, text)",
            [plugin, settings],
        )
        self.page.reload()

    def hide(self, hidden: bool = True) -> None:
        """Tell the page that its tab went to the back, or came to the front again."""
        self.page.evaluate(
            """state => {
                Object.defineProperty(document, "visibilityState", {
                    configurable: true, get: () => state,
                });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            "hidden" if hidden else "visible",
        )


def write(server: LabServer, name: str, *cells: str) -> str:
    """Write a notebook, and return its name."""
    (server.root / name).write_text(json.dumps(notebook(cells)), encoding="utf-8")
    return name


def open_beside(page: Page, name: str) -> NotebookPage:
    """Open another notebook in a tab of the same JupyterLab."""
    opened = NotebookPage(page)
    opened.command("docmanager:open", path=name)
    page.wait_for_function(
        "name => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=name
    )
    opened.cells = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-CodeCell")
    opened.wait_for_kernel()
    return opened
