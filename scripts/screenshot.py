"""Run the quickstart notebook in a browser, and keep its last panel as docs/panel.png."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST = ROOT / "tests" / "browser" / "test_quickstart.py"
TAKEN = ROOT / "tests" / "browser" / "artefacts" / "quickstart.png"
KEPT = ROOT / "docs" / "panel.png"


def main() -> int:
    """Take the picture; return the exit code."""
    ran = subprocess.run([sys.executable, "-m", "pytest", TEST], cwd=ROOT, check=False)
    if ran.returncode == 0:
        shutil.copyfile(TAKEN, KEPT)
        print(KEPT.relative_to(ROOT))
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
