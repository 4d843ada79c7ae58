"""The machine: CPU, memory, disk, network and processes; its GPUs are in `gpu`."""

from __future__ import annotations

from typing import Annotated, Literal

from ipyvitals.schema.base import GpuReason, Health, SchemaStruct, Scope
from ipyvitals.schema.gpu import Gpu
from ipyvitals.schema.metrics import exposed, metric

__all__ = ["ProcessUse", "SystemSection"]


class ProcessUse(SchemaStruct, frozen=True, kw_only=True):
    """One process of the kernel's own tree."""

    pid: int
    name: str
    memory_bytes: int
    cpu_percent: float | None = None
    """In percent of ``cpu_limit_cores``."""
    own: bool = False
    """Whether the process is the kernel itself."""


class SystemSection(SchemaStruct, frozen=True, kw_only=True):
    """The machine under the model: the resources that its user can run out of."""

    cpu_percent: Annotated[
        float | None,
        metric("percent", "CPU", chart=True),
        exposed("ipyvitals_cpu_usage_ratio", "CPU in use, of what the kernel may use."),
    ] = None
    memory_percent: Annotated[
        float | None,
        metric("percent", "Memory", chart=True),
        exposed("ipyvitals_memory_usage_ratio", "Memory in use, of what the kernel may use."),
    ] = None
    disk_percent: Annotated[
        float | None,
        metric("percent", "Disk"),
        exposed("ipyvitals_disk_usage_ratio", "Disk space in use where the kernel works."),
    ] = None
    active_connections: Annotated[
        int | None,
        metric("count", "Connections"),
        exposed("ipyvitals_active_connections", "Network clients of what the kernel serves."),
    ] = None
    system_health: Annotated[
        Health,
        metric("state", "System health", "last"),
        exposed("ipyvitals_system_health", "Health of the machine under the model."),
    ] = "unknown"
    scope: Scope | None = None
    """``"container"`` where a limit on CPU or memory binds, else ``"host"``."""
    memory_used_bytes: Annotated[
        int | None,
        metric("bytes", "Memory used"),
        exposed(
            "ipyvitals_memory_used_bytes",
            "Memory in use on the kernel's machine or in its container.",
        ),
    ] = None
    memory_cache_bytes: Annotated[
        int | None,
        metric("bytes", "Page cache"),
        exposed(
            "ipyvitals_memory_cache_bytes",
            "Memory of cached files that can be dropped; not part of the memory in use.",
        ),
    ] = None
    """Page cache that can be dropped; ``memory_used_bytes`` does not contain it."""
    memory_peak_bytes: Annotated[
        int | None,
        metric("bytes", "Memory peak", "last"),
        exposed(
            "ipyvitals_memory_peak_bytes",
            "Highest memory in use on the kernel's machine or in its container.",
        ),
    ] = None
    """Highest ``memory_used_bytes`` since the monitor began."""
    memory_limit_bytes: Annotated[
        int | None,
        metric("bytes", "Memory limit", "last"),
        exposed("ipyvitals_memory_limit_bytes", "Memory that the kernel may use."),
    ] = None
    cpu_limit_cores: Annotated[
        float | None,
        metric("cores", "CPU limit", "last"),
        exposed("ipyvitals_cpu_limit_cores", "CPU cores that the kernel may use."),
    ] = None
    disk_path: str | None = None
    disk_free_bytes: Annotated[
        int | None,
        metric("bytes", "Disk free"),
        exposed("ipyvitals_disk_free_bytes", "Disk space left where the kernel works."),
    ] = None
    process_cpu_percent: Annotated[
        float | None,
        metric("percent", "CPU of the kernel"),
        exposed(
            "ipyvitals_process_cpu_usage_ratio",
            "CPU in use by the kernel's own processes, of what they may use.",
        ),
    ] = None
    """CPU of the kernel's own process tree, in percent of ``cpu_limit_cores``."""
    process_memory_bytes: Annotated[
        int | None,
        metric("bytes", "Memory of the kernel"),
        exposed("ipyvitals_process_memory_bytes", "Memory of the kernel's own processes."),
    ] = None
    """Memory of the kernel's own process tree."""
    process_memory_peak_bytes: Annotated[
        int | None,
        metric("bytes", "Memory peak of the kernel", "last"),
        exposed(
            "ipyvitals_process_memory_peak_bytes",
            "Highest memory of the kernel's own processes.",
        ),
    ] = None
    """Highest ``process_memory_bytes`` since the monitor began."""
    gpus: list[Gpu] = []
    limiter: str | None = None
    """The component that ``system_health`` follows: ``"cpu"``, ``"memory"``, ``"disk"``,
    ``"gpu_memory"``, ``"shared_memory"``, ``"open_files"``, ``"memory_pressure"`` or
    ``"io_pressure"``."""
    unknown_components: list[str] = []
    """Components left out of ``system_health`` because they could not be read."""
    components: dict[str, Health] = {}
    """The health of each component that was judged, by its name."""
    kernel_busy: Annotated[
        bool | None,
        metric("flag", "Cell running", "last"),
        exposed("ipyvitals_kernel_busy", "1 while a cell runs, else 0."),
    ] = None

    cpu_scope: Scope | None = None
    """The scope of ``cpu_percent`` and ``cpu_limit_cores``."""
    memory_scope: Scope | None = None
    """The scope of the three figures of the memory."""
    cpu_throttled_percent: Annotated[
        float | None,
        metric("percent", "CPU throttled"),
        exposed(
            "ipyvitals_cpu_throttled_ratio",
            "Share of the scheduler's periods in which the container had used up its CPU.",
        ),
    ] = None
    """Share of the scheduler's periods since the last reading in which the quota was used up."""
    cpu_throttled_seconds: Annotated[
        float | None,
        metric("seconds", "CPU throttled in all", "total"),
        exposed(
            "ipyvitals_cpu_throttled_seconds",
            "Time that processes of the container had to wait because its CPU was used up.",
        ),
    ] = None
    """Time that processes waited because of that, since the container began."""
    cpu_wait_percent: Annotated[
        float | None,
        metric("percent", "Waiting for a CPU"),
        exposed(
            "ipyvitals_cpu_wait_ratio",
            "Share of the time in which the kernel waited for a CPU that others used, or that its "
            "container may not use.",
        ),
    ] = None
    """Share of the time since the last reading in which the kernel waited for a CPU, because other
    programs used it or the quota was used up."""
    cpu_delay_percent: Annotated[
        float | None,
        metric("percent", "Run delay"),
        exposed(
            "ipyvitals_cpu_delay_ratio",
            "Share of the time in which the kernel's main thread was ready and had no CPU.",
        ),
    ] = None
    """Share of that time in which the kernel's main thread was ready to run and had no CPU."""
    pressure_scope: Scope | None = None
    """The scope of the next three."""
    cpu_pressure_percent: Annotated[
        float | None,
        metric("percent", "CPU pressure"),
        exposed(
            "ipyvitals_cpu_pressure_ratio", "Share of the time in which a task waited for a CPU."
        ),
    ] = None
    """Share of the time since the last reading in which at least one task waited for a CPU."""
    memory_pressure_percent: Annotated[
        float | None,
        metric("percent", "Memory pressure"),
        exposed(
            "ipyvitals_memory_pressure_ratio",
            "Share of the time in which all tasks waited for memory.",
        ),
    ] = None
    """Share of that time in which all tasks at work waited for memory."""
    io_pressure_percent: Annotated[
        float | None,
        metric("percent", "Disk pressure"),
        exposed(
            "ipyvitals_io_pressure_ratio", "Share of the time in which all tasks waited for a disk."
        ),
    ] = None
    """Share of that time in which all tasks at work waited for a disk."""
    oom_kills: Annotated[
        int | None,
        metric("count", "Out-of-memory kills", "total"),
        exposed("ipyvitals_oom_kills", "Processes killed for lack of memory."),
    ] = None
    """Processes killed for lack of memory, since the container, or the machine, began."""
    oom_kill_at: float | None = None
    """Time at which this monitor saw ``oom_kills`` grow last."""
    memory_full_seconds: Annotated[
        float | None,
        metric("seconds", "Memory full in"),
        exposed(
            "ipyvitals_memory_full_seconds",
            "Time until the memory is full at the pace of the last minute, while that is steady.",
        ),
    ] = None
    """Time until the memory is full at the pace of the last minute, while that is steady."""
    shared_memory_percent: Annotated[
        float | None,
        metric("percent", "Shared memory"),
        exposed("ipyvitals_shared_memory_usage_ratio", "Shared memory in use."),
    ] = None
    """Use of ``/dev/shm``, through which processes exchange arrays."""
    shared_memory_free_bytes: Annotated[
        int | None,
        metric("bytes", "Shared memory free"),
        exposed("ipyvitals_shared_memory_free_bytes", "Shared memory left."),
    ] = None
    shared_memory_limit_bytes: Annotated[
        int | None,
        metric("bytes", "Shared memory limit", "last"),
        exposed("ipyvitals_shared_memory_limit_bytes", "Shared memory there is."),
    ] = None
    disk_io_scope: Scope | None = None
    """The scope of disk rates and totals: the container, or the disk under ``disk_path``."""
    disk_read_bytes_per_second: Annotated[
        float | None, metric("bytes per second", "Disk read", chart=True)
    ] = None
    disk_written_bytes_per_second: Annotated[
        float | None, metric("bytes per second", "Disk written", chart=True)
    ] = None
    disk_read_bytes: Annotated[
        int | None,
        metric("bytes", "Disk read in all", "total"),
        exposed(
            "ipyvitals_disk_read_bytes",
            "Bytes read by the container, or from the disk where the kernel works.",
        ),
    ] = None
    """Since the monitor began; likewise the next."""
    disk_written_bytes: Annotated[
        int | None,
        metric("bytes", "Disk written in all", "total"),
        exposed(
            "ipyvitals_disk_written_bytes",
            "Bytes written by the container, or to the disk where the kernel works.",
        ),
    ] = None
    network_received_bytes_per_second: Annotated[
        float | None, metric("bytes per second", "Received", chart=True)
    ] = None
    network_sent_bytes_per_second: Annotated[
        float | None, metric("bytes per second", "Sent", chart=True)
    ] = None
    network_received_bytes: Annotated[
        int | None,
        metric("bytes", "Received in all", "total"),
        exposed(
            "ipyvitals_network_received_bytes",
            "Bytes received by the kernel's machine or its container.",
        ),
    ] = None
    """Since the monitor began; likewise the next."""
    network_sent_bytes: Annotated[
        int | None,
        metric("bytes", "Sent in all", "total"),
        exposed(
            "ipyvitals_network_sent_bytes", "Bytes sent by the kernel's machine or its container."
        ),
    ] = None
    process_memory_kind: Literal["pss", "rss"] | None = None
    """``"pss"``: pages that processes share count once. ``"rss"``: in some, more than once."""
    process_children: Annotated[
        int | None,
        metric("count", "Children"),
        exposed(
            "ipyvitals_process_children",
            "Processes that the kernel and its children started, and that live.",
        ),
    ] = None
    """Live processes that the kernel and its children started."""
    process_threads: Annotated[
        int | None,
        metric("count", "Threads"),
        exposed("ipyvitals_process_threads", "Threads of the kernel's own processes."),
    ] = None
    process_open_files: Annotated[
        int | None,
        metric("count", "Open files"),
        exposed(
            "ipyvitals_process_open_files",
            "Files, sockets and pipes that the kernel's own processes have open.",
        ),
    ] = None
    open_files_percent: Annotated[
        float | None,
        metric("percent", "Open files of the kernel"),
        exposed(
            "ipyvitals_open_files_usage_ratio",
            "Files that the kernel has open, of those that it may open.",
        ),
    ] = None
    """Files that the kernel itself has open, of those that it may open."""
    open_files_limit: Annotated[
        int | None,
        metric("count", "File limit", "last"),
        exposed("ipyvitals_open_files_limit", "Files that the kernel may open."),
    ] = None
    top_processes: list[ProcessUse] = []
    """The three of the tree with the most memory."""
    gpu_percent: Annotated[float | None, metric("percent", "Busiest GPU", chart=True)] = None
    """Utilization of the busiest of ``gpus``."""
    gpu_memory_percent: Annotated[
        float | None, metric("percent", "Fullest GPU memory", chart=True)
    ] = None
    """Memory in use on the fullest of ``gpus``."""
    cpu_energy_joules: Annotated[
        float | None,
        metric("joules", "CPU energy in all", "total"),
        exposed(
            "ipyvitals_cpu_energy_joules",
            "Energy that the CPU packages of the machine took, whatever ran on them.",
        ),
    ] = None
    """Energy of all CPU packages of the machine and their memory since the monitor began."""
    gpus_reason: GpuReason | None = None
    """Why ``gpus`` is empty."""
    kernel_busy_since: float | None = None
    """Start of the running cell."""
    kernel_busy_seconds: Annotated[
        float | None,
        metric("seconds", "Cell running for"),
        exposed(
            "ipyvitals_kernel_busy_seconds", "Time for which the cell has been running that runs."
        ),
    ] = None
    """Time for which that cell has been running."""
    kernel_lag_seconds: Annotated[
        float | None,
        metric("seconds", "Threads wait"),
        exposed(
            "ipyvitals_kernel_lag_seconds",
            "How late a thread of the kernel got its turn, at worst since the last reading.",
        ),
    ] = None
    """The longest wait of a thread of the kernel for its turn since the last reading."""
    gil_starved: bool | None = None
    """Whether that wait means that one thread blocks all others by Python's lock (GIL)."""
