"""Tracks training runs: progress, rate, remaining time and metrics.

In: steps of `track` loops, and ``TrainingRun.update``, ``complete``, ``fail`` and ``stop``, on
any thread of the user.

Out: a `TrainingSection` for snapshots and events, and a `ProgressReport` for the stored history,
each through a callback that is called outside the lock.

Locks: `TrainingTracker` has one reentrant lock. It may be taken while the lock of the engine is
held, never the other way round. A `track` loop takes no lock per step.
"""
