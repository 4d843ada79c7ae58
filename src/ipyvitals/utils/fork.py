"""What must be renewed in a forked child, where the parent's threads do not exist."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["Forkable", "renew_in_child"]


class Forkable(Protocol):
    """Something that holds locks, or counts on a thread."""

    def after_fork(self) -> None:
        """Replace the locks, whose holders may be gone, and go on without a thread."""
        ...


_members: weakref.WeakSet[Forkable] = weakref.WeakSet()


def renew_in_child(member: Forkable) -> None:
    """Call ``member.after_fork()`` in every child that this process forks; held weakly."""
    _members.add(member)


def _after_fork() -> None:
    for member in list(_members):
        member.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
