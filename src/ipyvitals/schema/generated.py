"""The unit of each rule and the label of each component of the machine.

Generated from ipyvitals.health.rules by scripts/generate_contract.py: edit that, not this.
"""

from __future__ import annotations

__all__ = ["COMPONENT_LABELS", "RULE_UNITS"]

RULE_UNITS: dict[str, str] = {
    "accuracy": "ratio",
    "baseline": "ratio",
    "error_rate": "ratio",
    "latency_p95": "latency",
    "drift": "psi",
    "error_drift": "ratio",
    "silence": "duration",
}

COMPONENT_LABELS: dict[str, str] = {
    "cpu": "CPU",
    "memory": "memory",
    "disk": "disk",
    "gpu_memory": "GPU memory",
    "shared_memory": "shared memory",
    "open_files": "open files",
    "memory_pressure": "memory pressure",
    "io_pressure": "disk pressure",
}
