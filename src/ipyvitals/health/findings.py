"""Inputs and results of rules: checks of drift, findings, and verdicts to be stored."""

from __future__ import annotations

import msgspec

from ipyvitals.schema import Rule
from ipyvitals.schema.messages import Args, Message

__all__ = ["DriftCheck", "ErrorChange", "Finding", "Verdict"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule turned on or off: what it saw, against what."""

    rule: Rule
    on: bool
    reason: str
    value: float | None = None
    threshold: float | None = None
    n: int | None = None
    """How many labels, calls, rows or predictions `value` rests on."""
    code: str | None = None
    """Of `reason`; ``None`` in a finding that an older version stored."""
    args: Args = {}

    @property
    def message(self) -> Message:
        """The reason with its code and arguments."""
        return Message(self.reason, self.code, self.args)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a rule, as a checkpoint stores it for the next kernel."""

    threshold: float | None = None
    on: bool = False
    entered: list[bool] = []
    left: list[bool] = []
    """The last flags of its streaks."""
    rising: bool = False
    """Whether the mean error rose; the state of ``error_drift``, stored with that of ``drift``."""


class DriftCheck(msgspec.Struct, frozen=True):
    """One comparison of a window of rows with the reference."""

    feature: str | None
    """The column furthest above its threshold; ``None`` for the predictions."""
    value: float
    threshold: float
    n: int


class ErrorChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the mean error."""

    rising: bool
    """Whether the error rose."""
    value: float
    """Estimated mean error of the `n` labels since the change."""
    threshold: float
    """Mean error of the labels before them."""
    n: int
