"""Reads the energy that the CPU packages take, from the counters of Linux (RAPL)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from ipyvitals.system.budget import ReadBudget
from ipyvitals.system.linux.files import read_file
from ipyvitals.system.source import Fields, Part

__all__ = ["EnergyReader"]

SHARE = 0.002
"""Share of a core that readings may take: a counter is a register of the CPU, and may be slow."""
ZONE = re.compile(r"intel-rapl(:\d+)+")
"""AMD's CPUs have this name too. ``intel-rapl-mmio`` counts the same packages again."""
MICRO = 1e-6


class _Zone:
    """One counter, which begins again from 0 beyond its range."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}/energy_uj"
        self._range = int(read_file(f"{folder}/max_energy_range_uj"))
        self._count = int(read_file(self._path))
        self.micro_joules = 0

    def read(self) -> int:
        """Return what was counted since the first reading."""
        count = int(read_file(self._path))
        passed = count - self._count
        self.micro_joules += passed if passed >= 0 else passed + self._range
        self._count = count
        return self.micro_joules


class EnergyReader:
    """Reads the energy of all CPU packages and of their memory, where each may be read.

    Many systems let only the administrator read it, and most virtual machines have none; then the
    energy is unknown. The sum of some packages alone would be too low.

    Parameters
    ----------
    sys : str
        Folder of the device file system, on Linux.
    budget : ReadBudget, optional
        Pays for the readings.
    """

    def __init__(self, *, sys: str = "/sys", budget: ReadBudget | None = None) -> None:
        self._budget = ReadBudget(SHARE) if budget is None else budget
        self._zones: list[_Zone] = []
        self._fields: Fields = {}
        # Not allowed, or not there.
        with suppress(OSError, ValueError):
            self._zones = [_Zone(folder) for folder in _folders(f"{sys}/class/powercap")]

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"energy": self.energy} if self._zones else {}

    def energy(self, now: float, known: Fields) -> Fields:
        """Return the energy since this reader was made."""
        if self._budget.due(now):
            # Unknown from now on where a counter fails: its energy would be missing.
            self._fields = {}
            with self._budget.measure(now):
                total = sum([zone.read() for zone in self._zones])
            self._fields = {"cpu_energy_joules": total * MICRO}
        return self._fields


def _folders(powercap: str) -> Iterator[str]:
    """Yield the zones that add up: packages, and memory that no package contains."""
    for name in sorted(os.listdir(powercap)):
        if ZONE.fullmatch(name):
            what = read_file(f"{powercap}/{name}/name").strip()
            if what.startswith(b"package") or what == b"dram":
                yield f"{powercap}/{name}"
