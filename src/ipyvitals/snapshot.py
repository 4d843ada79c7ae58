"""Alias of `ipyvitals.schema`, for one release."""

from __future__ import annotations

from ipyvitals.schema import *  # noqa: F403
