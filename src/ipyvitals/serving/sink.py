"""Declares the receiver of the calls of a watched model."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["CallSink"]


class CallSink(Protocol):
    """Receives the calls of one watched model. No method may raise."""

    @property
    def owner(self) -> Any:
        """The monitor: of calls inside each other for one owner, the outermost counts."""
        ...

    def monotonic(self) -> float:
        """Return the time in seconds."""
        ...

    def answered(self, answer: Any, rows: Any, seconds: float) -> None:
        """Count a call that returned `answer` for `rows`, the first argument of the call."""
        ...

    def failed(self, error: Exception, seconds: float) -> None:
        """Count a call that raised."""
        ...

    def first_item(self, seconds: float) -> None:
        """Take the seconds from a call to the first item of its stream."""
        ...

    def stream_ended(self, items: int, seconds: float, *, left: bool) -> None:
        """Count a stream that came to its end, or that its reader left."""
        ...
