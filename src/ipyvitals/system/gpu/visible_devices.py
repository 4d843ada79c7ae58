"""Selects the GPUs that a process may use, by the environment variables for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["VisibleDevice", "visible"]


class VisibleDevice(NamedTuple):
    """A device, or a part of one."""

    device: int
    part: int | None = None


def visible(
    setting: str | None, uuids: Sequence[str], parts: Sequence[Sequence[str]] = ()
) -> list[VisibleDevice]:
    """Return the devices that a setting leaves, in its order.

    Parameters
    ----------
    setting : str, optional
        ``"0,2"``, UUIDs or beginnings of them, or those of parts (MIG); ``None`` leaves all. As
        in CUDA, what makes no sense hides all that follow: ``""`` and ``"-1"`` hide everything.
    uuids : sequence of str
        Of each device.
    parts : sequence of sequence of str
        The UUIDs of each device's parts; a device that has some is used through them alone.

    Examples
    --------
    >>> visible("1,GPU-a", ["GPU-abc", "GPU-def"])
    [VisibleDevice(device=1, part=None), VisibleDevice(device=0, part=None)]
    >>> visible(None, ["GPU-abc"], [["MIG-1", "MIG-2"]])
    [VisibleDevice(device=0, part=0), VisibleDevice(device=0, part=1)]
    """
    inside = [parts[device] if device < len(parts) else () for device in range(len(uuids))]
    if setting is None:
        return [
            VisibleDevice(device, part)
            for device, names in enumerate(inside)
            for part in (range(len(names)) if names else (None,))
        ]
    named = {
        uuid: VisibleDevice(device, 0 if inside[device] else None)
        for device, uuid in enumerate(uuids)
    }
    named |= {
        uuid: VisibleDevice(device, part)
        for device, names in enumerate(inside)
        for part, uuid in enumerate(names)
    }
    chosen: list[VisibleDevice] = []
    for word in setting.split(","):
        found = _meant(word.strip(), list(uuids), named)
        if found is None:
            break
        if found not in chosen:
            chosen.append(found)
    return chosen


def _meant(word: str, uuids: list[str], named: dict[str, VisibleDevice]) -> VisibleDevice | None:
    if word.isdecimal():
        return named[uuids[int(word)]] if int(word) < len(uuids) else None
    fitting = [choice for uuid, choice in named.items() if word and uuid.startswith(word)]
    return fitting[0] if len(fitting) == 1 else None
