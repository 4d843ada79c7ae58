"""A small NVML: the devices of a machine, and whatever is wrong with them."""

# ruff: noqa: N802

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

GIB = 2**30


class NVMLError(Exception):
    def __init__(self, value):
        super().__init__(f"error {value}")
        self.value = value


@dataclass
class FakeDevice:
    uuid: str
    name: str = "NVIDIA H100"
    busy: int = 40
    used: int = 10 * GIB
    total: int = 80 * GIB
    celsius: int = 60
    milliwatts: int = 350_000
    millijoules: int = 90_000_000
    processes: list = field(default_factory=list)
    """(pid, bytes or None) of those that compute."""
    drawing: list = field(default_factory=list)
    parts: list | None = None
    """The instances of a divided device; None in a place where there is none."""
    errors: dict = field(default_factory=dict)
    """By the name of a call, or ``"*"`` for all that ask the device."""


class FakeNvml:
    """Has the calls of ``pynvml`` that are used, under their names."""

    NVMLError = NVMLError
    NVML_ERROR_INVALID_ARGUMENT = 2
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_ERROR_NO_PERMISSION = 4
    NVML_ERROR_NOT_FOUND = 6
    NVML_ERROR_DRIVER_NOT_LOADED = 9
    NVML_ERROR_LIBRARY_NOT_FOUND = 12
    NVML_ERROR_FUNCTION_NOT_FOUND = 13
    NVML_ERROR_GPU_IS_LOST = 15
    NVML_ERROR_RESET_REQUIRED = 16
    NVML_ERROR_UNKNOWN = 999
    NVML_DEVICE_MIG_ENABLE = 1
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, *devices, init_error=None):
        self.devices = list(devices)
        self.init_error = init_error
        self.opened = 0
        self.closed = 0

    def nvmlInit(self):
        if self.init_error is not None:
            raise NVMLError(self.init_error)
        self.opened += 1

    def nvmlShutdown(self):
        self.closed += 1

    def nvmlDeviceGetCount(self):
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index):
        self._check(self.devices[index], "handle")
        return self.devices[index]

    def nvmlDeviceGetUUID(self, device):
        return device.uuid

    def nvmlDeviceGetName(self, device):
        return device.name

    def nvmlDeviceGetMigMode(self, device):
        if device.parts is None:
            raise NVMLError(self.NVML_ERROR_NOT_SUPPORTED)
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, device):
        return len(device.parts)

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device, index):
        if device.parts[index] is None:
            raise NVMLError(self.NVML_ERROR_NOT_FOUND)
        return device.parts[index]

    def nvmlDeviceGetMemoryInfo(self, device):
        self._check(device, "memory")
        return SimpleNamespace(used=device.used, total=device.total)

    def nvmlDeviceGetUtilizationRates(self, device):
        self._check(device, "utilization")
        return SimpleNamespace(gpu=device.busy, memory=1)

    def nvmlDeviceGetTemperature(self, device, sensor):
        self._check(device, "temperature")
        return device.celsius

    def nvmlDeviceGetPowerUsage(self, device):
        self._check(device, "power")
        return device.milliwatts

    def nvmlDeviceGetTotalEnergyConsumption(self, device):
        self._check(device, "energy")
        return device.millijoules

    def nvmlDeviceGetEnforcedPowerLimit(self, device):
        self._check(device, "limit")
        return 700_000

    def nvmlDeviceGetComputeRunningProcesses(self, device):
        self._check(device, "processes")
        return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in device.processes]

    def nvmlDeviceGetGraphicsRunningProcesses(self, device):
        return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in device.drawing]

    @staticmethod
    def _check(device, call):
        error = device.errors.get(call, device.errors.get("*"))
        if error is not None:
            raise NVMLError(error)
