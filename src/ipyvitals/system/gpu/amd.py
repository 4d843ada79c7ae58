"""Reads AMD's GPUs through AMD SMI."""

from __future__ import annotations

import importlib
import os
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from ipyvitals.schema import Gpu, GpuReason
from ipyvitals.system.gpu.gpus import FieldReader, NoGpuError
from ipyvitals.system.gpu.visible_devices import visible

__all__ = ["AmdDriver"]

DRIVER_FILE = "/dev/kfd"
MIB = 1 << 20
SETTINGS = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")


class AmdDriver:
    """Opens AMD SMI once, and finds the devices that ROCm's variables leave.

    Parameters
    ----------
    smi : module or object, optional
        ``amdsmi``, or a fake of it; imported only where there is a driver, since it prints
        without one.
    """

    def __init__(self, smi: Any = None) -> None:
        self._smi = smi
        self._end: weakref.finalize[[], Any] | None = None

    def chosen_by(self) -> list[str | None]:
        """Return the settings that choose the devices."""
        return [os.environ.get(name) for name in SETTINGS]

    def there(self) -> bool:
        """Return whether there is a driver."""
        return self._smi is not None or os.path.exists(DRIVER_FILE)

    def open(self) -> Sequence[AmdDevice]:
        """Return the devices that this process may use."""
        if self._smi is None:
            self._smi = _library()
        smi = self._smi
        try:
            if self._end is None:
                smi.amdsmi_init()
                # A monitor that is dropped and not closed closes it too.
                self._end = weakref.finalize(self, smi.amdsmi_shut_down)
                self._end.atexit = False
            handles = list(smi.amdsmi_get_processor_handles())
            uuids = [self._uuid(handle) for handle in handles]
        except smi.AmdSmiException as error:
            raise NoGpuError(_reason_of(smi)(error), str(error)) from error
        runtime, hip, cuda = self.chosen_by()
        # The second chooses among those that the first leaves.
        for setting in (runtime, cuda if hip is None else hip):
            left = [one.device for one in visible(setting, uuids)]
            handles, uuids = [handles[one] for one in left], [uuids[one] for one in left]
        if not handles:
            raise NoGpuError("no_device")
        return [AmdDevice(smi, handle, uuid) for handle, uuid in zip(handles, uuids, strict=True)]

    def _uuid(self, handle: Any) -> str:
        """Return the UUID that ROCm's variables refer to, where this version knows it."""
        smi = self._smi
        try:
            uuid: str = smi.amdsmi_get_gpu_enumeration_info(handle)["hip_uuid"]
        except (AttributeError, KeyError, smi.AmdSmiException):
            uuid = smi.amdsmi_get_gpu_device_uuid(handle)
        return uuid

    def close(self) -> None:
        """Close AMD SMI."""
        if self._end is not None:
            self._end()
            self._end = None


class AmdDevice:
    """Reads one GPU."""

    def __init__(self, smi: Any, handle: Any, uuid: str) -> None:
        self._smi = smi
        self._handle = handle
        self._uuid = uuid
        self._reason_of = _reason_of(smi)
        self._name = FieldReader(self._reason_of)(
            "name", lambda: smi.amdsmi_get_gpu_asic_info(handle)["market_name"]
        )

    def read(self, pids: frozenset[int] | None) -> Gpu:
        """Return its figures."""
        smi, handle = self._smi, self._handle
        read_field = FieldReader(self._reason_of)
        memory = read_field("memory_used_bytes", lambda: smi.amdsmi_get_gpu_vram_usage(handle))
        if memory is None:
            read_field.reasons["memory_total_bytes"] = read_field.reasons["memory_used_bytes"]
        own = None
        if pids is None:
            read_field.reasons["process_memory_bytes"] = "pid_namespace"
        else:
            own = read_field("process_memory_bytes", lambda: self._used_by(pids))
        read_field.reasons |= dict.fromkeys(("power_limit_watts", "energy_joules"), "not_supported")
        return Gpu(
            index=0,
            name=self._name,
            uuid=self._uuid,
            utilization_percent=read_field(
                "utilization_percent",
                lambda: _number(smi.amdsmi_get_gpu_activity(handle)["gfx_activity"]),
            ),
            memory_used_bytes=None if memory is None else MIB * memory["vram_used"],
            memory_total_bytes=None if memory is None else MIB * memory["vram_total"],
            process_memory_bytes=own,
            temperature_celsius=read_field("temperature_celsius", self._temperature),
            power_watts=read_field("power_watts", self._power),
            reasons=read_field.reasons,
        )

    def _temperature(self) -> float | None:
        """Return the temperature at the edge, or at the hottest spot of cards without one there."""
        smi, kinds = self._smi, self._smi.AmdSmiTemperatureType
        now = smi.AmdSmiTemperatureMetric.CURRENT
        try:
            return _number(smi.amdsmi_get_temp_metric(self._handle, kinds.EDGE, now))
        except smi.AmdSmiException:
            return _number(smi.amdsmi_get_temp_metric(self._handle, kinds.HOTSPOT, now))

    def _power(self) -> float | None:
        power = self._smi.amdsmi_get_power_info(self._handle)
        watts = _number(power.get("current_socket_power"))
        return _number(power.get("average_socket_power")) if watts is None else watts

    def _used_by(self, pids: frozenset[int]) -> int:
        listed = self._smi.amdsmi_get_gpu_process_list(self._handle)
        return sum(one["memory_usage"]["vram_mem"] for one in listed if one["pid"] in pids)


def _reason_of(smi: Any) -> Callable[[Exception], GpuReason]:
    """Return a function that maps an error of AMD SMI to a reason."""
    codes = smi.amdsmi_wrapper
    reasons: dict[int | None, GpuReason] = {
        codes.AMDSMI_STATUS_NOT_SUPPORTED: "not_supported",
        codes.AMDSMI_STATUS_NOT_YET_IMPLEMENTED: "not_supported",
        codes.AMDSMI_STATUS_NO_PERM: "no_permission",
        codes.AMDSMI_STATUS_NOT_FOUND: "no_device",
        codes.AMDSMI_STATUS_DRIVER_NOT_LOADED: "no_driver",
        codes.AMDSMI_STATUS_NO_DRV: "no_driver",
        codes.AMDSMI_STATUS_TIMEOUT: "timeout",
    }
    return lambda error: reasons.get(getattr(error, "err_code", None), "failed")


def _number(value: Any) -> float | None:
    """Return a number; the library has a text, ``"N/A"``, for a figure that a card lacks."""
    return value if isinstance(value, (int, float)) else None


def _library() -> Any:
    try:
        return importlib.import_module("amdsmi")
    except Exception as error:  # what it raises without its own library differs by version
        raise NoGpuError("no_library", str(error)) from error
