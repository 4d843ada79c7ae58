"""The hyperparameters of a run, as numbers, texts and flags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from math import isfinite
from typing import Any, TypeAlias

from ipyvitals.utils.user_code import safe_text

__all__ = ["MAX_VALUES", "RunConfig", "plain_value"]

Plain: TypeAlias = str | float | bool | None

MAX_VALUES = 100
MAX_TEXT_CHARS = 200


class RunConfig(MutableMapping[str, Any]):
    """Takes each value at the call: a number, a text, a flag, or the text of anything else.

    Of one run 100 values are taken; `on_full` is called with the name of the first one beyond.

    Examples
    --------
    >>> config = RunConfig()
    >>> config.update(lr=0.1, layers=[64, 64])
    >>> dict(config)
    {'lr': 0.1, 'layers': '[64, 64]'}
    """

    def __init__(self) -> None:
        self._values: dict[str, Plain] = {}
        self.on_full: Callable[[str], object] | None = None

    def __setitem__(self, name: str, value: Any) -> None:
        name = safe_text(name)[:MAX_TEXT_CHARS]
        if name in self._values or len(self._values) < MAX_VALUES:
            self._values[name] = plain_value(value)
        elif self.on_full is not None:
            on_full, self.on_full = self.on_full, None
            on_full(name)

    def __getitem__(self, name: str) -> Plain:
        return self._values[name]

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def plain(self) -> dict[str, Plain]:
        """Return a copy."""
        return dict(self._values)


def plain_value(value: Any) -> Plain:
    """Return a number, a text or a flag as it is, and of anything else its text."""
    if value is None or isinstance(value, bool):
        return value
    try:
        if not isinstance(value, (str, bytes)):
            number = float(value)
            if isfinite(number):
                return int(value) if isinstance(value, int) and abs(value) < 2**53 else number
    except Exception:
        pass
    try:
        return str(value)[:MAX_TEXT_CHARS]
    except Exception:
        # The user's own __str__ may raise anything.
        return type(value).__name__
