"""What a classifier might predict: the same for ipyvitals and for its peers."""

from __future__ import annotations

from typing import Any

import numpy as np

CLASSES = 10
ACCURACY = 0.9
MEDIAN_LATENCY_SECONDS = 0.004


def labels(n: int) -> tuple[Any, Any]:
    """Return predictions and truths, 90 % of them alike, as arrays of integers."""
    random = np.random.default_rng(7)
    truths = random.integers(CLASSES, size=n)
    wrong = random.random(n) >= ACCURACY
    return np.where(wrong, (truths + 1) % CLASSES, truths), truths


def predictions(n: int) -> list[tuple[int, int, float]]:
    """Return predictions, truths and latencies in seconds, as plain Python numbers."""
    said, truths = labels(n)
    random = np.random.default_rng(11)
    seconds = MEDIAN_LATENCY_SECONDS * random.lognormal(0.0, 0.5, n)
    return list(zip(said.tolist(), truths.tolist(), seconds.tolist(), strict=True))
