"""Implement ``python -m ipyvitals``: parse the options, then list once or repeatedly."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ipyvitals._version import __version__
from ipyvitals.cli.output import output_for
from ipyvitals.cli.served import ServerError, address_of
from ipyvitals.cli.sources import SourceReader
from ipyvitals.storage.paths import default_path

__all__ = ["main"]

DONE, FAILED = 0, 1
WATCH_SECONDS, SHORTEST_SECONDS = 2.0, 0.2
DESCRIPTION = (
    "List the monitors of the history, and with --server also those that are live on a Jupyter "
    "server."
)
CODES = "exit codes: 0 listed; 1 something could not be read, and the rest is listed; 2 wrong usage"


def main(arguments: Sequence[str] | None = None) -> int:
    """List monitors, once or until interrupted; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        address = address_of(options.server, _token(options)) if options.server else None
    except ServerError as error:
        parser.error(str(error))
    # Ends like Ctrl-C does, so that the terminal is left as it was.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _on_terminate)
    sources = SourceReader(_path(options.store), address, required=options.store is not None)
    try:
        with output_for(sources, json=options.json, watch=options.watch is not None) as output:
            while True:
                found = sources.read()
                output.show(found, time.time())
                if options.watch is None:
                    return FAILED if found.problems else DONE
                time.sleep(options.watch)
    except KeyboardInterrupt:
        return DONE
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does once it has its lines.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _on_terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ipyvitals", description=DESCRIPTION, epilog=CODES
    )
    parser.add_argument(
        "--store",
        metavar="PATH",
        help="the file of history, or 'none'; by default that of IPYVITALS_STORE, else the one in "
        "Jupyter's data folder",
    )
    parser.add_argument(
        "--server", metavar="URL", help="a Jupyter server; the address of any of its pages will do"
    )
    parser.add_argument(
        "--token",
        metavar="TOKEN",
        help="of the server; by default that in the address, else JUPYTER_TOKEN, which other users "
        "of this machine cannot see",
    )
    parser.add_argument("--json", action="store_true", help="JSON, one document a line")
    parser.add_argument(
        "--watch",
        nargs="?",
        type=_seconds,
        const=WATCH_SECONDS,
        metavar="SECONDS",
        help=f"list again and again, every {WATCH_SECONDS:g} s by default, until Ctrl-C",
    )
    parser.add_argument("--version", action="version", version=f"ipyvitals {__version__}")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not SHORTEST_SECONDS <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected {SHORTEST_SECONDS:g} or more, got {text}")
    return seconds


def _token(options: argparse.Namespace) -> str | None:
    if options.token:
        return str(options.token)
    # A token in the address takes precedence over that of the environment.
    return None if "token=" in options.server else os.environ.get("JUPYTER_TOKEN") or None


def _path(option: str | None) -> Path | None:
    if option is None:
        return default_path()
    return None if option.lower() == "none" else Path(option).expanduser()
