"""Deprecated alias of `ipyvitals.schema`; removed in the next release."""

from __future__ import annotations

import warnings

from ipyvitals import schema
from ipyvitals.schema import *  # noqa: F403

__all__ = schema.__all__

warnings.warn(
    "ipyvitals.snapshot is now ipyvitals.schema; the old path goes with the next release",
    DeprecationWarning,
    stacklevel=2,
)
