"""Read the models of all sources: a file of history, and a Jupyter server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from ipyvitals.cli.entries import ModelEntry
from ipyvitals.cli.served import ServerAddress, ServerError, served_entries
from ipyvitals.cli.stored import stored_entries
from ipyvitals.errors import StoreError

__all__ = ["ListResult", "SourceReader"]


class ListResult(msgspec.Struct, frozen=True):
    """The models of all sources at one moment, and the sources that failed."""

    entries: list[ModelEntry]
    problems: list[str]
    """Why a source could not be read, one text each."""


class SourceReader:
    """Reads the models of all sources; a source that fails becomes a problem in the result.

    Parameters
    ----------
    path : Path, optional
        The file of history.
    address : ServerAddress, optional
        The server.
    required : bool
        Whether the file has to be there; the default one comes with the first monitor.
    """

    def __init__(self, path: Path | None, address: ServerAddress | None, *, required: bool) -> None:
        self.path = path
        self.address = address
        self._required = required

    def read(self) -> ListResult:
        """Return the models: those of the server first, then those of the history."""
        entries: list[ModelEntry] = []
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
        return ListResult(entries, problems)


def _not_among(served: list[ModelEntry], stored: list[ModelEntry]) -> list[ModelEntry]:
    """Return `stored` without the models that are live on the server, which are listed already."""
    listed = Counter((one.monitor, one.model_id) for one in served if one.live)
    rest = []
    for one in stored:
        key = (one.monitor, one.model_id)
        if one.live and listed[key] > 0:
            listed[key] -= 1
        else:
            rest.append(one)
    return rest
