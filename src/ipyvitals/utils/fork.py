"""Reset objects in a forked child, which has none of the parent's other threads."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Forkable", "renew_in_child"]


class Forkable(Protocol):
    """Object with locks or a thread."""

    def after_fork(self) -> None:
        """Replace the locks, which a missing thread may own, and work without a thread."""
        ...


_members: weakref.WeakSet[Forkable] = weakref.WeakSet()


def renew_in_child(member: Forkable) -> None:
    """Call ``member.after_fork()`` in every forked child; stores only a weak reference."""
    _members.add(member)


def _after_fork() -> None:
    for member in list(_members):
        member.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
