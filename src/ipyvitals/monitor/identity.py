"""Copies and pickles a monitor as itself: estimators and callbacks that hold one can be copied.

- In the process of the monitor, a copy is the monitor.
- A pickle holds the name alone. Where no monitor of that name is open, the pickle becomes a closed
  monitor: its calls change nothing, and the first record warns.
"""

from __future__ import annotations

from typing import Any, Self

__all__ = ["IdentityMixin", "monitor_named"]


class IdentityMixin:
    """Returns the same monitor for ``copy``, ``deepcopy``, ``sklearn.clone`` and ``pickle``."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __sklearn_clone__(self) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return monitor_named, (self.name,)  # type: ignore[attr-defined]


def monitor_named(name: str) -> Any:
    """Return the open monitor of a name, or a closed one, which takes nothing."""
    from ipyvitals.monitor.monitor import Monitor, open_monitor

    found = open_monitor(name)
    if found is not None:
        return found
    monitor = Monitor(name=name, interval=None, store=None, terminal=False)
    monitor.close()
    return monitor
