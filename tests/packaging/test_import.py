"""Importing ipyvitals is cheap, silent, and free of what is only sometimes needed."""

from __future__ import annotations

import subprocess
import sys

LAZY = (
    *("pandas", "plotly", "jupyter_server", "jupyter_core", "sklearn", "matplotlib"),
    *("psutil", "sqlite3", "ipyvitals.storage.client"),
)


def test_import_loads_nothing_that_is_only_sometimes_needed():
    code = f"import sys, ipyvitals; print(*[m for m in {LAZY!r} if m in sys.modules])"

    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stdout.split(), result.stderr) == (0, [], "")


def test_import_starts_no_thread():
    code = "import threading, ipyvitals; print(threading.active_count())"

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "1"
