"""What is known of the machine."""

from __future__ import annotations

from typing import Literal

from ipyvitals.schema.base import GpuReason, Health, SchemaStruct, Scope

__all__ = [
    "Gpu",
    "ProcessUse",
    "SystemSection",
]


class Gpu(SchemaStruct, frozen=True, kw_only=True):
    """One device that this process may use."""

    index: int
    """Its place among those that this process may use: ``cuda:0`` is 0."""
    name: str | None = None
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None
    process_memory_bytes: int | None = None
    """What the kernel and its children hold of the memory."""
    uuid: str | None = None
    mig: bool = False
    """Whether it is a part of a device (Multi-Instance GPU)."""
    reasons: dict[str, GpuReason] = {}
    """Why a field is unknown, by the name of the field."""


class ProcessUse(SchemaStruct, frozen=True, kw_only=True):
    """One process of the kernel's own tree."""

    pid: int
    name: str
    memory_bytes: int
    cpu_percent: float | None = None
    """In percent of ``cpu_limit_cores``."""
    own: bool = False
    """Whether it is the kernel itself."""


class SystemSection(SchemaStruct, frozen=True, kw_only=True):
    """The machine under the model, in terms of what its user can run out of."""

    cpu_percent: float | None = None
    memory_percent: float | None = None
    disk_percent: float | None = None
    active_connections: int | None = None
    system_health: Health = "unknown"
    scope: Scope | None = None
    """``"container"`` where a limit on CPU or memory binds, else ``"host"``."""
    memory_used_bytes: int | None = None
    memory_limit_bytes: int | None = None
    cpu_limit_cores: float | None = None
    disk_path: str | None = None
    disk_free_bytes: int | None = None
    process_cpu_percent: float | None = None
    """CPU of the kernel's own process tree, in percent of ``cpu_limit_cores``."""
    process_memory_bytes: int | None = None
    """Memory of the kernel's own process tree."""
    gpus: list[Gpu] = []
    limiter: str | None = None
    """The component that ``system_health`` follows: ``"cpu"``, ``"memory"``, ``"disk"``,
    ``"gpu_memory"``, ``"shared_memory"`` or ``"open_files"``."""
    unknown_components: list[str] = []
    """Components left out of ``system_health`` because they could not be read."""
    components: dict[str, Health] = {}
    """The health of each component that was judged, by its name."""
    kernel_busy: bool | None = None

    cpu_scope: Scope | None = None
    """Of whom ``cpu_percent`` and ``cpu_limit_cores`` speak."""
    memory_scope: Scope | None = None
    """Of whom the three figures of the memory speak."""
    cpu_throttled_percent: float | None = None
    """Of the scheduler's periods since the last reading: in which the CPU was used up early."""
    cpu_throttled_seconds: float | None = None
    """For how long processes had to wait for that, since the container began."""
    oom_kills: int | None = None
    """Processes killed for lack of memory, since the container, or the machine, began."""
    oom_kill_at: float | None = None
    """When the last of them was noticed by this monitor."""
    memory_full_seconds: float | None = None
    """Until the memory is full, at the pace of the last minute; only while that is steady."""
    shared_memory_percent: float | None = None
    """Of ``/dev/shm``, through which processes hand each other arrays."""
    shared_memory_free_bytes: int | None = None
    shared_memory_limit_bytes: int | None = None
    disk_io_scope: Scope | None = None
    """Whose reads and writes follow: the container's, or those of the disk under ``disk_path``."""
    disk_read_bytes_per_second: float | None = None
    disk_written_bytes_per_second: float | None = None
    disk_read_bytes: int | None = None
    """Since the monitor began; likewise the next."""
    disk_written_bytes: int | None = None
    network_received_bytes_per_second: float | None = None
    network_sent_bytes_per_second: float | None = None
    network_received_bytes: int | None = None
    """Since the monitor began; likewise the next."""
    network_sent_bytes: int | None = None
    process_memory_kind: Literal["pss", "rss"] | None = None
    """``"pss"``: pages that processes share count once. ``"rss"``: in some, more than once."""
    process_children: int | None = None
    """Processes that the kernel and its children started, and that live."""
    process_threads: int | None = None
    process_open_files: int | None = None
    open_files_percent: float | None = None
    """Files that the kernel itself has open, of those that it may open."""
    open_files_limit: int | None = None
    top_processes: list[ProcessUse] = []
    """The three of the tree with the most memory."""
    gpu_percent: float | None = None
    """Utilization of the busiest of ``gpus``."""
    gpu_memory_percent: float | None = None
    """Memory in use on the fullest of ``gpus``."""
    gpus_reason: GpuReason | None = None
    """Why ``gpus`` is empty."""
    kernel_busy_since: float | None = None
    """When the cell that runs began."""
    kernel_busy_seconds: float | None = None
    """For how long it has been running."""
    kernel_lag_seconds: float | None = None
    """How late a thread of the kernel got its turn, at worst since the last reading."""
    gil_starved: bool | None = None
    """Whether that was so late that something keeps Python's lock from all other threads."""
