"""Adapters for training and serving frameworks, one module per framework.

Comes in: the callbacks and hooks of a framework. Goes out: calls of the public `Monitor` and of its
training runs, and of `monitor/integration_support.py`. A module imports its framework only when an
adapter is made; `adapter.py` has what all share, and `autolog/` inserts adapters into the calls
that train. The room takes the lock autolog.
"""
