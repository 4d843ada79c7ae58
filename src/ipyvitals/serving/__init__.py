"""Stand-ins for models and functions that serve: each call is measured and passed through.

Comes in: a model, or a function, of the user. Goes out: one `CallSink` call per call of the model:
its answer and seconds, its error, or the items of its stream. What the model returns or raises goes
to the caller as it is. The room takes no lock.
"""
