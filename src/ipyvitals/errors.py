"""What can go wrong, as types.

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
    """The root of every error that ipyvitals raises on purpose."""


class ArgumentValueError(IpyvitalsError, ValueError):
    """An argument of the right type has a value that makes no sense."""


class ArgumentTypeError(IpyvitalsError, TypeError):
    """An argument is of a type that cannot be used."""


class UnknownModelError(ArgumentValueError):
    """A ``model_id`` names no model of this monitor."""


class StoreError(IpyvitalsError):
    """A file of history cannot be read: it is none, broken, or of a newer version."""


class IpyvitalsWarning(UserWarning):
    """The root of every warning that ipyvitals gives."""


class ClosedMonitorWarning(IpyvitalsWarning):
    """A closed monitor was asked to record something; it was not recorded."""


class ForkedMonitorWarning(IpyvitalsWarning):
    """A monitor was asked to record something in a forked child; it was not recorded."""


class LabelTypeWarning(IpyvitalsWarning):
    """Predictions and labels are of kinds that can never be equal, such as ``"1"`` and ``1``."""
