"""Copies and pickles a monitor as itself: estimators and callbacks that hold one can be copied.

- In the process of the monitor, a copy is the monitor.
- In another process, a pickle becomes a recorder: a monitor of the same name that counts by itself
  and reports to the first one.
- Where the first one cannot be reached, and years later, a pickle becomes a closed monitor: its
  calls change nothing, and the first record warns.
"""

from __future__ import annotations

import pickle
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import msgspec

from ipyvitals.monitor.names import monitor_names
from ipyvitals.remote.address import Place

if TYPE_CHECKING:
    from ipyvitals.monitor.monitor import Monitor

__all__ = ["IdentityMixin", "monitor_named"]

SHARED = ("accuracy_window", "task", "tolerance", "pending_limit", "label_ttl", "interval")
"""Settings that a recorder takes over."""
FACTS = ("model_id", "name", "version")

_recorders: list[Monitor] = []
"""Recorders of this process: a task that holds one may end before its counts are sent."""


class IdentityMixin:
    """Returns the same monitor for ``copy``, ``deepcopy``, ``sklearn.clone`` and ``pickle``."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __sklearn_clone__(self) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        monitor: Any = self
        return monitor_named, (monitor.name, _address_of(monitor))


def monitor_named(name: str, address: dict[str, Any] | None = None) -> Any:
    """Return the open monitor of a name, or a recorder, or a closed one, which takes nothing.

    Parameters
    ----------
    name : str
    address : dict, optional
        Where the monitor of this name receives reports, and what a recorder takes over from it.
    """
    found = monitor_names.get(name)
    if found is not None and not found.closed and not _reports_elsewhere(found, address):
        return found
    with suppress(msgspec.MsgspecError, KeyError, TypeError):
        recorder = None if address is None else _make_recorder(name, address)
        if recorder is not None:
            _recorders[:] = [one for one in _recorders if not one.closed]
            _recorders.append(recorder)
            return recorder
    from ipyvitals.monitor.monitor import Monitor

    monitor = Monitor(name=name, interval=None, store=None, terminal=False)
    monitor.close()
    return monitor


def _reports_elsewhere(monitor: Any, address: dict[str, Any] | None) -> bool:
    """Return whether a recorder reports to an earlier home than the one it was sent by."""
    engine = monitor._engine
    if engine.sender is None or address is None:
        return False
    return bool(msgspec.to_builtins(engine.place) != address["place"])


def _address_of(monitor: Any) -> dict[str, Any] | None:
    engine = monitor._engine
    if engine.place is None or engine.closed:
        return None
    active = engine.aggregator.active
    return {
        "place": msgspec.to_builtins(engine.place),
        "settings": {name: getattr(engine.settings, name) for name in SHARED},
        "model": {name: getattr(active, name) for name in FACTS} if active.name else None,
        "functions": {
            name: packed
            for name in ("score", "segment_of")
            if (packed := _packed(getattr(engine.settings, name))) is not None
        },
    }


def _make_recorder(name: str, address: dict[str, Any]) -> Monitor | None:
    from ipyvitals.monitor.monitor import Monitor

    place = msgspec.convert(address["place"], Place)
    if place.is_here or not place.can_be_reached():
        return None
    functions = {
        key.removesuffix("_of"): pickle.loads(packed)
        for key, packed in address["functions"].items()
    }
    recorder = Monitor(name=name, store=None, reports=place, **address["settings"], **functions)
    if address["model"] is not None:
        facts = dict(address["model"])
        recorder._engine.deploy(facts.pop("model_id"), announce=False, **facts)
    return recorder


def _packed(function: Any) -> bytes | None:
    """Return a function as bytes; ``None`` for one that cannot be pickled."""
    if function is None:
        return None
    for module in ("pickle", "cloudpickle"):
        # cloudpickle is there where Dask, Ray or joblib pickled the monitor.
        with suppress(Exception):
            packed: bytes = sys.modules[module].dumps(function)
            return packed
    return None
