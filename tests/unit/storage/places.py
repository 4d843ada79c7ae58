"""Disks that do not do their part."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, size: str = "1m") -> Iterator[bool]:
    """Mount a disk of its own on a folder; whether this machine lets us."""
    folder.mkdir(exist_ok=True)
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield mounted
    finally:
        if mounted:
            _run("umount", "--lazy", str(folder))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write into a folder; for root that takes a mount."""
    if os.geteuid():
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    if not _run("mount", "--bind", str(folder), str(folder)):
        raise RuntimeError("expected a machine that lets root mount, or another user than root")
    try:
        assert _run("mount", "-o", "remount,ro,bind", str(folder))
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> bool:
    try:
        return not subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return False
