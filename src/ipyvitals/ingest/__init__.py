"""Queue user records and apply them to model statistics.

In: predictions, labels and errors of user threads, which `RecordQueue` accepts without a lock.
Out: counts, scored labels, durations and drift rows, added to `ModelState` in batches.
`RecordQueue.drain` takes the turn to drain, so one thread at a time drains; the engine's lock is
taken inside that turn, never the other way round. Everything else here runs inside a drain, or in
the calling thread, takes no lock, and may call code of the user.
"""
