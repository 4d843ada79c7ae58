"""Stub until the real one lands."""

from __future__ import annotations

from typing import Any

import msgspec


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Stub."""

    window: int = 500


class DriftWatch:
    """Stub."""

    def __init__(self, settings: Any, notices: Any) -> None: ...


def columns_of(rows: Any) -> Any:
    return None


def as_columns(features: Any, n: int) -> Any:
    return None


def as_row(features: Any) -> Any:
    return None
