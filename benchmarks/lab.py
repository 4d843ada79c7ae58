"""A JupyterLab of its own, and a browser that shows a notebook in it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.fresh import ROOT
from benchmarks.jupyter import START_SECONDS, stop, wait_for_url
from benchmarks.kernel import private_environment

if TYPE_CHECKING:
    from playwright.sync_api import Page

BROWSER_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NOTEBOOK = "bench.ipynb"


@contextmanager
def lab(cells: list[str]) -> Iterator[tuple[str, str]]:
    """Start JupyterLab with a notebook of these cells; yield the notebook's URL and the token."""
    with tempfile.TemporaryDirectory(prefix="ipyvitals-bench-") as name:
        folder = Path(name)
        token = secrets.token_hex(16)
        notebooks = folder / "notebooks"
        notebooks.mkdir()
        (notebooks / NOTEBOOK).write_text(json.dumps(_notebook(cells)), encoding="utf-8")
        options = [
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",
            "--ServerApp.open_browser=False",
            # Should this process be killed, the server ends by itself.
            "--ServerApp.shutdown_no_activity_timeout=600",
            f"--ServerApp.root_dir={notebooks}",
            f"--ServerApp.allow_root={os.name == 'posix' and os.geteuid() == 0}",
            "--LabApp.extension_manager=readonly",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.news_url=None",
        ]
        with (folder / "log").open("w+", encoding="utf-8") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                cwd=notebooks,
                env={**private_environment(folder), "JUPYTER_TOKEN": token},
                stdout=log,
                stderr=log,
            )
            try:
                url = wait_for_url(server, folder / "runtime", folder / "log")
                yield f"{url}lab/tree/{NOTEBOOK}", token
            finally:
                stop(server)


def _notebook(cells: list[str]) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "source": source,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(cells)
        ],
    }


def browser_path() -> str:
    """Return the browser that tests use as well, or one that `scripts/find_browser.py` finds."""
    given = os.environ.get("IPYVITALS_BROWSER")
    if given:
        return given
    script = ROOT / "scripts" / "find_browser.py"
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def page_of(url: str, token: str) -> Iterator[Page]:
    """Open the notebook in a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_OPTIONS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.goto(f"{url}?token={token}")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=1e3 * START_SECONDS)
            # The status bar knows when the page is connected to the kernel, not before.
            page.wait_for_selector("text=/\\| Idle$/", timeout=1e3 * START_SECONDS)
            yield page
        finally:
            browser.close()
