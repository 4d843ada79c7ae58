"""A Jupyter server of its own, with kernels that exist on its wires alone."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import zmq
from jupyter_client.session import Session

from benchmarks.fake_kernels import VARIABLE
from benchmarks.kernel import private_environment

START_SECONDS = 60.0
PORTS = ("shell", "stdin", "hb", "control")


class SyntheticKernel:
    """The broadcasting end of a kernel."""

    def __init__(self) -> None:
        self.id = str(uuid.uuid4())
        key = secrets.token_hex(16).encode()
        self._session = Session(key=key)
        self._socket = zmq.Context.instance().socket(zmq.PUB)
        self.connection = {
            "transport": "tcp",
            "ip": "127.0.0.1",
            "key": key.decode(),
            "signature_scheme": "hmac-sha256",
            "iopub_port": self._socket.bind_to_random_port("tcp://127.0.0.1"),
            # Nobody is there: the server's questions wait until they are given up.
            **{f"{name}_port": 1 for name in PORTS},
        }

    def send(self, update: dict[str, Any]) -> None:
        content = {"comm_id": "ipyvitals", "data": update}
        self._session.send(self._socket, "comm_msg", content, ident=b"comm-ipyvitals")

    def close(self) -> None:
        self._socket.close(linger=0)


class JupyterServer:
    """A running server."""

    def __init__(self, url: str, token: str, pid: int) -> None:
        self.url = url
        self.headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        self._process = psutil.Process(pid)

    def cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def resident_bytes(self) -> int:
        return int(self._process.memory_info().rss)


@contextmanager
def jupyter_server(kernels: list[SyntheticKernel], *extensions: str) -> Iterator[JupyterServer]:
    """Start a server that has these kernels, and these extensions beside ours."""
    enabled = dict.fromkeys(["ipyvitals", "benchmarks.fake_kernels", *extensions], True)
    with tempfile.TemporaryDirectory(prefix="ipyvitals-bench-") as name:
        folder = Path(name)
        token = secrets.token_hex(16)
        environment = private_environment(folder)
        listed = [[kernel.id, kernel.connection] for kernel in kernels]
        options = [
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port=0",
            "--ServerApp.open_browser=False",
            "--ServerApp.shutdown_no_activity_timeout=600",
            f"--ServerApp.jpserver_extensions={enabled}",
            f"--ServerApp.root_dir={folder}",
            f"--ServerApp.allow_root={os.name == 'posix' and os.geteuid() == 0}",
        ]
        with (folder / "log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server", *options],
                env={**environment, "JUPYTER_TOKEN": token, VARIABLE: json.dumps(listed)},
                stdout=log,
                stderr=log,
            )
            try:
                url = wait_for_url(process, folder / "runtime", folder / "log")
                yield JupyterServer(url, token, process.pid)
            finally:
                stop(process)


def wait_for_url(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Return a server's URL, which it writes into its runtime folder, once it answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            url: str = json.loads(file.read_text(encoding="utf-8"))["url"]
            if answers(url):
                return url
        time.sleep(0.1)
    raise RuntimeError(f"Jupyter did not start:\n{log.read_text(encoding='utf-8')}")


def answers(url: str) -> bool:
    """Return whether anybody listens there: the URL is written a moment before."""
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), timeout=1).close()
    except OSError:
        return False
    return True


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server in order, which ends its kernels too."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
