"""Number, store and deliver events.

In: event classes and fields from the engine, and users' callbacks. Out: the last 1,000 events, and
calls of the callbacks on a separate thread. `EventLog` takes its own reentrant lock around
numbering and delivery. `CallbackDispatcher` takes a lock for its subscribers; it calls users'
callbacks without that lock.
"""
