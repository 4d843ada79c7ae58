"""Take pictures of the gallery: every state, three widths, light and dark.

    python js/gallery/shoot.py [folder [state,state…]]

Needs playwright and a browser; CHROMIUM names its executable where playwright has none of its own.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
WIDTHS = {820: 2, 300: 5, 260: 5}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each request."""


def main() -> None:
    """Write one picture for each width and theme."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "shots"
    folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=ROOT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page_url = f"http://127.0.0.1:{server.server_port}/js/gallery/index.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for width, columns in WIDTHS.items():
            for theme in ("light", "dark"):
                page = browser.new_page(viewport={"width": 1700, "height": 1000})
                page.on("pageerror", lambda error: sys.stderr.write(f"page error: {error}\n"))
                page.on("console", lambda message: sys.stderr.write(f"{message.text}\n"))
                states = f"&states={sys.argv[2]}" if len(sys.argv) > 2 else ""
                page.goto(f"{page_url}?theme={theme}&width={width}&columns={columns}{states}")
                page.wait_for_selector("body[data-ready]")
                page.screenshot(path=folder / f"{width}-{theme}.png", full_page=True)
                page.close()
        browser.close()
    server.shutdown()
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
