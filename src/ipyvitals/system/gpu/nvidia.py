"""Reads NVIDIA's GPUs through NVML."""

from __future__ import annotations

import importlib
import os
import weakref
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from ipyvitals.schema import Gpu, GpuReason
from ipyvitals.system.gpu.gpus import FieldReader, NoGpuError
from ipyvitals.system.gpu.visible_devices import visible

__all__ = ["NvidiaDriver"]

FIELDS = (
    *("utilization_percent", "memory_used_bytes", "memory_total_bytes", "process_memory_bytes"),
    *("temperature_celsius", "power_watts", "power_limit_watts", "energy_joules"),
)

DRIVER_FILES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg")
"""One of them exists where a driver is: on Linux, in a container, on Linux within Windows."""


class NvidiaDriver:
    """Opens NVML once, and finds the devices that ``CUDA_VISIBLE_DEVICES`` leaves.

    Parameters
    ----------
    nvml : module or object, optional
        ``pynvml``, or a fake of it; imported only where there is a driver, since it is large.
    """

    def __init__(self, nvml: Any = None) -> None:
        self._nvml = nvml
        self._end: weakref.finalize[[], Any] | None = None

    def chosen_by(self) -> object:
        """Return the setting that chooses the devices."""
        return os.environ.get("CUDA_VISIBLE_DEVICES")

    def there(self) -> bool:
        """Return whether there is a driver."""
        if self._nvml is not None:
            return True
        if os.name == "nt":
            return find_spec("pynvml") is not None
        return any(map(os.path.exists, DRIVER_FILES))

    def open(self) -> Sequence[NvidiaDevice | LostDevice]:
        """Return the devices that this process may use."""
        if self._nvml is None:
            self._nvml = _library()
        nvml = self._nvml
        try:
            if self._end is None:
                nvml.nvmlInit()
                # A monitor that is dropped and not closed closes it too.
                self._end = weakref.finalize(self, nvml.nvmlShutdown)
                self._end.atexit = False
            found = [self._found(index) for index in range(nvml.nvmlDeviceGetCount())]
        except nvml.NVMLError as error:
            raise NoGpuError(_reason_of(nvml)(error), str(error)) from error
        chosen = visible(
            os.environ.get("CUDA_VISIBLE_DEVICES"),
            [one.uuid for one, _ in found],
            [[part.uuid for part in parts] for _, parts in found],
        )
        if not chosen:
            raise NoGpuError("no_device")
        return [
            found[device][0] if part is None else found[device][1][part] for device, part in chosen
        ]

    def close(self) -> None:
        """Close NVML."""
        if self._end is not None:
            self._end()
            self._end = None

    def _found(self, index: int) -> tuple[NvidiaDevice | LostDevice, list[NvidiaDevice]]:
        """Return a device and its instances."""
        nvml = self._nvml
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            parts = [NvidiaDevice(nvml, part, mig=True) for part in self._parts(handle)]
            return NvidiaDevice(nvml, handle, mig=False), parts
        except nvml.NVMLError as error:
            return LostDevice(_reason_of(nvml)(error)), []

    def _parts(self, handle: Any) -> list[Any]:
        """Return the instances of a divided device."""
        nvml = self._nvml
        try:
            if nvml.nvmlDeviceGetMigMode(handle)[0] != nvml.NVML_DEVICE_MIG_ENABLE:
                return []
            places = nvml.nvmlDeviceGetMaxMigDeviceCount(handle)
        except nvml.NVMLError:
            return []
        found = []
        for place in range(places):
            try:
                found.append(nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place))
            except nvml.NVMLError:
                # An instance that is not there, or not for this user.
                continue
        return found


class LostDevice:
    """Stands for a GPU that could not be opened, and still has its number."""

    uuid = ""

    def __init__(self, reason: GpuReason) -> None:
        self._reason = reason

    def read(self, pids: frozenset[int] | None) -> Gpu:
        """Return the reason why all figures are unknown."""
        return Gpu(index=0, reasons=dict.fromkeys(FIELDS, self._reason))


