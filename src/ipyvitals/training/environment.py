"""Reads where a run comes from: notebook, git commit, host, Python and library versions.

The cheap facts are read when the run begins. Git is asked on the sampling thread, at most once a
minute, since the state of a large work tree takes seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from ipyvitals.schema import RunEnvironment
from ipyvitals.utils.program import source_file

__all__ = ["GitReader", "GitState", "RunFacts", "git_reader", "read_environment", "read_git"]

LIBRARIES = (
    *("numpy", "pandas", "polars", "scipy", "sklearn", "torch", "tensorflow", "keras", "jax"),
    *("flax", "lightning", "pytorch_lightning", "transformers", "accelerate", "datasets"),
    *("xgboost", "lightgbm", "catboost", "optuna", "fastai", "skorch", "statsmodels", "river"),
)
"""Libraries whose version is stored where they are loaded."""
GIT_SECONDS = 2.0
FRESH_SECONDS = 60.0
MAX_VERSION_CHARS = 40


class GitState(NamedTuple):
    """The commit of a work tree, and whether its files differ from the commit."""

    commit: str | None = None
    dirty: bool | None = None


class RunFacts(NamedTuple):
    """The facts that are known when a run begins."""

    model_id: str | None = None
    environment: RunEnvironment | None = None
    wants_git: bool = False
    """Whether the state of git is to follow."""


def read_environment() -> RunEnvironment:
    """Return what is known of this process at once, without git."""
    source = source_file()
    return RunEnvironment(
        notebook=None if source is None else source.name,
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
    """Reads the state of the work tree, and remembers it for a minute. One thread reads.

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
        self._known: tuple[float, GitState] | None = None

    def known(self) -> GitState | None:
        """Return the state, if it was read within the last minute."""
        known = self._known
        fresh = known is not None and self._monotonic() - known[0] < FRESH_SECONDS
        return known[1] if known is not None and fresh else None

    def read(self) -> GitState:
        """Return the state; ask git unless it is known."""
        state = self.known()
        if state is None:
            state = self._read()
            self._known = self._monotonic(), state
        return state


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
