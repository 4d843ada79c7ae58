"""Fixtures of the adapters' tests that need large frameworks."""

from __future__ import annotations

from tests.unit.integrations.conftest import monitor, no_monitor

__all__ = ["monitor", "no_monitor"]
