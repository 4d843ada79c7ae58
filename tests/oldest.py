"""The environment with the oldest packages that the kernel's side supports."""

from __future__ import annotations

import json
from pathlib import Path

KERNEL = "oldest"
"""The name of its kernelspec."""
ENVIRONMENT = Path(__file__).parents[1] / ".venv-oldest"
PYTHON = ENVIRONMENT / "bin" / "python"


def jupyter_path(folder: Path) -> Path:
    """Make a JUPYTER_PATH in `folder`, for a server that is to know its kernel."""
    if not PYTHON.exists():
        raise FileNotFoundError(f"expected {PYTHON}, found none; run: scripts/setup dev")
    spec = {
        "argv": [str(PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": KERNEL,
        "language": "python",
    }
    kernel = folder / "kernels" / KERNEL
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    # A panel in a cell needs the page's part of anywidget to be as old as the kernel's.
    extensions = folder / "labextensions"
    extensions.mkdir()
    installed = ENVIRONMENT / "share" / "jupyter" / "labextensions"
    (extensions / "anywidget").symlink_to(installed / "anywidget")
    return folder
