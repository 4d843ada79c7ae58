"""Finds out whether figures are to be light or dark: from plotly's default, or from JupyterLab."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

__all__ = ["jupyterlab_theme", "page_theme"]

PLUGIN = "@jupyterlab/apputils-extension:themes"
USER_FILE = "@jupyterlab/apputils-extension/themes.jupyterlab-settings"
DARK_WORDS = ("dark", "night", "dracula", "black")
"""Words in the names of dark themes, of which JupyterLab says nothing else in its settings."""

_COMMENT = re.compile(r"^\s*//.*$|/\*[^*]*\*/", re.MULTILINE)
_SETTING = re.compile(r'"(theme|adaptive-theme)"\s*:\s*("[^"\\]*"|true|false)')


def page_theme() -> Literal["light", "dark"]:
    """Return the theme in which figures are drawn when the user names none.

    A default template of plotly that the user chose decides. Otherwise it is the theme of the
    JupyterLab or Notebook in which this kernel runs, as it is set now, and light elsewhere.
    """
    import plotly.io as pio

    chosen = str(pio.templates.default)
    if chosen != "plotly":
        return "dark" if "dark" in chosen else "light"
    # Jupyter Server sets this variable for kernels of notebooks.
    name = jupyterlab_theme() if "JPY_SESSION_NAME" in os.environ else None
    return "dark" if any(word in (name or "").lower() for word in DARK_WORDS) else "light"


def jupyterlab_theme() -> str | None:
    """Return the name of JupyterLab's theme: the user's own, else that of the administrator.

    ``None`` where nobody chose one, where JupyterLab follows the system, and where the settings are
    on another machine.
    """
    found: dict[str, Any] = {}
    for settings in _settings():
        found = settings | found
    return None if found.get("adaptive-theme") else found.get("theme")


def _settings() -> Iterator[dict[str, Any]]:
    """Yield the settings of themes, those that take precedence first."""
    from jupyter_core.paths import jupyter_config_dir, jupyter_path

    folder = os.environ.get("JUPYTERLAB_SETTINGS_DIR")
    users = Path(folder) if folder else Path(jupyter_config_dir(), "lab", "user-settings")
    # JSON with comments, which the parser of Python does not read.
    text = _COMMENT.sub("", _text_of(users / USER_FILE))
    yield {name: json.loads(value) for name, value in _SETTING.findall(text)}
    for path in jupyter_path("lab", "settings", "overrides.json"):
        try:
            overrides = json.loads(_text_of(Path(path)) or "{}").get(PLUGIN, {})
        except (ValueError, AttributeError):
            continue
        if isinstance(overrides, dict):
            yield overrides


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
