"""A notebook in the browser, as a person sees it: cells, prompts, outputs and panels."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

BUSY = re.compile(r"\[\*\]")
DONE = re.compile(r"\[\d+\]")
RUN_MS = 30_000
START_MS = 60_000
WATCH_FOR_BUSY = """
prompt => {
    delete prompt.dataset.wasBusy;
    new MutationObserver((_, observer) => {
        if (!prompt.innerText.includes("*")) return;
        prompt.dataset.wasBusy = "yes";
        observer.disconnect();
    }).observe(prompt, {childList: true, characterData: true, subtree: true});
}
"""


class NotebookPage:
    """An open notebook in JupyterLab or Notebook 7.

    Parameters
    ----------
    page : Page
        Where it is open.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")

    def wait_for_kernel(self) -> None:
        """Wait until the kernel is there and has nothing to do."""
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext"
            "?.session?.kernel?.status === 'idle'",
            timeout=START_MS,
        )

    def cell(self, index: int) -> Locator:
        """Return a code cell."""
        return self.cells.nth(index)

    def prompt(self, index: int) -> Locator:
        """Return what stands before a cell: ``[*]:`` while it runs, then its number."""
        return self.cell(index).locator(".jp-InputPrompt")

    def output(self, index: int) -> Locator:
        """Return the output of a cell."""
        return self.cell(index).locator(".jp-OutputArea-child")

    def panel(self, index: int = 0) -> Locator:
        """Return the panel in a cell's output."""
        return self.cell(index).locator(".ipyvitals-panel")

    def start(self, index: int) -> None:
        """Run a cell by its keys, and return while it may still be running."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run(self, index: int, timeout: float = RUN_MS) -> None:
        """Run a cell to its end."""
        prompt = self.prompt(index).element_handle()
        # A number alone does not tell: after a restart it is the same as before.
        prompt.evaluate(WATCH_FOR_BUSY)
        self.start(index)
        self.page.wait_for_function(
            "prompt => prompt.dataset.wasBusy && /\\[\\d+\\]/.test(prompt.innerText)",
            arg=prompt,
            timeout=timeout,
        )

    def expect_busy(self, index: int) -> None:
        """Assert that a cell is running right now."""
        assert BUSY.search(self.prompt(index).inner_text()), "the cell ended too early"

    def expect_done(self, index: int, timeout: float = RUN_MS) -> None:
        """Wait until a cell has ended."""
        expect(self.prompt(index)).to_have_text(DONE, timeout=timeout)

    def value(self, code: str) -> str:
        """Run `code` in the notebook's kernel, unseen, and return the text of its last line."""
        return self.page.evaluate(
            """async code => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({
                    code: "", silent: false, store_history: false,
                    user_expressions: {value: code}, stop_on_error: false,
                });
                const reply = await future.done;
                const value = reply.content.user_expressions.value;
                return value.status === "ok" ? value.data["text/plain"]
                    : `${value.ename}: ${value.evalue}`;
            }""",
            code,
        )

    def save(self) -> None:
        """Save the notebook."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")

    def activate(self) -> None:
        """Bring the notebook back to the front."""
        self.page.locator(".jp-NotebookPanel .jp-Notebook").click(position={"x": 3, "y": 3})

    def command(self, name: str, **arguments: object) -> None:
        """Do what an entry of the application's menus does."""
        self.page.evaluate(
            # Not awaited: some commands wait for the answer to a dialog.
            "([name, arguments]) => { window.jupyterapp.commands.execute(name, arguments); }",
            [name, arguments],
        )


def vital(panel: Locator, name: str) -> Locator:
    """Return the element of a panel that shows a field, such as ``"model.status"``."""
    return panel.locator(f'[data-vital="{name}"]')


def readout(chart: Locator) -> Locator:
    """Return the element that shows the point under a chart's cursor."""
    return chart.locator("xpath=../*[contains(@class, 'v-readout')]")


def reading(chart: Locator) -> str:
    """Return what a chart shows of the point under its cursor, ``"94.0 % · 14:02:11"``."""
    return readout(chart).inner_text()
