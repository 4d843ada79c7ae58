"""Provide general helpers: clocks, timers, locks, threads, forks, notices, validation.

In: arguments of users, times, exceptions to count. Out: checked values, due times, notices.
All locks of the package are created by `locks`. `Notices` takes its own reentrant lock, so any
thread may count, and `Worker` one for the start of its thread; nothing else here takes a lock.
"""
