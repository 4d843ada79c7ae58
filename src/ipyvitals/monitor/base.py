"""The state that all parts of `Monitor` share."""

from __future__ import annotations

from ipyvitals.monitor.user_warnings import UserWarnings
from ipyvitals.runtime.engine import Engine

__all__ = ["MonitorBase"]


class MonitorBase:
    """Holds the engine and the user's warnings; the parts of `Monitor` derive from it.

    Parameters
    ----------
    engine : Engine
        Counts, evaluates, publishes and stores.
    user_warnings : UserWarnings
        Warns on the user's own thread.
    """

    def __init__(self, engine: Engine, user_warnings: UserWarnings) -> None:
        self._engine = engine
        self._user_warnings = user_warnings
