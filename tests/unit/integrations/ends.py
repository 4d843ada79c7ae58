"""How runs ended, and data to train on: for the tests of adapters."""

from __future__ import annotations

import numpy as np


def ends(monitor):
    """Return how each run ended, oldest first: state, end, steps, total."""
    runs = reversed(monitor.snapshot().runs)
    return [(run.state, run.end, run.current, run.total) for run in runs]


def data(rows=120):
    """Return two classes that a small model learns in part."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, 4))
    return x, (x[:, 0] + random.normal(size=rows) > 0).astype(int)
