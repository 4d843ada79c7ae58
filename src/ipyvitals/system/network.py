"""Reads the traffic of the network."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import psutil

from ipyvitals.system.linux.files import Meter
from ipyvitals.system.source import Fields, Part

__all__ = ["NetworkReader"]

LOOPBACK = re.compile(r"lo\d*|.*loopback.*", re.IGNORECASE)

Counts: TypeAlias = dict[str, tuple[int, int]]
"""Bytes received and sent, by the name of the card."""


class NetworkReader:
    """Reads the traffic of all cards; in a container with a network of its own, of all interfaces.

    On a machine, bridges and tunnels forward traffic that a card counts already, and are left out.

    Parameters
    ----------
    api : module or object
        Reads the counters: `psutil`, or a fake of it.
    sys : str
        Folder of the device file system, on Linux.
    """

    def __init__(self, *, api: Any = psutil, sys: str = "/sys") -> None:
        self._api = api
        self._sys = sys
        self._known: frozenset[str] = frozenset()
        self._counted: frozenset[str] = frozenset()
        self._received, self._sent = Meter(), Meter()

    def parts(self) -> Mapping[str, Part]:
        """Return what can be read, by name."""
        return {"network": self.network}

    def network(self, now: float, known: Fields) -> Fields:
        """Return bytes received and sent."""
        counts = self._counts()
        changed = counts.keys() != self._known
        if changed:
            self._known = frozenset(counts)
            self._counted = self._choose(counts)
        in_all = [sum(counts[name][way] for name in self._counted) for way in (0, 1)]
        if changed:
            self._received.rebase(now, in_all[0])
            self._sent.rebase(now, in_all[1])
        received, sent = self._received.update(now, in_all[0]), self._sent.update(now, in_all[1])
        return {
            "network_received_bytes_per_second": received.per_second,
            "network_sent_bytes_per_second": sent.per_second,
            "network_received_bytes": received.total,
            "network_sent_bytes": sent.total,
        }

    def _counts(self) -> Counts:
        # `Meter` knows a counter that stepped back, so psutil need not store earlier counts.
        cards = self._api.net_io_counters(pernic=True, nowrap=False)
        return {name: (card.bytes_recv, card.bytes_sent) for name, card in cards.items()}

    def _choose(self, names: Iterable[str]) -> frozenset[str]:
        outward = {name for name in names if not LOOPBACK.fullmatch(name)}
        cards = {name for name in outward if os.path.exists(f"{self._sys}/class/net/{name}/device")}
        return frozenset(cards or outward)