class NvidiaDevice:
    """Reads one GPU or instance."""

    def __init__(self, nvml: Any, handle: Any, *, mig: bool) -> None:
        self._nvml = nvml
        self._handle = handle
        self._mig = mig
        self._reason_of = _reason_of(nvml)
        self._name = FieldReader(self._reason_of)("name", lambda: nvml.nvmlDeviceGetName(handle))
        self.uuid: str = nvml.nvmlDeviceGetUUID(handle)

    def read(self, pids: frozenset[int] | None) -> Gpu:
        """Return its figures."""
        nvml, handle = self._nvml, self._handle
        read_field = FieldReader(self._reason_of)
        memory = read_field("memory_used_bytes", lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        if memory is None:
            read_field.reasons["memory_total_bytes"] = read_field.reasons["memory_used_bytes"]
        utilization = energy = own = None
        if self._mig:
            read_field.reasons["utilization_percent"] = "mig"
            read_field.reasons["energy_joules"] = "mig"
        else:
            energy = read_field(
                "energy_joules", lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
            )
            utilization = read_field(
                "utilization_percent", lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu
            )
        if pids is None:
            read_field.reasons["process_memory_bytes"] = "pid_namespace"
        else:
            own = read_field("process_memory_bytes", lambda: self._used_by(pids))
        sensor = nvml.NVML_TEMPERATURE_GPU
        return Gpu(
            index=0,
            name=self._name,
            uuid=self.uuid,
            mig=self._mig,
            utilization_percent=utilization,
            memory_used_bytes=None if memory is None else memory.used,
            memory_total_bytes=None if memory is None else memory.total,
            process_memory_bytes=own,
            temperature_celsius=read_field(
                "temperature_celsius", lambda: nvml.nvmlDeviceGetTemperature(handle, sensor)
            ),
            power_watts=read_field(
                "power_watts", lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000
            ),
            power_limit_watts=read_field(
                "power_limit_watts", lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000
            ),
            energy_joules=energy,
            reasons=read_field.reasons,
        )

    def _used_by(self, pids: frozenset[int]) -> int | None:
        """Return the memory of some processes that compute or draw; None if NVML hides it."""
        used: dict[int, int | None] = {}
        for listed in (
            self._nvml.nvmlDeviceGetComputeRunningProcesses,
            self._nvml.nvmlDeviceGetGraphicsRunningProcesses,
        ):
            used |= {one.pid: one.usedGpuMemory for one in listed(self._handle)}
        own = [size for pid, size in used.items() if pid in pids]
        return None if None in own else sum(size or 0 for size in own)


def _reason_of(nvml: Any) -> Callable[[Exception], GpuReason]:
    """Return a function that maps an error of NVML to a reason."""
    reasons: dict[int | None, GpuReason] = {
        nvml.NVML_ERROR_NOT_SUPPORTED: "not_supported",
        nvml.NVML_ERROR_FUNCTION_NOT_FOUND: "not_supported",
        nvml.NVML_ERROR_INVALID_ARGUMENT: "not_supported",
        nvml.NVML_ERROR_NO_PERMISSION: "no_permission",
        nvml.NVML_ERROR_GPU_IS_LOST: "lost",
        nvml.NVML_ERROR_RESET_REQUIRED: "lost",
        nvml.NVML_ERROR_DRIVER_NOT_LOADED: "no_driver",
        nvml.NVML_ERROR_LIBRARY_NOT_FOUND: "no_driver",
        nvml.NVML_ERROR_NOT_FOUND: "no_device",
    }
    return lambda error: reasons.get(getattr(error, "value", None), "failed")


def _library() -> Any:
    try:
        return importlib.import_module("pynvml")
    except ImportError as error:
        raise NoGpuError("no_library", str(error)) from error
