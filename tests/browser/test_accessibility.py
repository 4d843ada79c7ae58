"""No state of the panel or of the sidebar has a serious accessibility problem, as axe sees it."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
AXE = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
READY_MS = 30_000

RUN_AXE = """
async () => {
    const { violations, passes } = await axe.run(document.body, { resultTypes: ["violations"] });
    return {
        passed: passes.length,
        violations: violations.map(({ id, impact, help, nodes }) => ({
            id, impact, help,
            where: nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`),
        })),
    };
}
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    """Build the gallery and serve the repository; return the address of the gallery's folder."""
    build = [sys.executable, ROOT / "scripts" / "frontend.py", "npm", "run", "gallery:build"]
    subprocess.run(build, check=True, stdout=sys.stderr)
    handler = functools.partial(QuietHandler, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/js/gallery"
        server.shutdown()
        thread.join()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """Open a page of the gallery's width; fail if a script of it fails."""
    context = browser.new_context(viewport={"width": 900, "height": 1000})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def serious_violations(page: Page) -> list[dict[str, Any]]:
    """Run axe on the page; return the violations that keep somebody from using it."""
    page.add_script_tag(path=AXE)
    result = page.evaluate(RUN_AXE)
    assert result["passed"] > 10, "axe has checked next to nothing"
    return [one for one in result["violations"] if one["impact"] in SERIOUS]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [820, 300])
def test_every_state_of_the_panel(gallery: str, plain_page: Page, theme: str, width: int) -> None:
    plain_page.goto(f"{gallery}/index.html?theme={theme}&width={width}")
    plain_page.wait_for_selector("body[data-ready]", timeout=READY_MS)
    assert plain_page.locator(".ipyvitals-panel").count() >= 20
    assert serious_violations(plain_page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_state_of_sidebar_and_status_bar(gallery: str, plain_page: Page, theme: str) -> None:
    plain_page.goto(f"{gallery}/sidebar.html?theme={theme}")
    plain_page.wait_for_selector("body[data-ready]", timeout=READY_MS)
    assert plain_page.locator(".ipyvitals-sidebar").count() >= 15
    assert plain_page.locator(".ipyvitals-statusbar button").count() >= 5
    assert serious_violations(plain_page) == []


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        ("panel.querySelector('.v-spark').removeAttribute('aria-label')", "role-img-alt"),
        ("panel.querySelector('.v-note').style.opacity = '0.4'", "color-contrast"),
        ("panel.querySelector('button').replaceChildren()", "button-name"),
    ],
)
def test_a_problem_would_be_found(gallery: str, plain_page: Page, harm: str, rule: str) -> None:
    plain_page.goto(f"{gallery}/index.html?states=live")
    plain_page.wait_for_selector("body[data-ready]", timeout=READY_MS)
    plain_page.locator(".ipyvitals-panel").evaluate(f"panel => {{ {harm}; }}")
    assert [one["id"] for one in serious_violations(plain_page)] == [rule]
