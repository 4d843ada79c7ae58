"""Exceptions and warnings of ipyvitals.

::

    Exception
    └── IpyvitalsError
        ├── ArgumentValueError   (also a ValueError)
        │   └── UnknownModelError
        ├── ArgumentTypeError    (also a TypeError)
        ├── MissingFrameworkError (also an ImportError)
        ├── StoreError
        └── TrainingStopped

    UserWarning
    └── IpyvitalsWarning
        ├── ClosedMonitorWarning
        ├── ForkedMonitorWarning
        ├── LabelTypeWarning
        └── MetricWarning
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
    "MetricWarning",
    "MissingFrameworkError",
    "StoreError",
    "TrainingStopped",
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


class MissingFrameworkError(IpyvitalsError, ImportError):
    """A framework that an adapter reports of is not installed."""


class TrainingStopped(IpyvitalsError):  # noqa: N818 - a request is no error
    """Somebody asked a run with ``stop="raise"`` to end.

    Parameters
    ----------
    stage : str
        Stage of the run.
    step : int
        Number of completed steps.
    """

    def __init__(self, stage: str, step: int) -> None:
        super().__init__(f"{stage} was asked to stop at step {step}")
        self.stage = stage
        self.step = step

    def __reduce__(self) -> tuple[type[TrainingStopped], tuple[str, int]]:
        return TrainingStopped, (self.stage, self.step)


class IpyvitalsWarning(UserWarning):
    """Base class of all warnings of ipyvitals."""


class ClosedMonitorWarning(IpyvitalsWarning):
    """A closed monitor received a record and ignored it."""


class ForkedMonitorWarning(IpyvitalsWarning):
    """A monitor in a forked child received a record and ignored it."""


class LabelTypeWarning(IpyvitalsWarning):
    """Predictions and labels can never be equal, e.g. ``"1"`` and ``1``, or ``0.9`` and ``1``."""


class MetricWarning(IpyvitalsWarning):
    """Something of a training run was not taken: a value that is no number, or one too many."""
