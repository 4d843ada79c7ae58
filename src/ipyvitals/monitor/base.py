"""Base class with the state that all mixins of `Monitor` share."""

from __future__ import annotations

from ipyvitals.errors import IpyvitalsWarning
from ipyvitals.monitor.user_warnings import UserWarnings
from ipyvitals.runtime.engine import Engine
from ipyvitals.schema.messages import message
from ipyvitals.utils.user_code import error_text

__all__ = ["MonitorBase"]


class MonitorBase:
    """Holds the engine and the user's warnings; all mixins of `Monitor` derive from this class.

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

    def _report_failure(self, code: str, error: Exception, **args: str) -> None:
        """Report an exception of this package in a call of the user: a notice and a warning."""
        if isinstance(error, IpyvitalsWarning):
            # Where warnings are errors: the refusal of a closed monitor, which is a notice already.
            return
        sentence = message(code, **args, error=error_text(error))
        self._engine.notices.add(code, None, 1, **sentence.args)
        self._user_warnings.warn_failure(sentence)
