"""Exceptions and warnings of ipyvitals.

::

    Exception
    └── IpyvitalsError
        ├── ArgumentValueError   (also a ValueError)
        │   └── UnknownModelError
        ├── ArgumentTypeError    (also a TypeError)
        └── StoreError

    UserWarning
    └── IpyvitalsWarning
        ├── ClosedMonitorWarning
        ├── ForkedMonitorWarning
        └── LabelTypeWarning
"""

from __future__ import annotations

__all__ = [
    "ArgumentTypeError",
    "ArgumentValueError",
    "ClosedMonitorWarning",
    "ForkedMonitorWarning",
    "IpyvitalsError",
    "IpyvitalsWarning",
    "LabelTypeWarning",
    "StoreError",
    "UnknownModelError",
]


class IpyvitalsError(Exception):
    """Base class of all errors that ipyvitals raises on purpose."""


class ArgumentValueError(IpyvitalsError, ValueError):
    """An argument has the right type, but an invalid value."""


class ArgumentTypeError(IpyvitalsError, TypeError):
    """An argument has an unsupported type."""


class UnknownModelError(ArgumentValueError):
    """No model of this monitor has the given ``model_id``."""


class StoreError(IpyvitalsError):
    """A history file cannot be read: it is no history file, corrupt, or of a newer version."""


class IpyvitalsWarning(UserWarning):
    """Base class of all warnings of ipyvitals."""


class ClosedMonitorWarning(IpyvitalsWarning):
    """A closed monitor received a record and ignored it."""


class ForkedMonitorWarning(IpyvitalsWarning):
    """A monitor in a forked child received a record and ignored it."""


class LabelTypeWarning(IpyvitalsWarning):
    """Predictions and labels can never be equal, e.g. ``"1"`` and ``1``, or ``0.9`` and ``1``."""
