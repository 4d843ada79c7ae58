"""Finds the path of the file that a history is stored in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ipyvitals.errors import ArgumentTypeError

__all__ = ["VARIABLE", "default_path", "store_path"]

VARIABLE = "IPYVITALS_STORE"
"""Environment variable with the path of another default file, or ``none``."""


def default_path() -> Path | None:
    """Return the default file; ``None`` when the environment turns it off."""
    value = os.environ.get(VARIABLE, "")
    if value:
        return None if value.lower() == "none" else Path(value).expanduser()
    # Outside of a kernel this import takes 30 ms.
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "ipyvitals" / "history.sqlite"


def store_path(store: Any) -> Path | None:
    """Return the path that an argument ``store=`` selects.

    Raises
    ------
    ArgumentTypeError
        When it is no path.
    """
    if store is True:
        return default_path()
    if store is None or store is False:
        return None
    if isinstance(store, (str, os.PathLike)) and os.fspath(store):
        return Path(os.fsdecode(store)).expanduser()
    raise ArgumentTypeError(
        f"store={store!r}: expected the path of a file, True for the default one, or None for none."
    )
