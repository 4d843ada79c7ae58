"""Derives a readable name of a process from its command line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ipyvitals.utils.storable import without_surrogates

__all__ = ["program_name"]

INTERPRETER = re.compile(r"(python|pypy)[\d.]*w?(\.exe)?", re.IGNORECASE)
LONGEST = 60


def program_name(name: str, command: Sequence[str]) -> str:
    """Return the name of a program; of an interpreter, that of the module or script it runs.

    Nothing else of the command line is shown, since it may hold passwords.

    Parameters
    ----------
    name : str
        The name that the system knows.
    command : sequence of str
        Its command line.

    Examples
    --------
    >>> program_name("python3", ["/usr/bin/python3", "-m", "ipykernel_launcher", "-f", "x.json"])
    'ipykernel_launcher'
    >>> program_name("python3.12", ["python3.12", "-u", "/home/me/train.py", "--key", "s3cret"])
    'train.py'
    """
    if INTERPRETER.fullmatch(name):
        name = _script(command) or name
    # Linux allows any bytes in a name.
    return without_surrogates(name[:LONGEST])


def _script(command: Sequence[str]) -> str | None:
    words = iter(command[1:])
    for word in words:
        if word == "-m":
            return next(words, None)
        if word == "-c":
            # How `multiprocessing` starts a worker that shall inherit nothing.
            return "multiprocessing" if "--multiprocessing-fork" in command else None
        if word in ("-X", "-W"):
            next(words, None)
        elif not word.startswith("-"):
            return re.split(r"[/\\]", word)[-1]
    return None
