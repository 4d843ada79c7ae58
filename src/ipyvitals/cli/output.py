"""Write the list: as JSON, as plain text, or as a table that is redrawn in place."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from ipyvitals.cli.sources import ListResult, SourceReader
from ipyvitals.cli.tables import NOTHING, plain_table, printable, rich_table
from ipyvitals.render.plain import encodable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

__all__ = ["OutputWriter", "output_for"]

HINT = (
    "ipyvitals: plain text, for rich is not installed here; for a table in colour: "
    'pip install "ipyvitals[cli]"'
)
CLEAR = "\x1b[H\x1b[2J"


class OutputWriter(Protocol):
    """Writes a list to the terminal, or to a file."""

    def show(self, found: ListResult, now: float) -> None:
        """Write the list as of `now`, in Unix seconds."""
        ...


@contextmanager
def output_for(sources: SourceReader, *, json: bool, watch: bool) -> Iterator[OutputWriter]:
    """Return the writer for the terminal, or the file, that standard output is."""
    terminal = sys.stdout.isatty()
    # A terminal without control codes can neither be cleared nor show colours.
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    if json:
        yield _JsonWriter(sources)
    elif dumb:
        yield _PlainWriter(sources, clear=False)
    elif terminal and find_spec("rich") is not None and _writes_unicode():
        with _rich(sources, watch=watch) as output:
            yield output
    else:
        if terminal and find_spec("rich") is None:
            print(HINT, file=sys.stderr)
        yield _PlainWriter(sources, clear=terminal and watch)


class _JsonWriter:
    """Writes one JSON document a line."""

    def __init__(self, sources: SourceReader) -> None:
        self._sources = sources

    def show(self, found: ListResult, now: float) -> None:
        path, address = self._sources.path, self._sources.address
        document: dict[str, Any] = {
            "at": now,
            "store": None if path is None else str(path),
            "server": None if address is None else address.url,
            "problems": found.problems,
            "monitors": msgspec.to_builtins(found.entries),
        }
        print(json_module.dumps(document), flush=True)


class _PlainWriter:
    """Writes aligned columns of plain text."""

    def __init__(self, sources: SourceReader, *, clear: bool) -> None:
        self._sources = sources
        self._clear = clear

    def show(self, found: ListResult, now: float) -> None:
        _print_problems(found)
        table = plain_table(found.entries, now) or _nothing(self._sources)
        print(f"{CLEAR if self._clear else ''}{_written(table)}", flush=True)


class _RichWriter:
    """Writes a table in colour: once below what is there, or again and again in `live`."""

    def __init__(self, sources: SourceReader, console: Console, live: Live | None = None) -> None:
        self._sources = sources
        self._console = console
        self._live = live

    def show(self, found: ListResult, now: float) -> None:
        from rich.console import Group
        from rich.text import Text

        table: Any = Text(_nothing(self._sources))
        if found.entries:
            table = rich_table(found.entries, now, self._console.width)
        if self._live is None:
            _print_problems(found)
            self._console.print(table)
        else:
            problems = [Text(printable(one), style="red") for one in found.problems]
            self._live.update(Group(table, *problems), refresh=True)


@contextmanager
def _rich(sources: SourceReader, *, watch: bool) -> Iterator[OutputWriter]:
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    if not watch:
        yield _RichWriter(sources, console)
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        yield _RichWriter(sources, console, live)


def _writes_unicode() -> bool:
    """Return whether standard output can write every character of a name."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _written(text: str) -> str:
    return encodable(text, sys.stdout.encoding)


def _print_problems(found: ListResult) -> None:
    for problem in found.problems:
        text = f"ipyvitals: {printable(problem)}"
        print(encodable(text, sys.stderr.encoding), file=sys.stderr)


def _nothing(sources: SourceReader) -> str:
    path = sources.path
    return NOTHING if path is None or path.exists() else f"{NOTHING} {path} does not exist yet."
