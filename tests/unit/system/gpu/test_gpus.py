"""GPUs that are there, divided, lost, forbidden, or slow; through a small fake of NVML."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from types import SimpleNamespace

import pytest

from ipyvitals.schema import Gpu
from ipyvitals.system.gpu.gpus import FIRST_PID_NAMESPACE, GpuReader
from ipyvitals.system.gpu.nvidia import FIELDS, NvidiaDriver
from ipyvitals.system.source import UnreadError
from ipyvitals.system.timeout import TimeoutCaller
from tests.unit.system.gpu.fake_nvml import GIB, FakeDevice, FakeNvml

TREE = SimpleNamespace(pids=[100, 101])
LONG = 20.0


@pytest.fixture(autouse=True)
def all_devices(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def gpus_of(*drivers, namespace=FIRST_PID_NAMESPACE, patience=LONG):
    return GpuReader(drivers, TREE, caller=TimeoutCaller("gpu", patience), namespace=namespace)


def read(nvml, now=0.0, **options):
    return gpus_of(NvidiaDriver(nvml), **options).gpus(now, {})


def test_a_device_tells_all_there_is():
    device = FakeDevice("GPU-a", processes=[(100, 2 * GIB), (7, GIB)], drawing=[(101, GIB)])
    told = read(FakeNvml(device))
    assert told == {
        "gpus": [
            Gpu(
                index=0,
                name="NVIDIA H100",
                uuid="GPU-a",
                utilization_percent=40,
                memory_used_bytes=10 * GIB,
                memory_total_bytes=80 * GIB,
                process_memory_bytes=3 * GIB,
                temperature_celsius=60,
                power_watts=350.0,
                power_limit_watts=700.0,
                energy_joules=90_000.0,
            )
        ],
        "gpus_reason": None,
        "gpu_percent": 40,
        "gpu_memory_percent": 12.5,
    }


def test_a_process_that_computes_and_draws_counts_once():
    device = FakeDevice("GPU-a", processes=[(100, 2 * GIB)], drawing=[(100, 2 * GIB)])
    assert read(FakeNvml(device))["gpus"][0].process_memory_bytes == 2 * GIB


def test_the_busiest_and_the_fullest_stand_for_all():
    told = read(
        FakeNvml(FakeDevice("GPU-a", busy=90, used=0), FakeDevice("GPU-b", busy=5, used=40 * GIB))
    )
    assert (told["gpu_percent"], told["gpu_memory_percent"]) == (90, 50.0)


class TestVisible:
    NVML = FakeNvml(*(FakeDevice(f"GPU-{letter}", busy=n) for n, letter in enumerate("abc")))

    @pytest.mark.parametrize(
        ("setting", "busy"), [("2,0", [2, 0]), ("GPU-b", [1]), ("GPU-c,0,9,1", [2, 0])]
    )
    def test_only_what_this_process_may_use_is_told_in_its_order(self, monkeypatch, setting, busy):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)
        gpus = read(self.NVML)["gpus"]
        assert [one.utilization_percent for one in gpus] == busy
        assert [one.index for one in gpus] == list(range(len(busy)))

    @pytest.mark.parametrize("setting", ["", "-1"])
    def test_none_of_them_is_no_device(self, monkeypatch, setting):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)
        told = read(self.NVML)
        assert (told["gpus"], told["gpus_reason"], told["gpu_percent"]) == ([], "no_device", None)

    def test_a_setting_that_changes_is_followed_without_opening_nvml_again(self, monkeypatch):
        nvml = FakeNvml(*self.NVML.devices)
        gpus = gpus_of(NvidiaDriver(nvml))
        assert len(gpus.gpus(0.0, {})["gpus"]) == 3
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        assert [one.uuid for one in gpus.gpus(1e6, {})["gpus"]] == ["GPU-b"]
        assert nvml.opened == 1


class TestDivided:
    def divided(self):
        parts = [FakeDevice("MIG-1", name="H100 MIG 1g.10gb", used=GIB, total=10 * GIB), None]
        return FakeNvml(FakeDevice("GPU-a", parts=[*parts, FakeDevice("MIG-2")]))

    def test_instances_have_memory_and_no_utilization(self):
        first, second = read(self.divided())["gpus"]
        assert (first.name, first.uuid, first.mig) == ("H100 MIG 1g.10gb", "MIG-1", True)
        assert (first.memory_used_bytes, first.memory_total_bytes) == (GIB, 10 * GIB)
        assert first.utilization_percent is None
        assert first.reasons == {"utilization_percent": "mig", "energy_joules": "mig"}
        assert (second.uuid, second.index) == ("MIG-2", 1)

    @pytest.mark.parametrize(("setting", "uuid"), [("0", "MIG-1"), ("MIG-2", "MIG-2")])
    def test_a_process_may_use_one_of_them(self, monkeypatch, setting, uuid):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)
        assert [one.uuid for one in read(self.divided())["gpus"]] == [uuid]


class TestTrouble:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (FakeNvml.NVML_ERROR_DRIVER_NOT_LOADED, "no_driver"),
            (FakeNvml.NVML_ERROR_LIBRARY_NOT_FOUND, "no_driver"),
            (FakeNvml.NVML_ERROR_NO_PERMISSION, "no_permission"),
            (FakeNvml.NVML_ERROR_UNKNOWN, "failed"),
        ],
    )
    def test_a_driver_that_does_not_open_says_why(self, code, reason):
        told = read(FakeNvml(init_error=code))
        assert told["gpus"] == []
        assert told["gpus_reason"] == reason

    def test_a_machine_without_devices(self):
        assert read(FakeNvml())["gpus_reason"] == "no_device"

    def test_a_lost_device_is_there_without_figures_and_the_other_has_its_own(self):
        lost = FakeDevice("GPU-a")
        gpus = gpus_of(NvidiaDriver(FakeNvml(lost, FakeDevice("GPU-b"))))
        gpus.gpus(0.0, {})
        lost.errors = {"*": FakeNvml.NVML_ERROR_GPU_IS_LOST}
        first, second = gpus.gpus(1e6, {})["gpus"]
        assert first == Gpu(
            index=0, name="NVIDIA H100", uuid="GPU-a", reasons=dict.fromkeys(FIELDS, "lost")
        )
        assert second.utilization_percent == 40

    def test_one_that_was_lost_before_keeps_its_number(self, monkeypatch):
        lost = FakeDevice("GPU-a", errors={"*": FakeNvml.NVML_ERROR_GPU_IS_LOST})
        nvml = FakeNvml(lost, FakeDevice("GPU-b"))
        first, second = read(nvml)["gpus"]
        assert first == Gpu(index=0, reasons=dict.fromkeys(FIELDS, "lost"))
        assert (second.index, second.uuid) == (1, "GPU-b")
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        assert [one.uuid for one in read(nvml)["gpus"]] == ["GPU-b"]

    @pytest.mark.parametrize(
        ("call", "field"),
        [
            ("utilization", "utilization_percent"),
            ("temperature", "temperature_celsius"),
            ("power", "power_watts"),
            ("limit", "power_limit_watts"),
            ("energy", "energy_joules"),
            ("processes", "process_memory_bytes"),
        ],
    )
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (FakeNvml.NVML_ERROR_NO_PERMISSION, "no_permission"),
            (FakeNvml.NVML_ERROR_NOT_SUPPORTED, "not_supported"),
        ],
    )
    def test_what_is_not_told_is_unknown_with_its_reason(self, call, field, code, reason):
        (gpu,) = read(FakeNvml(FakeDevice("GPU-a", errors={call: code})))["gpus"]
        assert getattr(gpu, field) is None
        assert gpu.reasons == {field: reason}
        assert gpu.memory_used_bytes == 10 * GIB

    def test_windows_tells_no_memory_of_a_process(self):
        (gpu,) = read(FakeNvml(FakeDevice("GPU-a", processes=[(100, None)])))["gpus"]
        assert gpu.process_memory_bytes is None
        assert gpu.reasons == {"process_memory_bytes": "not_supported"}

    def test_where_processes_are_counted_anew_nobody_elses_memory_is_ours(self):
        device = FakeDevice("GPU-a", processes=[(100, GIB)])
        (gpu,) = read(FakeNvml(device), namespace="pid:[4026532201]")["gpus"]
        assert gpu.process_memory_bytes is None
        assert gpu.reasons == {"process_memory_bytes": "pid_namespace"}

    def test_a_driver_without_its_library_is_told_apart_from_no_driver(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pynvml", None)
        monkeypatch.setattr("ipyvitals.system.gpu.nvidia.DRIVER_FILES", ("/",))
        assert gpus_of(NvidiaDriver()).gpus(0.0, {})["gpus_reason"] == "no_library"

    def test_without_a_driver_nothing_is_imported_and_nothing_asked(self, monkeypatch, tmp_path):
        monkeypatch.setattr("ipyvitals.system.gpu.nvidia.DRIVER_FILES", (str(tmp_path / "none"),))
        monkeypatch.setattr("os.name", "posix")
        gpus = gpus_of(NvidiaDriver())
        monkeypatch.delitem(sys.modules, "pynvml", raising=False)
        assert gpus.gpus(0.0, {}) == {"gpus_reason": "no_driver"}
        assert "pynvml" not in sys.modules

    def test_what_nobody_thought_of_is_a_failure_with_a_reason(self):
        nvml = FakeNvml(FakeDevice("GPU-a"))
        nvml.nvmlDeviceGetCount = lambda: 1 / 0
        gpus = gpus_of(NvidiaDriver(nvml))
        with pytest.raises(UnreadError) as caught:
            gpus.gpus(0.0, {})
        assert caught.value.fields == {"gpus_reason": "failed"}
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


class TestSlow:
    def test_a_device_that_hangs_is_given_up_with_a_reason(self):
        go_on, nvml = threading.Event(), FakeNvml(FakeDevice("GPU-a"))
        gpus = gpus_of(NvidiaDriver(nvml))
        assert gpus.gpus(0.0, {})["gpus_reason"] is None
        nvml.nvmlDeviceGetMemoryInfo = lambda device: go_on.wait(LONG)
        gpus._caller.seconds = 0.01
        for now in (1e6, 2e6):
            with pytest.raises(UnreadError) as caught:
                gpus.gpus(now, {})
            assert caught.value.fields == {"gpus_reason": "timeout"}
            assert isinstance(caught.value.__cause__, TimeoutError)
        go_on.set()

    def test_a_driver_that_takes_long_to_start_is_no_trouble_at_first(self):
        go_on, nvml = threading.Event(), FakeNvml(FakeDevice("GPU-a"))
        opened = nvml.nvmlInit
        nvml.nvmlInit = lambda: (go_on.wait(LONG), opened())
        gpus = gpus_of(NvidiaDriver(nvml), patience=0.01)
        assert gpus.gpus(0.0, {}) == {"gpus_reason": "timeout"}
        assert gpus.gpus(5.0, {}) == {"gpus_reason": "timeout"}
        with pytest.raises(UnreadError):
            gpus.gpus(31.0, {})
        go_on.set()
        gpus._caller.seconds = LONG
        for asking in threading.enumerate():
            if asking.name == "ipyvitals-gpu":
                asking.join(LONG)
        assert len(gpus.gpus(36.0, {})["gpus"]) == 1

    def test_slow_figures_are_read_seldom(self, monkeypatch):
        ticks = iter([0.0, 0.1, 10.0, 10.1])
        monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
        nvml = FakeNvml(FakeDevice("GPU-a", busy=1))
        gpus = gpus_of(NvidiaDriver(nvml))
        gpus.gpus(0.0, {})
        nvml.devices[0].busy = 2
        assert gpus.gpus(15.0, {})["gpu_percent"] == 1
        assert gpus.gpus(20.5, {})["gpu_percent"] == 2


class TestOpenAndClose:
    def test_nvml_is_opened_once_and_closed_once(self):
        nvml = FakeNvml(FakeDevice("GPU-a"))
        gpus = gpus_of(NvidiaDriver(nvml))
        for now in range(5):
            gpus.gpus(100.0 * now, {})
        assert (nvml.opened, nvml.closed) == (1, 0)
        gpus.close()
        gpus.close()
        assert (nvml.opened, nvml.closed) == (1, 1)

    def test_a_monitor_that_is_dropped_closes_it_too(self):
        nvml = FakeNvml(FakeDevice("GPU-a"))
        gpus = gpus_of(NvidiaDriver(nvml))
        gpus.gpus(0.0, {})
        del gpus
        gc.collect()
        assert nvml.closed == 1

    def test_what_was_never_read_is_never_opened(self):
        nvml = FakeNvml()
        gpus_of(NvidiaDriver(nvml)).close()
        assert (nvml.opened, nvml.closed) == (0, 0)

    def test_one_that_does_not_open_is_not_closed(self):
        nvml = FakeNvml(init_error=FakeNvml.NVML_ERROR_DRIVER_NOT_LOADED)
        gpus = gpus_of(NvidiaDriver(nvml))
        gpus.gpus(0.0, {})
        gpus.close()
        assert nvml.closed == 0


def test_the_real_library_has_every_call_and_number_that_is_used():
    pynvml = importlib.import_module("pynvml")
    names = [name for name in vars(FakeNvml) if name.startswith(("nvml", "NVML"))]
    assert [name for name in names if not hasattr(pynvml, name)] == []
    for name in names:
        if name.startswith("NVML_"):
            assert getattr(pynvml, name) == getattr(FakeNvml, name), name
