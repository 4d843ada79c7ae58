"""Print the folder that holds ``prometheus`` and ``promtool``; install them where they are missing.

Installed only where the system's package manager needs no password; where there is none, nothing
is printed, and the tests read the metrics with Prometheus' own Python parser instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("prometheus", "promtool")


def find() -> Path | None:
    """Return the folder of the installed programs, or None."""
    found = [shutil.which(name) for name in PROGRAMS]
    return Path(found[0]).parent if found[0] and found[1] else None


def install() -> None:
    """Install the Debian package, whose own service is not started."""
    if shutil.which("apt-get") is None:
        return
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root and not _succeeds(["sudo", "-n", "true"]):
        return
    apt = ["apt-get"] if root else ["sudo", "-n", "apt-get"]
    options = ["install", "-y", "-q", "--no-install-recommends"]
    if _succeeds([*apt, "update", "-q"]):
        _succeeds([*apt, *options, "prometheus"])


def _succeeds(command: list[str]) -> bool:
    try:
        # Standard output is for the path alone.
        return subprocess.run(command, stdout=sys.stderr, check=False).returncode == 0
    except OSError:
        return False


def main() -> int:
    """Print the folder; return the exit code."""
    if find() is None:
        install()
    folder = find()
    if folder is None:
        print(
            "find_prometheus: found no prometheus and promtool, and could not install them; the "
            "tests make do with the parser of prometheus_client",
            file=sys.stderr,
        )
    else:
        print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
