"""What a terminal shows of the machine."""

from __future__ import annotations

from ipyvitals import Snapshot, SystemSection
from ipyvitals.text_view import text_view


def machine(**fields):
    snapshot = Snapshot(monitor="default", seq=0, at=0.0, system=SystemSection(**fields))
    (line,) = [one for one in text_view(snapshot).splitlines() if "System" in one.split(":")[0]]
    return line.strip()


def test_what_limits_it_is_named():
    assert machine(system_health="healthy").startswith("System Healthy: CPU")
    assert machine(system_health="degraded", limiter="gpu_memory").startswith(
        "System Degraded (gpu memory): CPU"
    )


def test_it_says_when_the_memory_will_be_full():
    assert "full" not in machine()
    assert machine(memory_full_seconds=240.0).endswith("; memory full in about 4 min")
    assert machine(memory_full_seconds=5.0).endswith("; memory full in about 1 min")
