"""Tracks training runs: a tree by context, with progress, metrics, curves, alerts and cost.

In: steps of `track` loops, and ``TrainingRun.update``, ``log``, ``complete``, ``fail`` and
``stop``, on any thread of the user; readings of the machine.

Out: a `TrainingSection` and the `RunInfo` of each run for snapshots and events, curves for the
panel, and a `ProgressReport` for the stored history, each through a callback that is called outside
the lock of the runs.

Locks: the report queue has one, which guards metrics and curves, and the tree has one, which guards
which runs are open; both are reentrant, and the first is the outer one. They may be taken while the
lock of the engine is held, never the other way round. A `track` loop takes no lock per step.
"""
