"""Where monitors are looked for: a file of history, and a Jupyter server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from ipyvitals.cli.entries import Entry
from ipyvitals.cli.served import Address, ServerError, served_entries
from ipyvitals.cli.stored import stored_entries
from ipyvitals.errors import StoreError

__all__ = ["Found", "Sources"]


class Found(msgspec.Struct, frozen=True):
    """What is there at one moment."""

    entries: list[Entry]
    problems: list[str]
    """What could not be read, and why."""


class Sources:
    """Reads all there is; what cannot be read is told, and the rest is listed.

    Parameters
    ----------
    path : Path, optional
        The file of history.
    address : Address, optional
        The server.
    required : bool
        Whether the file has to be there; the default one comes with the first monitor.
    """

    def __init__(self, path: Path | None, address: Address | None, *, required: bool) -> None:
        self.path = path
        self.address = address
        self._required = required

    def read(self) -> Found:
        """Return what is there now: live on the server first, then of the history."""
        entries: list[Entry] = []
        problems: list[str] = []
        if self.address is not None:
            try:
                entries += served_entries(self.address)
            except ServerError as error:
                problems.append(str(error))
        if self.path is not None and (self._required or self.path.exists()):
            try:
                entries += _not_among(entries, stored_entries(self.path))
            except StoreError as error:
                problems.append(str(error))
        return Found(entries, problems)


def _not_among(served: list[Entry], stored: list[Entry]) -> list[Entry]:
    """Leave out what is live on the server and therefore listed already."""
    listed = Counter((one.monitor, one.model_id) for one in served if one.live)
    kept = []
    for one in stored:
        key = (one.monitor, one.model_id)
        if one.live and listed[key] > 0:
            listed[key] -= 1
        else:
            kept.append(one)
    return kept
