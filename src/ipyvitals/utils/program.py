"""Finds the script or the notebook that runs in this process."""

from __future__ import annotations

import os
import sys
from pathlib import PurePath

__all__ = ["source_file"]

SCRIPTS = (".py", ".pyw")
INSTALLED = {"site-packages", "dist-packages"}


def source_file() -> PurePath | None:
    """Return the script that a user started, or the notebook; ``None`` where there is neither.

    A program that was installed, such as ``pytest``, and the ``__main__`` of a package are no
    script of the user's. A notebook is known from Jupyter Server, or from VS Code.
    """
    # The script comes first: a script that a notebook starts inherits the notebook's environment.
    return _script() or _notebook()


def _script() -> PurePath | None:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    path = PurePath(file) if isinstance(file, str) else PurePath()
    library = PurePath(os.__file__).parent
    if path.suffix.lower() not in SCRIPTS or path.stem == "__main__":
        return None
    return None if library in path.parents or INSTALLED & set(path.parts) else path


def _notebook() -> PurePath | None:
    main = sys.modules.get("__main__")
    file = os.environ.get("JPY_SESSION_NAME") or getattr(main, "__vsc_ipynb_file__", None)
    path = PurePath(file) if isinstance(file, str) else PurePath()
    # A console of JupyterLab has a path without a suffix; live collaboration adds a drive.
    return path.with_name(path.name.removeprefix("RTC:")) if path.suffix else None
