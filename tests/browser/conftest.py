"""Real browser, real Jupyter server, real kernel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests import oldest
from tests.browser.lab import LabServer, lab_server
from tests.browser.notebook_page import NotebookPage

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
OPEN_MS = 60_000

expect.set_options(timeout=15_000)

OpenNotebook = Callable[..., NotebookPage]


@pytest.fixture(scope="session")
def common_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    with lab_server(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="session")
def oldest_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    folder = tmp_path_factory.mktemp("oldest")
    path = oldest.jupyter_path(folder / "path")
    with lab_server(folder, JUPYTER_PATH=str(path)) as running:
        yield running


@pytest.fixture
def kernel(request: pytest.FixtureRequest) -> str:
    """The kernel of the notebooks that the test opens; its parameter may name the oldest one."""
    return getattr(request, "param", "python3")


@pytest.fixture
def server(kernel: str, request: pytest.FixtureRequest) -> LabServer:
    """A running server that has the kernel."""
    name = "oldest_server" if kernel == oldest.KERNEL else "common_server"
    return request.getfixturevalue(name)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = os.environ.get("IPYVITALS_BROWSER") or find_browser()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=ARGS)
        yield running
        running.close()


def find_browser() -> str:
    found = subprocess.run(
        [sys.executable, ROOT / "scripts" / "find_browser.py"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return found.stdout.strip()


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where screenshots are kept."""
    folder = HERE / "artefacts"
    folder.mkdir(exist_ok=True)
    return folder


class Complaints:
    """What a page said on its console that it should not say."""

    # Jupyter has complaints of its own. The panel's code is loaded by anywidget, from a blob.
    OURS = re.compile("ipyvitals|anywidget|jupyter-widgets|blob:", re.IGNORECASE)

    def __init__(self) -> None:
        self.found: list[str] = []

    def listen(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._note(f"uncaught: {error.stack or error}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"{message.text} ({message.location.get('url', '')})")

    def _note(self, said: str) -> None:
        if self.OURS.search(said):
            self.found.append(said)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page; the test fails when ipyvitals complained on its console.

    Its parameter, if any, is how many pixels make one of CSS.
    """
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000}, device_scale_factor=getattr(request, "param", 1)
    )
    complaints = Complaints()
    opened = context.new_page()
    complaints.listen(opened)
    yield opened
    context.close()
    assert complaints.found == []


@pytest.fixture
def open_notebook(
    server: LabServer, page: Page, kernel: str, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Open a new notebook with the given cells; its kernel ends with the test."""

    def open_it(*cells: str, app: str = "lab") -> NotebookPage:
        stem = re.sub(r"[^a-z0-9]+", "-", request.node.name)
        name = f"{stem}.ipynb"
        # In a workspace of its own JupyterLab opens nothing that another test left open.
        place = f"lab/workspaces/{stem}/tree" if app == "lab" else app
        (server.root / name).write_text(json.dumps(notebook(cells, kernel)), encoding="utf-8")
        page.goto(f"{server.url}/{place}/{name}?token={server.token}")
        opened = NotebookPage(page)
        opened.cells.nth(len(cells) - 1).wait_for(timeout=OPEN_MS)
        opened.wait_for_kernel()
        return opened

    yield open_it
    server.reset()


def notebook(cells: tuple[str, ...], kernel: str = "python3") -> dict[str, object]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{index}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for index, source in enumerate(cells)
        ],
    }
