"""A real kernel, to run a function in, and the messages that it sends meanwhile."""

from __future__ import annotations

import json
import os
import tempfile
from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from benchmarks.fresh import ROOT

CALL = """
import json
from {module} import {name}
_answer = json.dumps({name}(**json.loads({arguments!r})))
"""
START_SECONDS = 60.0
CALL_SECONDS = 300.0


class Kernel:
    """What a client knows of one kernel."""

    def __init__(self, client: BlockingKernelClient, pid: int) -> None:
        self._client = client
        self.pid = pid
        self.heard: list[dict[str, Any]] = []
        """All messages on IOPub so far, oldest first."""

    def call(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Run a function of an importable module in a cell; return what it returns, by JSON."""
        code = CALL.format(
            module=function.__module__,
            name=function.__name__,
            arguments=json.dumps(arguments),
        )
        reply = self._client.execute_interactive(
            code,
            output_hook=self.heard.append,
            user_expressions={"answer": "_answer"},
            timeout=CALL_SECONDS,
        )["content"]
        if reply["status"] != "ok":
            raise RuntimeError("\n".join(reply["traceback"]))
        return json.loads(literal_eval(reply["user_expressions"]["answer"]["data"]["text/plain"]))

    def listen(self, seconds: float) -> list[dict[str, Any]]:
        """Return the messages that come in the next seconds."""
        until, found = monotonic() + seconds, []
        while (left := until - monotonic()) > 0:
            try:
                found.append(self._client.get_iopub_msg(timeout=left))
            except Empty:
                break
        self.heard += found
        return found


def private_environment(folder: Path) -> dict[str, str]:
    """Return an environment in which Jupyter reads and writes nothing of the user's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "IPYTHON", "JPY_"))
    }
    own = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    for name, part in own.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        kept[name] = str(folder / part)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


@contextmanager
def kernel() -> Iterator[Kernel]:
    """Start a kernel of this Python; it ends with the block, or with this process."""
    with tempfile.TemporaryDirectory(prefix="ipyvitals-bench-") as folder:
        manager = KernelManager(
            kernel_name="python3", connection_file=str(Path(folder, "kernel.json"))
        )
        manager.start_kernel(
            cwd=str(ROOT),
            env=private_environment(Path(folder)),
            extra_arguments=["--log-level=ERROR"],
        )
        client = manager.blocking_client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=START_SECONDS)
            yield Kernel(client, manager.provisioner.pid)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
