"""Detect drift of predictions, features and errors of one deployment.

In: predictions and features as users pass them, scores of labels. Out: the drift section of the
snapshot, the checks and error changes that the health rules evaluate, and the reference as bytes
for the checkpoint. Nothing here takes a lock: the engine calls it under its own lock.
"""
