"""A real Jupyter server of its own: private folders, a free port, kernels of this very Python."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 20.0
ORPHAN_SECONDS = 300
"""A server whose tests were killed ends by itself after so long without a kernel at work."""


class LabServer:
    """A running server, and the folder that it serves."""

    def __init__(self, port: int, token: str, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.token = token
        self.root = folder / "notebooks"
        self.settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
        self.history = folder / "data" / "ipyvitals"

    def ask(self, path: str, method: str = "GET") -> object:
        """Return the answer of the server's API."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def reset(self) -> None:
        """Leave nothing of one test to the next: no kernels, no history, no theme."""
        self.shut_down_kernels()
        shutil.rmtree(self.history, ignore_errors=True)
        (self.settings / "themes.jupyterlab-settings").unlink(missing_ok=True)

    def shut_down_kernels(self) -> None:
        """End the kernels, each with its notebook's session."""
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", "DELETE")


@contextmanager
def lab_server(folder: Path, **variables: str) -> Iterator[LabServer]:
    """Start a server whose files all lie in `folder`; stop it in the end, whatever happens.

    `variables` are of its environment.
    """
    server = LabServer(free_port(), secrets.token_hex(16), folder)
    server.root.mkdir(parents=True)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(server),
            cwd=server.root,
            env=environment(server, folder) | variables,
            stdout=output,
            stderr=output,
        )
        try:
            wait_until_it_answers(server, process, log)
            yield server
        finally:
            stop(server, process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(server: LabServer) -> list[str]:
    settings = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": server.url.rsplit(":", 1)[1],
        "ServerApp.port_retries": "0",
        "ServerApp.root_dir": str(server.root),
        "ServerApp.open_browser": "False",
        "ServerApp.allow_root": "True",
        "ServerApp.shutdown_no_activity_timeout": str(ORPHAN_SECONDS),
        "MappingKernelManager.cull_idle_timeout": str(ORPHAN_SECONDS),
        "IdentityProvider.token": server.token,
        # Neither news nor updates nor a list of extensions: nothing is asked of other machines.
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "LabApp.expose_app_in_browser": "True",
        "JupyterNotebookApp.expose_app_in_browser": "True",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-m", "jupyterlab", *options]


def environment(server: LabServer, folder: Path) -> dict[str, str]:
    private = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    for place in private.values():
        (folder / place).mkdir()
    server.settings.mkdir(parents=True)
    (server.settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"checkForUpdates": False, "fetchNews": "false"}), encoding="utf-8"
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")}
    return inherited | {name: str(folder / place) for name, place in private.items()}


def wait_until_it_answers(server: LabServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.ask("status")
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace")[-4000:]
    raise RuntimeError(f"the Jupyter server did not start:\n{tail}")


def stop(server: LabServer, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        try:
            server.ask("shutdown", "POST")
            process.wait(STOP_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
