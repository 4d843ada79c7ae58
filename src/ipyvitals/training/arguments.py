"""Checks the arguments of ``training`` and ``track``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import length_hint
from typing import Any

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.training.config import plain_value
from ipyvitals.training.loop import TrackLoop
from ipyvitals.training.run import TrainingRun
from ipyvitals.utils.storable import MAX_INTEGER
from ipyvitals.utils.user_code import safe_repr, safe_text

__all__ = [
    "CONTEXT",
    "check_facts",
    "check_initial",
    "check_parent",
    "check_total",
    "length_of",
]

CONTEXT: Any = ...
"""The default of ``parent=``: the run that is open in the context."""


def check_parent(parent: Any) -> TrainingRun | None:
    """Return the run that another one is to be inside of."""
    run = parent.run if isinstance(parent, TrackLoop) else parent
    if run is not None and not isinstance(run, TrainingRun):
        raise ArgumentTypeError(
            f"parent={safe_repr(parent)}: expected a run, as training() returns it, or None for a "
            "run of its own."
        )
    return run


def check_facts(name: Any, config: Any, tags: Any, goals: Any, unit: Any) -> dict[str, Any]:
    """Return the description of a run, checked."""
    if config is not None and not isinstance(config, Mapping):
        raise ArgumentTypeError(
            f"config={safe_repr(config)}: expected a mapping of names to values."
        )
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise ArgumentTypeError(f"tags={safe_repr(tags)}: expected a list of texts.")
    if goals is not None and not isinstance(goals, Mapping):
        raise ArgumentTypeError(
            f"goals={safe_repr(goals)}: expected a mapping of metrics to 'min' or 'max'."
        )
    goals = dict(goals or {})
    for metric, goal in goals.items():
        if not isinstance(goal, str) or goal not in ("min", "max"):
            raise ArgumentValueError(
                f"goals: expected 'min' or 'max' for {metric!r}, got {safe_repr(goal)}."
            )
    # Before a lock is acquired: the text of a value may be code of the user.
    plain = {safe_text(one): plain_value(value) for one, value in dict(config or {}).items()}
    return {
        "name": None if name is None else safe_text(name),
        "config": plain,
        "tags": [safe_text(tag) for tag in tags],
        "goals": goals,
        "unit": None if unit is None else safe_text(unit),
    }


def length_of(iterable: Any) -> int | None:
    """Return the length of an iterable, or ``None``."""
    try:
        hint = length_hint(iterable, -1)
    except Exception:
        # Some streaming data loaders have a __len__ that raises other errors than TypeError.
        return None
    return None if hint < 0 else hint


def check_initial(initial: Any) -> int:
    """Return the number of steps that were done before."""
    count = check_total(initial, "initial", "or leave it out where none were done")
    return 0 if count is None else count


def check_total(
    total: Any, name: str = "total", otherwise: str = "or None where it is not known"
) -> int | None:
    """Return the number of steps of a run."""
    if total is None:
        return None
    try:
        count = int(total)
        if 0 <= count <= MAX_INTEGER and count == total:
            return count
    except Exception:
        # What is no number may raise anything.
        pass
    raise ArgumentValueError(
        f"{name}={safe_repr(total)}: expected a whole number of steps, 0 or more, {otherwise}."
    )
