"""AMD's GPUs, through a small fake of AMD SMI."""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from types import SimpleNamespace

import pytest

from ipyvitals.schema import Gpu
from ipyvitals.system.gpu.amd import SETTINGS, AmdDriver
from ipyvitals.system.gpu.gpus import FIRST_PID_NAMESPACE, GpuReader

MIB, GIB = 2**20, 2**30
TREE = SimpleNamespace(pids=[100])
NOT_SUPPORTED, NO_PERM, NO_DRIVER = 2, 10, 34


class AmdSmiException(Exception):  # noqa: N818 - the library's name
    def __init__(self, err_code):
        super().__init__(err_code)
        self.err_code = err_code


class FakeSmi:
    """Has the calls of ``amdsmi`` that are used, under their names."""

    AmdSmiException = AmdSmiException
    AmdSmiTemperatureType = IntEnum("AmdSmiTemperatureType", ["EDGE", "HOTSPOT"])
    AmdSmiTemperatureMetric = IntEnum("AmdSmiTemperatureMetric", ["CURRENT"])
    amdsmi_wrapper = SimpleNamespace(
        AMDSMI_STATUS_NOT_SUPPORTED=NOT_SUPPORTED,
        AMDSMI_STATUS_NOT_YET_IMPLEMENTED=3,
        AMDSMI_STATUS_TIMEOUT=8,
        AMDSMI_STATUS_NO_PERM=NO_PERM,
        AMDSMI_STATUS_NOT_FOUND=31,
        AMDSMI_STATUS_DRIVER_NOT_LOADED=NO_DRIVER,
        AMDSMI_STATUS_NO_DRV=51,
    )

    def __init__(self, *names, init_error=None):
        self.names = list(names)
        self.init_error = init_error
        self.activity = 55
        self.temperatures = {"EDGE": 50, "HOTSPOT": 70}
        self.power = {"current_socket_power": "N/A", "average_socket_power": 210}
        self.processes = [
            {"pid": 100, "memory_usage": {"vram_mem": GIB}},
            {"pid": 7, "memory_usage": {"vram_mem": 9 * GIB}},
        ]
        self.opened = self.closed = 0

    def amdsmi_init(self):
        if self.init_error is not None:
            raise AmdSmiException(self.init_error)
        self.opened += 1

    def amdsmi_shut_down(self):
        self.closed += 1

    def amdsmi_get_processor_handles(self):
        return list(self.names)

    def amdsmi_get_gpu_enumeration_info(self, handle):
        return {"hip_uuid": f"GPU-{handle}"}

    def amdsmi_get_gpu_asic_info(self, handle):
        return {"market_name": "AMD Instinct MI300X"}

    def amdsmi_get_gpu_activity(self, handle):
        return {"gfx_activity": self.activity, "umc_activity": 3}

    def amdsmi_get_gpu_vram_usage(self, handle):
        return {"vram_used": 4 * GIB // MIB, "vram_total": 16 * GIB // MIB}

    def amdsmi_get_temp_metric(self, handle, kind, metric):
        if kind.name not in self.temperatures:
            raise AmdSmiException(NOT_SUPPORTED)
        return self.temperatures[kind.name]

    def amdsmi_get_power_info(self, handle):
        return self.power

    def amdsmi_get_gpu_process_list(self, handle):
        if isinstance(self.processes, Exception):
            raise self.processes
        return self.processes


@pytest.fixture(autouse=True)
def all_devices(monkeypatch):
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


def read(smi, namespace=FIRST_PID_NAMESPACE):
    return GpuReader([AmdDriver(smi)], TREE, namespace=namespace).gpus(0.0, {})


def test_a_device_tells_all_there_is():
    told = read(FakeSmi("a"))
    assert told["gpus"] == [
        Gpu(
            index=0,
            name="AMD Instinct MI300X",
            uuid="GPU-a",
            utilization_percent=55,
            memory_used_bytes=4 * GIB,
            memory_total_bytes=16 * GIB,
            process_memory_bytes=GIB,
            temperature_celsius=50,
            power_watts=210,
            reasons={"power_limit_watts": "not_supported", "energy_joules": "not_supported"},
        )
    ]
    assert (told["gpu_percent"], told["gpu_memory_percent"]) == (55, 25.0)


def test_what_a_card_does_not_tell_is_unknown_with_its_reason():
    smi = FakeSmi("a")
    smi.activity = "N/A"
    smi.temperatures = {}
    smi.power = {"average_socket_power": "N/A"}
    smi.processes = AmdSmiException(NO_PERM)
    (gpu,) = read(smi)["gpus"]
    assert gpu.utilization_percent is gpu.temperature_celsius is gpu.power_watts is None
    assert gpu.reasons == {
        "utilization_percent": "not_supported",
        "temperature_celsius": "not_supported",
        "power_watts": "not_supported",
        "power_limit_watts": "not_supported",
        "energy_joules": "not_supported",
        "process_memory_bytes": "no_permission",
    }


def test_cards_without_a_sensor_at_the_edge_have_one_at_the_hottest_spot():
    smi = FakeSmi("a")
    del smi.temperatures["EDGE"]
    assert read(smi)["gpus"][0].temperature_celsius == 70


def test_where_processes_are_counted_anew_nobody_elses_memory_is_ours():
    (gpu,) = read(FakeSmi("a"), namespace="pid:[4026532201]")["gpus"]
    assert gpu.reasons["process_memory_bytes"] == "pid_namespace"


@pytest.mark.parametrize(
    ("settings", "uuids"),
    [
        ({}, "abc"),
        ({"ROCR_VISIBLE_DEVICES": "2,1"}, "cb"),
        ({"ROCR_VISIBLE_DEVICES": "GPU-c,GPU-a", "HIP_VISIBLE_DEVICES": "1"}, "a"),
        ({"CUDA_VISIBLE_DEVICES": "1"}, "b"),
        ({"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "1"}, "a"),
    ],
)
def test_only_what_this_process_may_use_is_told(monkeypatch, settings, uuids):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert [one.uuid for one in read(FakeSmi(*"abc"))["gpus"]] == [f"GPU-{one}" for one in uuids]


def test_an_older_library_knows_no_uuid_of_rocm():
    smi = FakeSmi("a")
    smi.amdsmi_get_gpu_device_uuid = lambda handle: f"b4ff75a0-{handle}"

    def missing(handle):
        raise AmdSmiException(NOT_SUPPORTED)

    smi.amdsmi_get_gpu_enumeration_info = missing
    assert read(smi)["gpus"][0].uuid == "b4ff75a0-a"


@pytest.mark.parametrize(
    ("smi", "reason"),
    [
        (FakeSmi(), "no_device"),
        (FakeSmi(init_error=NO_DRIVER), "no_driver"),
        (FakeSmi(init_error=NO_PERM), "no_permission"),
        (FakeSmi(init_error=999), "failed"),
    ],
)
def test_a_driver_that_does_not_open_says_why(smi, reason):
    assert read(smi)["gpus_reason"] == reason


def test_a_driver_without_its_library_is_told_apart_from_no_driver(monkeypatch):
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    monkeypatch.setattr("ipyvitals.system.gpu.amd.DRIVER_FILE", "/")
    assert read(None)["gpus_reason"] == "no_library"


def test_without_a_driver_nothing_is_imported(monkeypatch, tmp_path):
    monkeypatch.setattr("ipyvitals.system.gpu.amd.DRIVER_FILE", os.fspath(tmp_path / "none"))
    assert read(None) == {"gpus_reason": "no_driver"}


def test_it_is_opened_once_and_closed_once():
    smi = FakeSmi("a")
    gpus = GpuReader([AmdDriver(smi)], TREE, namespace=FIRST_PID_NAMESPACE)
    for now in (0.0, 1e6):
        gpus.gpus(now, {})
    gpus.close()
    gpus.close()
    assert (smi.opened, smi.closed) == (1, 1)
