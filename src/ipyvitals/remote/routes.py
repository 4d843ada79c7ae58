"""Routes of this process to its homes, where a cluster carries the reports instead of a folder."""

from __future__ import annotations

import os
from typing import Protocol

__all__ = ["Sink", "route_to", "set_route"]


class Sink(Protocol):
    """Takes the reports of one process."""

    def __call__(self, token: str, data: bytes) -> None:
        """Send one report; may raise, and is called again with the next report."""
        ...


_routes: dict[str, tuple[int, Sink]] = {}
"""By the folder of the home, which identifies it; with the process that can use the route."""


def set_route(folder: str, send: Sink | None) -> None:
    """Send reports to the home of a folder by `send` from now on; ``None`` removes the route."""
    if send is None:
        _routes.pop(folder, None)
    else:
        _routes[folder] = os.getpid(), send


def route_to(folder: str) -> Sink | None:
    """Return the route to the home of a folder; ``None`` where there is none.

    A child by ``fork`` has none: connections of a cluster belong to the process that opened them.
    """
    pid, send = _routes.get(folder, (0, None))
    return send if pid == os.getpid() else None
