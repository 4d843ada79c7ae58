"""The public class `Monitor`, composed of one mixin per group of methods.

In: the calls of the user: predictions, labels, training progress, deployments, thresholds.
Arguments are checked here, before anything is recorded, and errors are raised here.

Out: return values of those calls, and warnings on the user's own thread. Everything else is
delegated to `ipyvitals.runtime.engine.Engine`.

Locks: one a name, while a monitor of that name is made (`names`). ``record`` appends to a queue
without a lock; other calls take the lock of the engine inside the engine.
"""

from __future__ import annotations

from ipyvitals.monitor.monitor import Monitor

__all__ = ["Monitor"]
