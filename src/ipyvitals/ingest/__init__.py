"""Queue user records and apply them to model statistics.

In: predictions, labels and errors of user threads, which `RecordQueue` accepts without a lock.
Out: counts, scored labels, durations and drift rows, added to `ModelState` in batches.
`RecordQueue.drain` takes the queue's lock, so one thread at a time drains; a thread that holds the
engine lock may take it, not the other way round. Everything else here runs inside a drain, or in
the calling thread, and takes no lock.
"""
