"""Runs one monitor: ingestion, evaluation, publishing and persistence, on one schedule.

In: records from the queue of `ingest`, runs from `training`, readings from `system`, and the
calls of `Monitor`, on any thread.

Out: events to the event log, snapshots to the views, rows to `storage`, and warnings for the user.

Threads: `Scheduler` is one background thread per process; it calls `Engine.run_due` of each
monitor when something is due. A monitor with ``interval=None`` has no thread. `ThreadSupervisor`
starts threads again that an error ended.

Locks: that of `Engine` guards all figures. It is taken inside the turn to drain records, and those
of the training tracker, the logs, the storage and the notices are taken inside it. User code runs
without it: records are scored before it is taken, the machine is read, views and callbacks are
called and notices are logged after it is released. `Publisher` has a lock of its own for the list
of its views, and calls them without it, one thread at a time. The lock of `Scheduler` guards its
list of tasks; the tasks run without it.
"""
