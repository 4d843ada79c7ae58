"""The table of statuses."""

from __future__ import annotations

from itertools import product

import pytest

from ipyvitals.health import status_of

LIFECYCLES = ("registered", "active", "stopped", "failed")
HEALTHS = ("unknown", "healthy", "degraded", "unhealthy")


def first_match(lifecycle, health, training, idle):
    """The order in which labels are tried."""
    holds = {
        "failed": lifecycle == "failed",
        "stopped": lifecycle == "stopped",
        "training": training,
        "unhealthy": health == "unhealthy",
        "degraded": health == "degraded",
        "idle": idle and lifecycle == "active",
        "active": lifecycle == "active",
        "registered": True,
    }
    return next(label for label, applies in holds.items() if applies)


@pytest.mark.parametrize(("lifecycle", "health"), list(product(LIFECYCLES, HEALTHS)))
def test_the_first_match_is_the_status(lifecycle, health):
    for training, idle in product((True, False), repeat=2):
        status = status_of(lifecycle, health, training=training, idle=idle)
        assert status == first_match(lifecycle, health, training, idle)
