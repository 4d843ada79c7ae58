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
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from ipyvitals.monitor.names import monitor_names
from ipyvitals.remote.address import Place

if TYPE_CHECKING:
    from ipyvitals.monitor.monitor import Monitor

__all__ = ["IdentityMixin", "Way", "address_of", "monitor_named"]

SHARED = ("accuracy_window", "task", "tolerance", "pending_limit", "label_ttl", "interval")
"""Settings that a recorder takes over."""
INTERVAL = 5.0
"""Seconds between readings of a recorder, where the home has no background thread."""
FACTS = ("model_id", "name", "version")

_recorders: dict[Place, Monitor] = {}
"""Recorders of this process: a task that holds one may end before its counts are sent.

Homes of one name, such as two notebooks on one cluster, have a recorder each.
"""


class Way(Protocol):
    """A way home through a cluster, which travels with a pickled monitor."""

    def open(self, folder: str) -> None:
        """Set the route to the home of a folder, where this process belongs to the cluster."""
        ...


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
        return monitor_named, (monitor.name, address_of(monitor))


def monitor_named(name: str, address: dict[str, Any] | None = None) -> Any:
    """Return the open monitor of a name, or a recorder, or a closed one, which takes nothing.

    Parameters
    ----------
    name : str
    address : dict, optional
        Where the monitor of this name receives reports, and what a recorder takes over from it.
    """
    found = monitor_names.get(name)
    if found is not None and not found.closed and found._engine.sender is None:
        return found
    with suppress(msgspec.MsgspecError, KeyError, TypeError):
        if address is None and found is not None and not found.closed:
            return found
        recorder = None if address is None else _recorder(name, address)
        if recorder is not None:
            return recorder
    from ipyvitals.monitor.monitor import Monitor

    monitor = Monitor(name=name, interval=None, store=None, terminal=False)
    monitor.close()
    return monitor


def _recorder(name: str, address: dict[str, Any]) -> Monitor | None:
    """Return the open recorder of a home, or a new one; ``None`` where it cannot be reached."""
    place = msgspec.convert(address["place"], Place)
    recorder = _recorders.get(place) or monitor_names.get(name)
    if recorder is None or recorder.closed or recorder._engine.place != place:
        recorder = _make_recorder(name, place, address)
        if recorder is None:
            return None
        for former in [one for one in _recorders if _recorders[one].closed]:
            del _recorders[former]
        _recorders[place] = recorder
    _deploy_as_home(recorder, address["model"])
    return recorder


def address_of(monitor: Any) -> dict[str, Any] | None:
    """Return where a monitor receives reports, and what a recorder takes over from it."""
    engine = monitor._engine
    if engine.place is None or engine.closed:
        return None
    active = engine.aggregator.active
    return {
        "place": msgspec.to_builtins(engine.place),
        "ways": tuple(monitor._ways),
        "settings": {name: getattr(engine.settings, name) for name in SHARED},
        "model": {name: getattr(active, name) for name in FACTS} if active.name else None,
        "functions": {
            name: packed
            for name in ("score", "segment_of")
            if (packed := _packed(getattr(engine.settings, name))) is not None
        },
    }


def _make_recorder(name: str, place: Place, address: dict[str, Any]) -> Monitor | None:
    from ipyvitals.monitor.monitor import Monitor

    for way in address.get("ways", ()):
        way.open(place.folder)
    if place.is_here or not place.can_be_reached():
        return None
    functions = {
        key.removesuffix("_of"): pickle.loads(packed)
        for key, packed in address["functions"].items()
    }
    settings = {**address["settings"], "interval": address["settings"]["interval"] or INTERVAL}
    return Monitor(name=name, store=None, reports=place, **settings, **functions)


def _deploy_as_home(recorder: Monitor, model: dict[str, Any] | None) -> None:
    """Make the model of a pickle the active one, if the pickle before had another one."""
    if model is None or model == recorder._home_model:
        return
    recorder._home_model = model
    facts = dict(model)
    recorder._engine.deploy(facts.pop("model_id"), announce=False, **facts)


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
