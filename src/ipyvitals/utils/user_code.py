"""Call code of the user, which may raise anything."""

from __future__ import annotations

import threading

__all__ = ["error_text", "is_interrupt", "safe_repr", "safe_text"]


def is_interrupt(error: BaseException) -> bool:
    """Return whether an exception is the interrupt of a user, which must reach the user's code.

    Python raises the interrupt in the main thread only. A ``KeyboardInterrupt`` in another thread
    comes from code that raises it, and counts as any other failure of that code.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
    )


def safe_text(value: object) -> str:
    """Return ``str(value)``, or the name of the type where that raises."""
    try:
        return str(value)
    except BaseException as error:
        return _instead(value, error)


def safe_repr(value: object) -> str:
    """Return ``repr(value)``, or the name of the type where that raises."""
    try:
        return repr(value)
    except BaseException as error:
        return _instead(value, error)


def error_text(error: object) -> str:
    """Return the type and the text of an exception.

    Examples
    --------
    >>> error_text(ValueError("too long"))
    'ValueError: too long'
    """
    return f"{type(error).__name__}: {safe_text(error)}"


def _instead(value: object, error: BaseException) -> str:
    if is_interrupt(error):
        raise error
    # Python writes no whole number of more than some 4,300 digits in decimal.
    return hex(value) if isinstance(value, int) else f"<{type(value).__name__}>"
