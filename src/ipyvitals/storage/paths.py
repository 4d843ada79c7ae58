"""Which file it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ipyvitals.errors import ArgumentTypeError

__all__ = ["VARIABLE", "default_path", "store_path"]

VARIABLE = "IPYVITALS_STORE"
"""Environment variable that names another default file, or ``none``."""


def default_path() -> Path | None:
    """Return the file that is used where none is named; ``None`` when that is turned off."""
    told = os.environ.get(VARIABLE, "")
    if told:
        return None if told.lower() == "none" else Path(told).expanduser()
    # Takes 30 ms to import where no kernel has done so.
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "ipyvitals" / "history.sqlite"


def store_path(store: Any) -> Path | None:
    """Return the file that ``store=`` means.

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
