"""How the list comes out: JSON, plain text, or a table that stays in its place."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Protocol

from ipyvitals.cli.sources import Found, Sources
from ipyvitals.cli.tables import NOTHING, plain_table, printable, rich_table

__all__ = ["Output", "output_for"]

HINT = (
    "ipyvitals: plain text, for rich is not installed here; for a table in colour: "
    'pip install "ipyvitals[cli]"'
)
CLEAR = "\x1b[H\x1b[2J"


class Output(Protocol):
    """Where the list goes."""

    def show(self, found: Found, now: float) -> None:
        """Show what is there now, given in Unix seconds."""
        ...


@contextmanager
def output_for(sources: Sources, *, json: bool, watch: bool) -> Iterator[Output]:
    """Return what suits the terminal, or the file, that the list goes to."""
    terminal = sys.stdout.isatty()
    if json:
        yield _Json(sources)
    elif terminal and find_spec("rich") is not None:
        with _rich(sources, watch=watch) as output:
            yield output
    else:
        if terminal:
            print(HINT, file=sys.stderr)
        yield _Plain(sources, clear=terminal and watch)


class _Json:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def show(self, found: Found, now: float) -> None:
        path, address = self._sources.path, self._sources.address
        document: dict[str, Any] = {
            "at": now,
            "store": None if path is None else str(path),
            "server": None if address is None else address.url,
            "problems": found.problems,
            "monitors": [one.to_dict() for one in found.entries],
        }
        print(json_module.dumps(document), flush=True)


class _Plain:
    def __init__(self, sources: Sources, *, clear: bool) -> None:
        self._sources = sources
        self._clear = clear

    def show(self, found: Found, now: float) -> None:
        _tell(found)
        table = plain_table(found.entries, now) or _nothing(self._sources)
        print(f"{CLEAR if self._clear else ''}{table}", flush=True)


@contextmanager
def _rich(sources: Sources, *, watch: bool) -> Iterator[Output]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)

    def drawn(found: Found, now: float) -> Any:
        if not found.entries:
            return Text(_nothing(sources))
        return rich_table(found.entries, now, console.width)

    class Once:
        def show(self, found: Found, now: float) -> None:
            _tell(found)
            console.print(drawn(found, now))

    if not watch:
        yield Once()
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:

        class Watched:
            def show(self, found: Found, now: float) -> None:
                problems = [Text(printable(one), style="red") for one in found.problems]
                live.update(Group(drawn(found, now), *problems), refresh=True)

        yield Watched()


def _tell(found: Found) -> None:
    for problem in found.problems:
        print(f"ipyvitals: {printable(problem)}", file=sys.stderr)


def _nothing(sources: Sources) -> str:
    path = sources.path
    return NOTHING if path is None or path.exists() else f"{NOTHING} {path} does not exist yet."
