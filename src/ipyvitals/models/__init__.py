"""Holds the models of a monitor: their figures, their verdicts, and the one status of each.

Comes in: calls, durations, scores and rows (from ``ingest/``), `Thresholds`, and checkpoints (from
``storage/``, by ``runtime/``). Goes out: figures for the snapshot, status changes (to ``events/``),
and checkpoints. The room takes no lock; its caller, the engine, holds its own around every call.
"""
