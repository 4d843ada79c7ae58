"""Print the path of a Chrome or Chromium, and install one where there is none.

First what is there (``CHROME_PATH``, the PATH, the usual places, Playwright's own), then the
system's package manager where that needs no password, then Playwright's download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
WINDOWS_PLACE = "Google/Chrome/Application/chrome.exe"
WINDOWS_ROOTS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")


def candidates() -> Iterator[Path]:
    """Yield where a browser may be, the most deliberate place first."""
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            yield Path(found)
    yield from map(Path, MAC_PLACES)
    for root in WINDOWS_ROOTS:
        if root in os.environ:
            yield Path(os.environ[root], WINDOWS_PLACE)
    with sync_playwright() as playwright:
        yield Path(playwright.chromium.executable_path)


def runs(program: Path) -> bool:
    """Return whether the browser starts: a Linux stub that only points to a snap does not."""
    if not program.is_file():
        return False
    if sys.platform == "win32":
        # Chrome on Windows opens a window when asked for its version.
        return True
    try:
        said = subprocess.run([program, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0


def find() -> Path | None:
    """Return an installed browser, or None."""
    return next((program for program in candidates() if runs(program)), None)


def installers() -> Iterator[list[list[str]]]:
    """Yield ways to install a browser, each a list of commands."""
    if shutil.which("apt-get"):
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        if root or _succeeds(["sudo", "-n", "true"]):
            apt = ["apt-get"] if root else ["sudo", "-n", "apt-get"]
            yield [[*apt, "update", "-q"], [*apt, "install", "-y", "-q", "chromium"]]
    yield [[sys.executable, "-m", "playwright", "install", "chromium"]]


def _succeeds(command: list[str]) -> bool:
    try:
        # Standard output is for the path alone.
        return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
    except OSError:
        return False


def main() -> int:
    """Print the path; return the exit code."""
    chosen = os.environ.get("CHROME_PATH")
    if chosen:
        if not runs(Path(chosen)):
            print(f"find_browser: CHROME_PATH={chosen!r} does not start", file=sys.stderr)
            return 1
        print(chosen)
        return 0
    program = find()
    for commands in installers() if program is None else ():
        if all(map(_succeeds, commands)) and (program := find()) is not None:
            break
    if program is None:
        print(
            "find_browser: expected Chrome or Chromium, found none and could not install one; "
            "install it, or set CHROME_PATH to its program",
            file=sys.stderr,
        )
        return 1
    print(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
