"""Provide general helpers: clocks, timers, weak callbacks, fork handling, notices, validation.

In: arguments of users, times, exceptions to count. Out: checked values, due times, notices.
`Notices` takes its own reentrant lock, so any thread may count; nothing else here takes a lock.
"""
