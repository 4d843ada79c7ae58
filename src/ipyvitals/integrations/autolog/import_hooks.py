"""Calls a function after a module was imported, without importing it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = ["PostImportFinder"]


class PostImportFinder:
    """Calls `on_import` with a module each time after one of `names` was imported or reloaded.

    The finders of `sys.meta_path` find the module, other people's hooks included; only its loader
    is wrapped until the module has been executed. Any other import costs one look into a set.

    Parameters
    ----------
    on_import : callable
        Called in the thread that imports, with the import lock of the module; must not raise.
    """

    def __init__(self, on_import: Callable[[ModuleType], object]) -> None:
        self._on_import = on_import
        self._names: frozenset[str] = frozenset()
        self._searching = _Searching()

    def watch(self, names: Collection[str]) -> None:
        """Watch these modules instead of those before; none removes the finder."""
        self._names = frozenset(names)
        finders = sys.meta_path
        if self._names and self not in finders:
            finders.insert(0, self)
        elif not self._names and self in finders:
            finders.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec that the other finders have, with a loader that calls back."""
        if fullname not in self._names or fullname in self._searching.names:
            return None
        # A finder that asks the whole path again comes back here.
        self._searching.names.add(fullname)
        try:
            spec = _find_elsewhere(self, fullname, path, target)
        finally:
            self._searching.names.discard(fullname)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            # Only what a loader must have; the base class would import importlib.resources.
            spec.loader = _CallbackLoader(spec.loader, self._on_import)  # type: ignore[assignment]
        return spec


class _Searching(threading.local):
    """Names that the current thread searches."""

    def __init__(self) -> None:
        self.names: set[str] = set()


class _CallbackLoader:
    """Loads a module by its own loader, which the module then has, and calls back."""

    def __init__(self, loader: Any, on_import: Callable[[ModuleType], object]) -> None:
        self._loader = loader
        self._on_import = on_import

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as its own loader does."""
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module by its own loader, and call back."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        # A module may replace itself in `sys.modules`.
        self._on_import(sys.modules.get(module.__name__, module))


def _find_elsewhere(
    own: object, fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        find_spec = getattr(finder, "find_spec", None)
        if finder is own or find_spec is None:
            continue
        spec: ModuleSpec | None = find_spec(fullname, path, target)
        if spec is not None:
            return spec
    return None
