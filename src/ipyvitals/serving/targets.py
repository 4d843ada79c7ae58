"""Checks what is to be watched, and finds its name, version and methods."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from types import ModuleType
from typing import Any

from ipyvitals.errors import ArgumentTypeError, ArgumentValueError
from ipyvitals.serving.stand_in import CALL

__all__ = ["check_methods", "check_target", "target_facts"]


def check_target(target: Any) -> None:
    """Check that a target is something whose calls can be watched."""
    if isinstance(target, type):
        raise ArgumentTypeError(
            f"watch(): expected a fitted model or a function, got the class {target.__name__}; "
            "watch an instance of it."
        )


def check_methods(target: Any, methods: Any) -> tuple[str, ...]:
    """Return the names of the methods to watch, each of which the target has.

    ``None`` is `predict`, and the call of a target that can be called.
    """
    if methods is None:
        found = tuple(name for name in ("predict", CALL) if _has(target, name))
        if found:
            return found
        raise ArgumentTypeError(
            f"watch(): expected a model with predict(), or something to call, got "
            f"{type(target).__name__}; name its methods by methods=."
        )
    names = (methods,) if isinstance(methods, str) else methods
    if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
        raise ArgumentTypeError(f"methods={methods!r}: expected names of methods.")
    names = tuple(dict.fromkeys(names))
    if not names:
        raise ArgumentValueError("methods=(): expected the name of at least one method.")
    for name in names:
        if not _has(target, name):
            raise ArgumentValueError(
                f"methods={methods!r}: {type(target).__name__} has no method {name!r} to call."
            )
    return names


def target_facts(target: Any) -> tuple[str, str | None]:
    """Return the name of a function or of the class of a model, and the version if it is known.

    A model of MLflow has the name under which it was logged, and the id of that run as version.
    """
    while isinstance(target, partial):
        target = target.func
    bound_to = getattr(target, "__self__", None)
    if bound_to is not None and not isinstance(bound_to, ModuleType):
        target = bound_to
    name, version = getattr(target, "__name__", None), None
    if target.__class__.__module__.startswith("mlflow."):
        metadata = getattr(target, "metadata", None)
        version = getattr(metadata, "run_id", None)
        name = getattr(metadata, "name", None) or getattr(metadata, "artifact_path", None)
    if not isinstance(name, str):
        name = target.__class__.__name__
    return name, version if isinstance(version, str) else None


def _has(target: Any, name: str) -> bool:
    return callable(target) if name == CALL else callable(getattr(target, name, None))
