"""Stores the history of monitors in one SQLite file that several kernels share, and reads it.

In come rows (`rows`), checkpoints of models and requests to restore one, from any thread, through
a `StorageClient`. Each client has a `SessionQueue` with a `WriteBuffer`; one `Writer` thread a file
empties the queues of all monitors of the process. Out go restored checkpoints, and DataFrames and
lists by a `Reader` (`Store`, `Monitor.history`), which opens the file for each call and needs no
writer.

Locks: each queue and each buffer has a reentrant lock, taken for a few assignments; the writer has
one for the list of its queues. No lock is taken while SQLite works, and a file is open only for one
turn of the writer or one call of a reader, so a fork waits for none of them and an interrupted call
blocks none. Between processes SQLite's own locks decide.
"""
