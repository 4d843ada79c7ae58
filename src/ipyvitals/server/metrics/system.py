"""The metrics of the machine under a monitor."""

from __future__ import annotations

from ipyvitals.server.metrics.types import GpuMeasure, Measure, ratio

__all__ = ["GPU_MEASURES", "MACHINE_MEASURES"]

MACHINE_MEASURES = (
    Measure(
        "ipyvitals_cpu_usage_ratio",
        "CPU in use, of what the kernel may use.",
        lambda one: ratio(one.system.cpu_percent),
    ),
    Measure(
        "ipyvitals_cpu_limit_cores",
        "CPU cores that the kernel may use.",
        lambda one: one.system.cpu_limit_cores,
    ),
    Measure(
        "ipyvitals_memory_usage_ratio",
        "Memory in use, of what the kernel may use.",
        lambda one: ratio(one.system.memory_percent),
    ),
    Measure(
        "ipyvitals_memory_used_bytes",
        "Memory in use on the kernel's machine or in its container.",
        lambda one: one.system.memory_used_bytes,
    ),
    Measure(
        "ipyvitals_memory_limit_bytes",
        "Memory that the kernel may use.",
        lambda one: one.system.memory_limit_bytes,
    ),
    Measure(
        "ipyvitals_cpu_throttled_ratio",
        "Share of the scheduler's periods in which the container had used up its CPU.",
        lambda one: ratio(one.system.cpu_throttled_percent),
    ),
    Measure(
        "ipyvitals_cpu_throttled_seconds",
        "Time that processes of the container had to wait because its CPU was used up.",
        lambda one: one.system.cpu_throttled_seconds,
        counter=True,
    ),
    Measure(
        "ipyvitals_memory_full_seconds",
        "Time until the memory is full at the pace of the last minute, while that is steady.",
        lambda one: one.system.memory_full_seconds,
    ),
    Measure(
        "ipyvitals_oom_kills",
        "Processes killed for lack of memory.",
        lambda one: one.system.oom_kills,
        counter=True,
    ),
    Measure(
        "ipyvitals_shared_memory_usage_ratio",
        "Shared memory in use.",
        lambda one: ratio(one.system.shared_memory_percent),
    ),
    Measure(
        "ipyvitals_shared_memory_free_bytes",
        "Shared memory left.",
        lambda one: one.system.shared_memory_free_bytes,
    ),
    Measure(
        "ipyvitals_shared_memory_limit_bytes",
        "Shared memory there is.",
        lambda one: one.system.shared_memory_limit_bytes,
    ),
    Measure(
        "ipyvitals_disk_usage_ratio",
        "Disk space in use where the kernel works.",
        lambda one: ratio(one.system.disk_percent),
    ),
    Measure(
        "ipyvitals_disk_free_bytes",
        "Disk space left where the kernel works.",
        lambda one: one.system.disk_free_bytes,
    ),
    Measure(
        "ipyvitals_disk_read_bytes",
        "Bytes read by the container, or from the disk where the kernel works.",
        lambda one: one.system.disk_read_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_disk_written_bytes",
        "Bytes written by the container, or to the disk where the kernel works.",
        lambda one: one.system.disk_written_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_network_received_bytes",
        "Bytes received by the kernel's machine or its container.",
        lambda one: one.system.network_received_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_network_sent_bytes",
        "Bytes sent by the kernel's machine or its container.",
        lambda one: one.system.network_sent_bytes,
        counter=True,
    ),
    Measure(
        "ipyvitals_process_cpu_usage_ratio",
        "CPU in use by the kernel's own processes, of what they may use.",
        lambda one: ratio(one.system.process_cpu_percent),
    ),
    Measure(
        "ipyvitals_process_memory_bytes",
        "Memory of the kernel's own processes.",
        lambda one: one.system.process_memory_bytes,
    ),
    Measure(
        "ipyvitals_process_children",
        "Processes that the kernel and its children started, and that live.",
        lambda one: one.system.process_children,
    ),
    Measure(
        "ipyvitals_process_threads",
        "Threads of the kernel's own processes.",
        lambda one: one.system.process_threads,
    ),
    Measure(
        "ipyvitals_process_open_files",
        "Files, sockets and pipes that the kernel's own processes have open.",
        lambda one: one.system.process_open_files,
    ),
    Measure(
        "ipyvitals_open_files_usage_ratio",
        "Files that the kernel has open, of those that it may open.",
        lambda one: ratio(one.system.open_files_percent),
    ),
    Measure(
        "ipyvitals_open_files_limit",
        "Files that the kernel may open.",
        lambda one: one.system.open_files_limit,
    ),
    Measure(
        "ipyvitals_active_connections",
        "Network clients of what the kernel serves.",
        lambda one: one.system.active_connections,
    ),
    Measure(
        "ipyvitals_kernel_busy",
        "1 while a cell runs, else 0.",
        lambda one: one.system.kernel_busy,
    ),
    Measure(
        "ipyvitals_kernel_busy_seconds",
        "Time for which the cell has been running that runs.",
        lambda one: one.system.kernel_busy_seconds,
    ),
    Measure(
        "ipyvitals_kernel_lag_seconds",
        "How late a thread of the kernel got its turn, at worst since the last reading.",
        lambda one: one.system.kernel_lag_seconds,
    ),
)

GPU_MEASURES = (
    GpuMeasure(
        "ipyvitals_gpu_utilization_ratio",
        "Share of the time in which the GPU was at work.",
        lambda gpu: ratio(gpu.utilization_percent),
    ),
    GpuMeasure(
        "ipyvitals_gpu_memory_used_bytes", "Memory in use.", lambda gpu: gpu.memory_used_bytes
    ),
    GpuMeasure(
        "ipyvitals_gpu_memory_size_bytes", "Memory there is.", lambda gpu: gpu.memory_total_bytes
    ),
    GpuMeasure(
        "ipyvitals_gpu_process_memory_bytes",
        "Memory that the kernel's own processes hold.",
        lambda gpu: gpu.process_memory_bytes,
    ),
    GpuMeasure(
        "ipyvitals_gpu_temperature_celsius", "Temperature.", lambda gpu: gpu.temperature_celsius
    ),
    GpuMeasure("ipyvitals_gpu_power_watts", "Power drawn.", lambda gpu: gpu.power_watts),
    GpuMeasure(
        "ipyvitals_gpu_power_limit_watts",
        "Power that may be drawn.",
        lambda gpu: gpu.power_limit_watts,
    ),
)
