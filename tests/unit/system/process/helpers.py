"""Children that live until they are told to end."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

UNTIL_EOF = "import sys; print('up', flush=True); sys.stdin.read()"


@contextmanager
def running_child(code="", *arguments):
    """Give a Python child that ran some code, and runs until its input is closed."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", f"{code}\n{UNTIL_EOF}", *arguments]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as child:
        assert child.stdout.readline().strip() == b"up"
        yield child
        assert child.poll() is None, "the child ended by itself"
