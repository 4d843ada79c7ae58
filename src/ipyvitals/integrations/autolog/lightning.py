"""Makes callbacks for a Trainer of Lightning, which asks for them by entry points."""

from __future__ import annotations

from typing import Any

from ipyvitals.integrations.autolog.controller import controller

__all__ = ["make_callbacks"]


def make_callbacks() -> list[Any]:
    """Return the callbacks of a new Trainer: one while autolog is on, else none."""
    if "lightning" not in controller.enabled:
        return []
    from ipyvitals.integrations.autolog.lightning_callback import AutologCallback

    return [AutologCallback()]
