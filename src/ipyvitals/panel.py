"""Deprecated alias of `ipyvitals.jupyter.panel`; removed in the next release."""

from __future__ import annotations

import warnings

from ipyvitals.jupyter.panel import StatusPanel

__all__ = ["StatusPanel"]

warnings.warn(
    "ipyvitals.panel is now ipyvitals.jupyter.panel; the old path goes with the next release",
    DeprecationWarning,
    stacklevel=2,
)
