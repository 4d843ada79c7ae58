"""Runs one monitor: ingestion, evaluation, publishing and persistence, on one schedule.

In: records from the queue of `ingest`, runs from `training`, readings from `system`, and the
calls of `Monitor`, on any thread.

Out: events to the event log, snapshots to the views, rows to `storage`, and warnings for the user.

Threads: `Scheduler` is one background thread per process; it calls `Engine.run_due` of each
monitor when something is due. A monitor with ``interval=None`` has no thread.

Locks, in the order in which they may be taken: the lock of `Engine`, which guards all figures;
then those of the record queue, the training tracker, the event log, the callbacks, the notices
and the storage. None of the latter is held while the lock of `Engine` is acquired. The machine is
read, and views and callbacks of the user are called, without the lock of `Engine`. `Publisher`
has a lock of its own for its views: they are called under it, one at a time, and the lock of
`Engine` is never acquired under it. The lock of `Scheduler` guards its list of tasks; the tasks
run without it.
"""
