"""Adds up what a run takes, from the readings of the machine while it is open."""

from __future__ import annotations

from ipyvitals.schema import Gpu, GpuCost, RunCost, SystemSection

__all__ = ["CostMeter"]

IDLE_PERCENT = 5.0
"""A GPU is idle in a reading with a utilization below this."""


class _Peak:
    """The highest value so far, and the step at which it was read."""

    def __init__(self) -> None:
        self.value: int | None = None
        self.step: int | None = None

    def add(self, value: int | None, step: int) -> None:
        if value is not None and (self.value is None or value > self.value):
            self.value, self.step = value, step


class _EnergyMeter:
    """Adds up joules: the difference of a counter, or else the integral of the power."""

    def __init__(self) -> None:
        self._joules: float | None = None
        self._before: tuple[float, float | None, float | None] | None = None

    def add(self, now: float, counter: float | None, watts: float | None = None) -> None:
        if self._before is not None:
            at, counted, drawn = self._before
            passed = None
            # A counter that stepped back began anew, with its driver.
            if counter is not None and counted is not None and counter >= counted:
                passed = counter - counted
            elif watts is not None and drawn is not None:
                passed = (now - at) * (watts + drawn) / 2.0
            if passed is not None:
                self._joules = (self._joules or 0.0) + passed
        self._before = now, counter, watts

    @property
    def watt_hours(self) -> float | None:
        return None if self._joules is None else self._joules / 3_600.0


class _GpuMeter:
    """Collects the use of one GPU by one run."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._name: str | None = None
        self._peak = _Peak()
        self._utilizations = 0
        self._utilization = 0.0
        self._idle = 0
        self._energy = _EnergyMeter()

    def add(self, gpu: Gpu, step: int, now: float) -> None:
        self._name = gpu.name or self._name
        used = gpu.process_memory_bytes
        self._peak.add(gpu.memory_used_bytes if used is None else used, step)
        if gpu.utilization_percent is not None:
            self._utilizations += 1
            self._utilization += gpu.utilization_percent
            self._idle += gpu.utilization_percent < IDLE_PERCENT
        self._energy.add(now, gpu.energy_joules, gpu.power_watts)

    def result(self) -> GpuCost:
        known = self._utilizations
        return GpuCost(
            index=self._index,
            name=self._name,
            peak_memory_bytes=self._peak.value,
            peak_memory_step=self._peak.step,
            utilization_percent=self._utilization / known if known else None,
            idle_ratio=self._idle / known if known else None,
            energy_wh=self._energy.watt_hours,
        )


class CostMeter:
    """Collects peaks, means and energy of one run."""

    def __init__(self) -> None:
        self._memory = _Peak()
        self._gpus: dict[int, _GpuMeter] = {}
        self._cpu = _EnergyMeter()

    def add(self, reading: SystemSection, step: int, now: float) -> None:
        """Add a reading of the machine, at a step and a monotonic time."""
        self._memory.add(reading.process_memory_bytes, step)
        self._cpu.add(now, reading.cpu_energy_joules)
        for gpu in reading.gpus:
            self._gpus.setdefault(gpu.index, _GpuMeter(gpu.index)).add(gpu, step, now)

    def result(self, duration: float, steps: int, waited: float | None) -> RunCost:
        """Return what the run took.

        Parameters
        ----------
        duration : float
            Seconds from its beginning to its end.
        steps : int
        waited : float, optional
            Seconds inside the iterables of its loops.
        """
        gpus = [meter.result() for _, meter in sorted(self._gpus.items())]
        of_cpus = self._cpu.watt_hours
        known = [one for one in (of_cpus, *(gpu.energy_wh for gpu in gpus)) if one is not None]
        return RunCost(
            duration_seconds=duration,
            steps=steps,
            data_wait_seconds=waited,
            peak_memory_bytes=self._memory.value,
            peak_memory_step=self._memory.step,
            gpu_utilization_percent=_mean([gpu.utilization_percent for gpu in gpus]),
            gpu_idle_ratio=_mean([gpu.idle_ratio for gpu in gpus]),
            energy_wh=sum(known) if known else None,
            gpus=gpus,
            cpu_energy_wh=of_cpus,
        )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
