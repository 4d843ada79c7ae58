"""`VerdictSettings`: the evidence that a verdict needs, and the checks of every threshold."""

from __future__ import annotations

from functools import cache
from math import inf, isfinite
from numbers import Real
from types import NoneType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_type_hints

import msgspec

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError

__all__ = ["Percent", "Policy", "Ratio", "Seconds", "VerdictSettings"]

Policy: TypeAlias = Literal["threshold", "confident"]

Ratio: TypeAlias = Annotated[float | None, 1.0]
"""A threshold from 0 to 1, or ``None`` for a rule that is off."""
Percent: TypeAlias = Annotated[float | None, 100.0]
Seconds: TypeAlias = Annotated[float | None, inf]


class VerdictSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that a verdict needs; the base of `Thresholds`, which documents the fields.

    A subclass checks its own fields by their types: a `Ratio`, `Percent` or `Seconds` is a number
    from 0 to the upper end or ``None``, an ``int`` is 1 or more.
    """

    policy: Policy = "threshold"
    min_labels: int = 30
    label_hold: int = 20
    recovery_margin: Annotated[float, 1.0] = 0.02
    min_calls: int = 30
    look_hold: int = 3

    def __post_init__(self) -> None:
        for name, kind in _kinds(type(self)).items():
            value: Any = getattr(self, name)
            if kind == Policy:
                if value not in get_args(Policy):
                    raise ArgumentValueError(
                        f"Thresholds(policy={value!r}): expected 'threshold' or 'confident'."
                    )
            elif kind is bool:
                if not isinstance(value, bool):
                    hint = "; how sensitive it is, Monitor(drift=Drift(alpha=…)) says"
                    raise ArgumentTypeError(
                        f"Thresholds({name}=…): expected True or False, got {value!r}"
                        f"{hint if name == 'drift' else ''}."
                    )
            elif value is not None or not _may_be_off(kind):
                # A NumPy number is no number to msgspec: no event that bore it could be sent.
                msgspec.structs.force_setattr(self, name, _checked_number(name, value, kind))


@cache
def _kinds(settings: type[VerdictSettings]) -> dict[str, Any]:
    return get_type_hints(settings, include_extras=True)


def _may_be_off(kind: Any) -> bool:
    return kind is not int and NoneType in get_args(get_args(kind)[0])


def _checked_number(name: str, value: Any, kind: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        wanted = "a number or None" if _may_be_off(kind) else "a number"
        raise ArgumentTypeError(f"Thresholds({name}=…): expected {wanted}, got {value!r}.")
    number = float(value)
    if kind is int:
        if not (number >= 1 and number.is_integer()):
            raise ArgumentValueError(
                f"Thresholds({name}=…): expected a whole number, 1 or more, got {value!r}."
            )
        return int(number)
    (top,) = kind.__metadata__
    if not (isfinite(number) and 0 <= number <= top):
        hint = f" Do you mean {number / 100:g}?" if top == 1 and 1 < number <= 100 else ""
        raise ArgumentValueError(
            f"Thresholds({name}=…): expected a value from 0 to {top:g}, got {value!r}.{hint}"
        )
    return number
