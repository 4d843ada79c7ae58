"""Reads where a run comes from: notebook, git commit, host, Python and library versions.

The cheap facts are read when the run begins. Git is asked by a thread of its own, once for all
runs that begin within a minute, since the state of a large work tree takes seconds.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from ipyvitals.schema import RunEnvironment

__all__ = ["GitReader", "GitState", "RunFacts", "git_reader", "read_environment", "read_git"]

LIBRARIES = (
    *("numpy", "pandas", "polars", "scipy", "sklearn", "torch", "tensorflow", "keras", "jax"),
    *("flax", "lightning", "pytorch_lightning", "transformers", "accelerate", "datasets"),
    *("xgboost", "lightgbm", "catboost", "optuna", "fastai", "skorch", "statsmodels", "river"),
)
"""Libraries whose version is stored where they are loaded."""
GIT_SECONDS = 5.0
FRESH_SECONDS = 60.0
MAX_VERSION_CHARS = 40


class GitState(NamedTuple):
    """The commit of a work tree, and whether its files differ from the commit."""

    commit: str | None = None
    dirty: bool | None = None


class RunFacts(NamedTuple):
    """What is known when a run begins."""

    model_id: str | None = None
    environment: RunEnvironment | None = None
    git: GitReader | None = None
    """Reads the state of git later; ``None`` where that is not wanted."""


def read_environment() -> RunEnvironment:
    """Return what is known of this process at once, without git."""
    return RunEnvironment(
        notebook=_source(),
        host=_host(),
        python=".".join(map(str, sys.version_info[:3])),
        libraries=_versions(),
    )


def read_git(folder: str | None = None) -> GitState:
    """Return the state of the work tree around a folder; unknown outside one, or without git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return GitState()
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return GitState(commit, None if changes is None else bool(changes))


class GitReader:
    """Reads the state of the work tree on a thread of its own, and remembers it for a minute.

    Parameters
    ----------
    read : callable
        Returns the state.
    monotonic : callable
        Returns seconds.
    """

    def __init__(
        self,
        read: Callable[[], GitState] = read_git,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: tuple[float, GitState] | None = None

    def request(self, take: Callable[[GitState], None]) -> threading.Thread:
        """Call `take` with the state, on a thread of its own."""
        thread = threading.Thread(
            target=self._answer, args=(take,), name="ipyvitals-git", daemon=True
        )
        thread.start()
        return thread

    def _answer(self, take: Callable[[GitState], None]) -> None:
        with self._lock:
            now = self._monotonic()
            if self._known is None or now - self._known[0] > FRESH_SECONDS:
                self._known = now, self._read()
            state = self._known[1]
        take(state)


def _git(folder: str | None, *args: str) -> str | None:
    # Imported late: with it, the import of ipyvitals takes longer.
    import subprocess

    try:
        done = subprocess.run(
            # Without the lock, since a commit of the user's must not find the index locked.
            ["git", "--no-optional-locks", *args],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            stdin=subprocess.DEVNULL,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _source() -> str | None:
    """Return the name of the notebook, or of the script."""
    path = os.environ.get("JPY_SESSION_NAME") or getattr(sys.modules["__main__"], "__file__", None)
    return PurePath(path).name if path else None


@cache
def _host() -> str | None:
    import socket

    try:
        return socket.gethostname() or None
    except OSError:
        return None


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            found[name] = version[:MAX_VERSION_CHARS]
    return found


git_reader = GitReader()
"""The instance for this process."""
