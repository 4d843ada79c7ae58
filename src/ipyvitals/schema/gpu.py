"""One GPU of the machine."""

from __future__ import annotations

from typing import Annotated

from ipyvitals.schema.base import GpuReason, SchemaStruct
from ipyvitals.schema.metrics import exposed, metric

__all__ = ["Gpu"]


class Gpu(SchemaStruct, frozen=True, kw_only=True):
    """One device that this process may use."""

    index: int
    """Index among the devices that this process may use: ``cuda:0`` is 0."""
    name: str | None = None
    utilization_percent: Annotated[
        float | None,
        metric("percent", "GPU"),
        exposed(
            "ipyvitals_gpu_utilization_ratio", "Share of the time in which the GPU was at work."
        ),
    ] = None
    memory_used_bytes: Annotated[
        int | None,
        metric("bytes", "GPU memory"),
        exposed("ipyvitals_gpu_memory_used_bytes", "Memory in use."),
    ] = None
    memory_total_bytes: Annotated[
        int | None,
        metric("bytes", "GPU memory in all", "last"),
        exposed("ipyvitals_gpu_memory_size_bytes", "Memory there is."),
    ] = None
    temperature_celsius: Annotated[
        float | None,
        metric("celsius", "GPU temperature"),
        exposed("ipyvitals_gpu_temperature_celsius", "Temperature."),
    ] = None
    power_watts: Annotated[
        float | None,
        metric("watts", "GPU power"),
        exposed("ipyvitals_gpu_power_watts", "Power drawn."),
    ] = None
    power_limit_watts: Annotated[
        float | None,
        metric("watts", "GPU power limit", "last"),
        exposed("ipyvitals_gpu_power_limit_watts", "Power that may be drawn."),
    ] = None
    energy_joules: Annotated[
        float | None,
        metric("joules", "GPU energy in all", "total"),
        exposed("ipyvitals_gpu_energy_joules", "Energy taken since the driver was loaded."),
    ] = None
    """Energy since the driver was loaded, by the GPU's own counter."""
    process_memory_bytes: Annotated[
        int | None,
        metric("bytes", "GPU memory of the kernel"),
        exposed(
            "ipyvitals_gpu_process_memory_bytes", "Memory that the kernel's own processes hold."
        ),
    ] = None
    """Memory that the kernel and its children use."""
    uuid: str | None = None
    mig: bool = False
    """Whether the device is an instance of a divided one (Multi-Instance GPU)."""
    reasons: dict[str, GpuReason] = {}
    """Why a field is unknown, by the name of the field."""
